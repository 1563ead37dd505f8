//! What differs between an expectation and a report, in words.

use super::expectation::{Expectation, is_no_claim};
use super::matching::{self, elements, is_of_objects, same};
use super::values::{items, text};
use serde_json::{Map, Value};

/// Letters of a value that are shown.
const SHOWN: usize = 160;
/// Two lists that are shorter than this, written out, are both shown whole.
const SHORT: usize = 60;

/// A difference between expectation and report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deviation {
    pub(super) kind: DeviationKind,
    /// Where, and what. It may hold text from the wire: escape it where it is printed.
    pub(super) text: String,
}

/// Which side has what the other has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeviationKind {
    /// Listed, and not there.
    Missing,
    /// There, and not listed, or not allowed.
    Surplus,
    /// There, with another value.
    Changed,
}

/// Everything in which the report is not as it is expected.
pub(super) fn deviations(expectation: &Expectation, document: &Value) -> Vec<Deviation> {
    let mut diff = DeviationFinder::default();
    let nothing = Map::new();
    for (key, listed) in expectation.listed.as_object().unwrap_or(&nothing) {
        match (key.as_str(), listed) {
            ("findings", _) => diff.findings(items(&expectation.listed, "findings"), document),
            (key, _) if is_no_claim(key) => {}
            (list, Value::Array(listed)) => diff.elements("", list, listed, items(document, list)),
            (key, listed) => diff.value("", key, listed, document.get(key)),
        }
    }
    diff.absent(expectation, document);
    diff.surplus(expectation, document);
    diff.found
}

/// Findings that count as a deviation because they are not listed; those of rules under `absent` are another matter.
pub(super) fn surplus<'a>(expectation: &'a Expectation, document: &'a Value) -> impl Iterator<Item = &'a Value> {
    let there = items(document, "findings");
    let taken = matching::findings(items(&expectation.listed, "findings"), there);
    let unlisted = there.iter().enumerate().filter(move |(index, _)| !taken.contains(&Some(*index)));
    unlisted.map(|(_, finding)| finding).filter(|finding| {
        expectation.forbids_surplus(&finding["severity"]) && !expectation.absent().any(|rule| finding["rule"] == rule)
    })
}

/// An input that is damaged though the expectation does not list it so: the path, and what is wrong.
pub(super) fn damage<'a>(expectation: &Expectation, found: &'a Value) -> Option<(&'a str, &'a str)> {
    let (listed, there) = (items(&expectation.listed, "inputs"), items(found, "inputs"));
    let meant = elements("inputs", listed, there);
    let is_listed = |index| {
        let entry = meant.iter().position(|at| *at == Some(index)).map(|at| &listed[at]);
        entry.is_some_and(|entry| entry.get("complete").or_else(|| entry.get("problem")).is_some())
    };
    let mut damaged = there.iter().enumerate().filter(|(_, input)| input["complete"] == false);
    let (_, input) = damaged.find(|(index, _)| !is_listed(*index))?;
    Some((text(input, "path"), text(input, "problem")))
}

/// Every finding of a report: what is new where nothing was expected yet.
pub(super) fn new_deviations(document: &Value) -> Vec<Deviation> {
    let text = |finding| format!("finding {} ({})", text(finding, "rule"), described(finding));
    let findings = items(document, "findings").iter();
    findings.map(|finding| Deviation { kind: DeviationKind::Surplus, text: text(finding) }).collect()
}

/// A finding in a line.
fn described(finding: &Value) -> String {
    let conversations: Vec<_> = items(finding, "conversations").iter().map(Value::to_string).collect();
    let about = match conversations.as_slice() {
        [] => String::new(),
        [one] => format!(", conversation {one}"),
        many => format!(", conversations {}", many.join(", ")),
    };
    format!("{}{about}: {}", text(finding, "severity"), clipped(text(finding, "title")))
}

#[derive(Default)]
struct DeviationFinder {
    found: Vec<Deviation>,
}

