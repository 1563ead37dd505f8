//! Makes an expectation of what was found.
//!
//! A new file lists what a story consists of: how the verdict is meant, findings with their severity, conversations, packets and
//! how many they hit, and how each conversation opened and ended. A file that is there keeps its choice: the same keys, with new
//! values. Where all of its entries list what a new file would list, nobody chose, and it gets what a new file would get. `absent`,
//! `surplus` and `options` stay.

use super::comparison;
use super::diff::{damage, surplus};
use super::expectation::{Expectation, is_no_claim};
use super::matching::{self, elements, is_of_objects};
use super::values::items;
use nrpcsniff_dissectors::{Dialogues, Protocol, Success};
use serde_json::{Map, Value};

const FINDING: [&str; 7] = ["rule", "severity", "confidence", "conversations", "packets", "also", GROUP];
/// Files of version 0.1 did not list it.
const GROUP: &str = "group";
const OF_GROUP: [&str; 2] = ["count", "clients"];
const VERDICT: &str = "verdict";
const OF_VERDICT: [&str; 1] = ["kind"];
const CONVERSATION: [&str; 9] =
    ["id", "protocol", "setup", "how", "by", "after_message", "wanted_server", "server_name", "statuses"];
/// These are listed too, unless no message of the protocol grants anything: NRPC has its statuses.
const ANSWERS: &str = "answers";
const INPUT: [&str; 3] = ["path", "complete", "problem"];

/// The expectation that describes this report, in place of `old`.
pub(super) fn blessed(old: Option<&Expectation>, document: &Value) -> Expectation {
    let mut listed = Map::new();
    match old {
        None => {
            listed.insert(VERDICT.to_owned(), verdict(document));
            listed.insert("findings".to_owned(), items(document, "findings").iter().map(finding).collect());
            listed.insert("conversations".to_owned(), conversations(document));
        }
        Some(old) => {
            let adds_verdict = nobody_chose(old) && old.listed.get(VERDICT).is_none();
            for (key, value) in old.listed.as_object().into_iter().flatten() {
                if adds_verdict && key == "findings" {
                    listed.insert(VERDICT.to_owned(), verdict(document));
                }
                listed.insert(key.clone(), renewed(old, key, value, document));
            }
            if old.claims_nothing() {
                listed.extend(comparison::claims(document));
            }
            if !listed.contains_key("findings") && surplus(old, document).next().is_some() {
                listed.insert("findings".to_owned(), findings(old, document));
            }
        }
    }
    let mut new = Expectation { listed: listed.into() };
    // Damage is expected only where it is listed; and of several files it should be known which they were.
    let inputs = items(document, "inputs");
    if damage(&new, document).is_some() || (old.is_none() && inputs.len() > 1) {
        new.listed["inputs"] = inputs.iter().map(|input| chosen(input, INPUT.iter().copied())).collect();
    }
    new
}

/// What now stands for `value`, which the file lists under `key`.
fn renewed(old: &Expectation, key: &str, value: &Value, document: &Value) -> Value {
    match key {
        key if is_no_claim(key) => value.clone(),
        "findings" => findings(old, document),
        "conversations" if items(&old.listed, key).iter().all(is_ordinary_conversation) => conversations(document),
        _ => document.get(key).map_or(Value::Null, |there| projected(key, value, there)),
    }
}

fn findings(old: &Expectation, document: &Value) -> Value {
    let (listed, there) = (items(&old.listed, "findings"), items(document, "findings"));
    let allowed = |finding: &&Value| !old.absent().any(|rule| finding["rule"] == rule);
    if listed.iter().all(is_ordinary_finding) {
        return there.iter().filter(allowed).map(finding).collect();
    }
    let meant = matching::findings(listed, there);
    let surplus: Vec<_> = surplus(old, document).collect();
    let entry = |(index, finding): (usize, &Value)| {
        let old = meant.iter().position(|at| *at == Some(index)).map(|at| &listed[at]);
        let like = old.or_else(|| listed.first().filter(|_| surplus.contains(&finding)))?;
        Some(projected("", like, finding))
    };
    there.iter().enumerate().filter_map(entry).collect()
}