impl DeviationFinder {
    fn add(&mut self, kind: DeviationKind, text: String) {
        self.found.push(Deviation { kind, text });
    }

    fn findings(&mut self, listed: &[Value], document: &Value) {
        let there = items(document, "findings");
        for (finding, at) in listed.iter().zip(matching::findings(listed, there)) {
            let place = named(finding, listed, there);
            match at {
                Some(at) => self.object(&place, "", finding, &there[at]),
                None => self
                    .add(DeviationKind::Missing, format!("{place}: expected, not found{}", under_also(finding, there))),
            }
        }
    }

    fn absent(&mut self, expectation: &Expectation, document: &Value) {
        let there = items(document, "findings");
        for rule in expectation.absent() {
            for finding in there.iter().filter(|finding| finding["rule"] == rule) {
                self.add(
                    DeviationKind::Surplus,
                    format!("finding {rule}: must be absent, found ({})", described(finding)),
                );
            }
            for finding in there.iter().filter(|finding| items(finding, "also").iter().any(|also| also == rule)) {
                let other = text(finding, "rule");
                self.add(
                    DeviationKind::Surplus,
                    format!("finding {rule}: must be absent, found under \"also\" of {other}"),
                );
            }
        }
    }

    fn surplus(&mut self, expectation: &Expectation, document: &Value) {
        for finding in surplus(expectation, document) {
            let rule = text(finding, "rule");
            self.add(DeviationKind::Surplus, format!("finding {rule}: not expected, found ({})", described(finding)));
        }
    }

    /// The listed elements of the list `key`; `place` is what the list belongs to.
    fn elements(&mut self, place: &str, key: &str, listed: &[Value], there: &[Value]) {
        for (index, (element, at)) in listed.iter().zip(elements(key, listed, there)).enumerate() {
            let name = matching::identity(key).and_then(|name| element.get(name)).map_or_else(
                || format!("{} {}", singular(key), index + 1),
                |id| format!("{} {}", singular(key), shown(id)),
            );
            let place = if place.is_empty() { name } else { format!("{place}, {name}") };
            match at {
                Some(at) => self.object(&place, "", element, &there[at]),
                None => self.add(DeviationKind::Missing, format!("{place}: expected, not found")),
            }
        }
    }

    /// The listed keys of an object; `path` leads to it from `place`.
    fn object(&mut self, place: &str, path: &str, listed: &Value, there: &Value) {
        for (key, value) in listed.as_object().into_iter().flatten() {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.value(place, &path, value, there.get(key));
        }
    }

    fn value(&mut self, place: &str, path: &str, listed: &Value, there: Option<&Value>) {
        match (listed, there) {
            (Value::Object(_), Some(there @ Value::Object(_))) => self.object(place, path, listed, there),
            (Value::Array(all), Some(Value::Array(others))) if is_of_objects(all) => {
                self.elements(place, path, all, others);
            }
            (_, Some(there)) if same(listed, there) => {}
            (_, there) => {
                let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
                self.add(DeviationKind::Changed, format!("{place}{path} {}", change(listed, there)));
            }
        }
    }
}

/// A finding by its rule; if that stands several times, by its conversations too.
fn named(finding: &Value, listed: &[Value], there: &[Value]) -> String {
    let rule = &finding["rule"];
    let count = |list: &[Value]| list.iter().filter(|other| other["rule"] == *rule).count();
    let several = count(listed) > 1 || count(there) > 1;
    match finding.get("conversations").filter(|_| several) {
        Some(conversations) => format!("finding {} (conversations {})", shown(rule), shown(conversations)),
        None => format!("finding {}", shown(rule)),
    }
}

fn under_also(finding: &Value, there: &[Value]) -> String {
    let other = there.iter().find(|other| items(other, "also").contains(&finding["rule"]));
    other.map_or(String::new(), |other| format!(" (but under \"also\" of {})", text(other, "rule")))
}