fn finding(finding: &Value) -> Value {
    let mut entry = chosen(finding, FINDING.iter().copied());
    entry[GROUP] = chosen(&finding[GROUP], OF_GROUP.iter().copied());
    entry
}

fn verdict(document: &Value) -> Value {
    chosen(&document[VERDICT], OF_VERDICT.iter().copied())
}

/// It lists findings and conversations, and of all of them what a new file lists.
fn nobody_chose(old: &Expectation) -> bool {
    let all_ordinary = |key: &str, is_ordinary: fn(&Value) -> bool| {
        old.listed.get(key).is_some() && items(&old.listed, key).iter().all(is_ordinary)
    };
    all_ordinary("findings", is_ordinary_finding) && all_ordinary("conversations", is_ordinary_conversation)
}

fn is_ordinary_finding(entry: &Value) -> bool {
    let of_old = FINDING.iter().copied().filter(|key| *key != GROUP).collect::<Vec<_>>();
    has_keys(entry, &of_old) || (has_keys(entry, &FINDING) && has_keys(&entry[GROUP], &OF_GROUP))
}

/// Conversations of interest: a lookup of a name is no sign-on.
fn conversations(document: &Value) -> Value {
    let is_lookup = |c: &&Value| protocol_of(c).is_some_and(|protocol| protocol.dialogues == Dialogues::Client);
    let of_interest = items(document, "conversations").iter().filter(|c| !is_lookup(c));
    of_interest.map(|c| chosen(c, conversation_keys(c))).collect()
}

fn conversation_keys(conversation: &Value) -> impl Iterator<Item = &'static str> {
    let sign_on = protocol_of(conversation).and_then(|protocol| protocol.sign_on);
    let has_answers = sign_on.is_none_or(|sign_on| sign_on.told_by == Success::Granted);
    CONVERSATION.iter().copied().chain(has_answers.then_some(ANSWERS))
}

fn protocol_of(conversation: &Value) -> Option<&'static Protocol> {
    conversation["protocol"].as_str().and_then(nrpcsniff_dissectors::protocol)
}

fn is_ordinary_conversation(entry: &Value) -> bool {
    has_keys(entry, &conversation_keys(entry).collect::<Vec<_>>())
}

fn has_keys(entry: &Value, keys: &[&str]) -> bool {
    entry.as_object().is_some_and(|entry| entry.len() == keys.len() && keys.iter().all(|key| entry.contains_key(*key)))
}

fn chosen(of: &Value, keys: impl Iterator<Item = &'static str>) -> Value {
    keys.map(|key| (key.to_owned(), of.get(key).cloned().unwrap_or(Value::Null))).collect::<Map<_, _>>().into()
}

/// Values of `there` for everything that is listed.
fn projected(key: &str, listed: &Value, there: &Value) -> Value {
    match (listed, there) {
        (Value::Object(listed), Value::Object(there)) => {
            let entry = |(key, value): (&String, &Value)| Some((key.clone(), projected(key, value, there.get(key)?)));
            listed.iter().filter_map(entry).collect::<Map<_, _>>().into()
        }
        (Value::Array(all), Value::Array(others)) if is_of_objects(all) => {
            let pairs = all.iter().zip(elements(key, all, others));
            pairs.filter_map(|(element, at)| Some(projected("", element, &others[at?]))).collect()
        }
        _ => there.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::diff::deviations;
    use super::super::document::tests::report;
    use super::*;
    use serde_json::json;
    use std::fs;
    use std::path::Path;

    fn document() -> Value {
        let sample = nrpcsniff_samples::stories::find("nrpc-alias").unwrap();
        report(&sample.bytes(), &sample.file_name())
    }

    fn anew(listed: Value, document: &Value) -> Value {
        let new = blessed(Some(&Expectation { listed }), document);
        assert_eq!(deviations(&new, document), [], "{:#}", new.listed);
        new.listed
    }

    #[test]
    fn a_new_file_is_what_the_samples_have() {
        let document = document();
        let new = blessed(None, &document);
        let file = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/nrpc-alias.expected.json"));
        assert_eq!(serde_json::to_string_pretty(&new.listed).unwrap() + "\n", file.unwrap());
        assert_eq!(deviations(&new, &document), []);
    }

    #[test]
    fn a_choice_of_keys_is_kept() {
        let document = document();
        let chosen = json!({
            "options": {"now": "2025-04-22T17:48:19Z"},
            "conversations": [{"id": 2, "teardown": {"how": "rst"}, "messages": [{"n": 2, "type": "x"}, {"n": 9}]}, {"id": 77}],
            "findings": [{"rule": "nrpc-name-mismatch-alias", "severity": "info"}, {"rule": "tcp-loss"}],
            "absent": ["tcp-zero-window"]
        });
        assert_eq!(
            anew(chosen, &document),
            json!({
                "options": {"now": "2025-04-22T17:48:19Z"},
                "conversations": [
                    {"id": 2, "teardown": {"how": "fin"}, "messages": [{"n": 2, "type": "nrpc.session_response"}]}
                ],
                "findings": [{"rule": "nrpc-name-mismatch-alias", "severity": "blocker"}],
                "absent": ["tcp-zero-window"]
            })
        );
    }

    #[test]
    fn a_finding_that_is_new_gets_the_keys_of_the_others() {
        let document = document();
        let new = anew(json!({"findings": [{"rule": "tcp-loss", "score": 3}]}), &document);
        assert_eq!(
            new,
            json!({"findings": [{"rule": "nrpc-name-mismatch-alias", "score": document["findings"][0]["score"]}]})
        );
        let new = anew(json!({"absent": []}), &document);
        assert_eq!(new["findings"], blessed(None, &document).listed["findings"]);
        assert_eq!(anew(json!({"surplus": "never"}), &document), json!({"surplus": "never"}));
    }

    #[test]
    fn where_nobody_chose_everything_is_new() {
        let document = document();
        let new = blessed(None, &document).listed;
        let mut old = new.clone();
        old["conversations"].as_array_mut().unwrap().remove(0);
        old["findings"] = json!([]);
        assert_eq!(anew(old, &document), new);
    }

    /// Verdict and groups were not there yet.
    #[test]
    fn a_file_of_version_0_1_gets_what_a_new_one_gets() {
        let document = document();
        let new = blessed(None, &document).listed;
        let mut old = new.clone();
        old.as_object_mut().unwrap().shift_remove("verdict");
        old["findings"][0].as_object_mut().unwrap().shift_remove("group");
        assert_eq!(deviations(&Expectation { listed: old.clone() }, &document), []);
        assert_eq!(anew(old, &document), new);
        assert_eq!((&new["verdict"]["kind"], &new["findings"][0]["group"]["count"]), (&json!("fault"), &json!(2)));
    }

    #[test]
    fn what_must_be_absent_is_not_blessed() {
        let document = document();
        let old = Expectation { listed: json!({"absent": ["nrpc-name-mismatch-alias"], "findings": []}) };
        let new = blessed(Some(&old), &document);
        assert_eq!(new.listed, old.listed);
        assert_eq!(deviations(&new, &document).len(), 1);
    }

    #[test]
    fn damage_and_several_files_are_listed() {
        let sample = nrpcsniff_samples::stories::find("nrpc-alias").unwrap();
        let mut bytes = sample.bytes();
        bytes.truncate(bytes.len() - 10);
        let cut = report(&bytes, "cut.pcapng");
        let new = anew(json!({"findings": [{"rule": "nrpc-name-mismatch-alias"}]}), &cut);
        assert_eq!(new["inputs"][0]["path"], "cut.pcapng");
        assert_eq!(new["inputs"][0]["complete"], false);
        assert!(new["inputs"][0]["problem"].as_str().unwrap().contains("cut at byte"), "{new}");
        let named = json!({"inputs": [{"path": "cut.pcapng"}], "surplus": "never"});
        assert_eq!(anew(named, &cut)["inputs"], new["inputs"]);
        let known = json!({"inputs": [{"complete": true}], "surplus": "never"});
        assert_eq!(anew(known, &cut)["inputs"], json!([{"complete": false}]));
    }
}