/// `expected X, found Y`, or what two long lists do not share.
fn change(listed: &Value, there: Option<&Value>) -> String {
    if let (Value::Array(listed), Some(Value::Array(there))) = (listed, there)
        && written(listed).len().max(written(there).len()) > SHORT
    {
        let only = |these: &[Value], those: &[Value]| -> Vec<Value> {
            these.iter().filter(|value| !those.iter().any(|other| same(value, other))).cloned().collect()
        };
        return match (only(listed, there), only(there, listed)) {
            (lost, new) if lost.is_empty() && new.is_empty() => "expected in another order or number".to_owned(),
            (lost, new) if new.is_empty() => format!("lacks {}", clipped(&written(&lost))),
            (lost, new) if lost.is_empty() => format!("has besides {}", clipped(&written(&new))),
            (lost, new) => format!("lacks {}, has instead {}", clipped(&written(&lost)), clipped(&written(&new))),
        };
    }
    let found = there.map_or_else(|| "nothing".to_owned(), shown);
    format!("expected {}, found {found}", shown(listed))
}

/// `conversations` as one of them is called.
fn singular(key: &str) -> &str {
    key.strip_suffix('s').unwrap_or(key)
}

/// A value on one line: plain words as they are, other texts in quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::String(word) if is_word(word) => word.clone(),
        Value::Array(list) => clipped(&written(list)),
        value => clipped(&value.to_string()),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn written(list: &[Value]) -> String {
    let elements: Vec<_> = list.iter().map(Value::to_string).collect();
    format!("[{}]", elements.join(", "))
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn expectation(listed: Value) -> Expectation {
        Expectation { listed }
    }

    fn document() -> Value {
        json!({
            "inputs": [{"path": "a.pcap", "format": "pcap", "complete": true, "problem": null}],
            "totals": {"packets": 9, "undecoded": {}},
            "conversations": [
                {"id": 1, "protocol": "nrpc", "teardown": {"how": "fin", "by": "client"}, "statuses": [],
                 "messages": [{"n": 1, "type": "x", "fields": {"a": 1}}]},
                {"id": 2, "protocol": "sip", "statuses": ["0x0001"]}],
            "findings": [
                {"rule": "nrpc-name-mismatch-alias", "severity": "blocker", "conversations": [1, 2], "title": "Alias",
                 "packets": (1..60).collect::<Vec<_>>(), "also": ["nrpc-early-close"]},
                {"rule": "tcp-loss", "severity": "info", "conversations": [2], "title": "Lost"}]
        })
    }

    /// Sign and text of each difference.
    fn lines(listed: Value) -> Vec<String> {
        let sign = |kind| match kind {
            DeviationKind::Missing => '-',
            DeviationKind::Surplus => '+',
            DeviationKind::Changed => '~',
        };
        deviations(&expectation(listed), &document()).iter().map(|d| format!("{} {}", sign(d.kind), d.text)).collect()
    }

    /// A file that lists the accusation, and these things.
    fn with(mut listed: Value) -> Value {
        let findings = json!([{"rule": "nrpc-name-mismatch-alias"}]);
        listed.as_object_mut().unwrap().entry("findings").or_insert(findings);
        listed
    }

    #[test]
    fn what_is_listed_and_there_is_no_difference() {
        for listed in [
            json!({}),
            json!({"findings": [{"rule": "nrpc-name-mismatch-alias", "severity": "blocker", "conversations": [1, 2]}]}),
            json!({"conversations": [{"id": 2, "statuses": ["0x0001"]}, {"id": 1, "teardown": {"by": "client"}}]}),
            json!({"conversations": [{"id": 1, "messages": [{"n": 1, "fields": {"a": 1}}]}]}),
            json!({"conversations": []}),
            json!({"inputs": [{"complete": true}], "totals": {"packets": 9}}),
            json!({"absent": ["tcp-mtu-blackhole"]}),
        ] {
            assert_eq!(lines(with(listed.clone())), [""; 0], "{listed}");
        }
    }

    #[test]
    fn differences_read_well() {
        for (listed, expected) in [
            (
                json!({"findings": [{"rule": "nrpc-name-mismatch-alias", "severity": "major"}]}),
                "~ finding nrpc-name-mismatch-alias: severity expected major, found blocker",
            ),
            (json!({"conversations": [{"id": 3}]}), "- conversation 3: expected, not found"),
            (
                json!({"conversations": [{"id": 1, "teardown": {"how": "rst"}}]}),
                "~ conversation 1: teardown.how expected rst, found fin",
            ),
            (
                json!({"conversations": [{"id": 1, "messages": [{"n": 1, "fields": {"b": "x y"}}]}]}),
                "~ conversation 1, message 1: fields.b expected \"x y\", found nothing",
            ),
            (
                json!({"conversations": [{"id": 1, "messages": [{"n": 4}]}]}),
                "- conversation 1, message 4: expected, not found",
            ),
            (
                json!({"conversations": [{"id": 2, "statuses": []}]}),
                "~ conversation 2: statuses expected [], found [\"0x0001\"]",
            ),
            (json!({"inputs": [{"complete": false}]}), "~ input 1: complete expected false, found true"),
            (json!({"inputs": [{"path": "b.pcap"}]}), "- input b.pcap: expected, not found"),
            (json!({"totals": {"packets": 8}}), "~ totals.packets expected 8, found 9"),
            (json!({"absent": ["tcp-loss"]}), "+ finding tcp-loss: must be absent, found (info, conversation 2: Lost)"),
            (
                json!({"absent": ["nrpc-early-close"]}),
                "+ finding nrpc-early-close: must be absent, found under \"also\" of nrpc-name-mismatch-alias",
            ),
            (json!({"surplus": "info"}), "+ finding tcp-loss: not expected, found (info, conversation 2: Lost)"),
        ] {
            assert_eq!(lines(with(listed)), [expected]);
        }
    }

    #[test]
    fn findings_that_are_missing_or_too_many_are_told() {
        assert_eq!(
            lines(json!({"findings": [{"rule": "nrpc-early-close"}]})),
            [
                "- finding nrpc-early-close: expected, not found (but under \"also\" of nrpc-name-mismatch-alias)",
                "+ finding nrpc-name-mismatch-alias: not expected, found (blocker, conversations 1, 2: Alias)"
            ]
        );
        assert_eq!(lines(json!({"surplus": "never"})), [""; 0]);
        let twice = json!({"rule": "tcp-loss", "conversations": [9]});
        let listed = with(json!({"findings": [{"rule": "nrpc-name-mismatch-alias"}, {"rule": "tcp-loss"}, twice]}));
        assert_eq!(lines(listed), ["- finding tcp-loss (conversations [9]): expected, not found"]);
    }

    #[test]
    fn all_is_new_where_nothing_was_expected() {
        let texts: Vec<_> = new_deviations(&document()).into_iter().map(|news| news.text).collect();
        assert_eq!(
            texts,
            [
                "finding nrpc-name-mismatch-alias (blocker, conversations 1, 2: Alias)",
                "finding tcp-loss (info, conversation 2: Lost)"
            ]
        );
    }

    #[test]
    fn long_lists_show_what_changed() {
        let packets = |packets: Vec<u32>| {
            lines(json!({"findings": [{"rule": "nrpc-name-mismatch-alias", "packets": packets}]}))[0].clone()
        };
        let place = "~ finding nrpc-name-mismatch-alias: packets";
        assert_eq!(packets((1..62).collect()), format!("{place} lacks [60, 61]"));
        assert_eq!(packets((2..60).collect()), format!("{place} has besides [1]"));
        assert_eq!(packets((2..61).collect()), format!("{place} lacks [60], has instead [1]"));
        assert_eq!(packets((1..60).rev().collect()), format!("{place} expected in another order or number"));
    }

    #[test]
    fn long_values_are_cut_at_a_letter() {
        let text = "ü".repeat(500);
        let line = &lines(with(json!({"conversations": [{"id": 1, "protocol": text}]})))[0];
        assert!(line.contains('…') && line.chars().count() < 250, "{line}");
    }
}
