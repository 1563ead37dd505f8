//! Which fields of two messages differ, and what each difference is worth.

use crate::model::{Both, Class, Message};
use nrpcsniff_dissectors::cookie::{is_single_server, is_token};
use nrpcsniff_dissectors::{Fields, Reading, Role, Roles, Value, role_of};

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldDifference {
    /// Name of the field, with what it is nested in before it; entries of lists by their names (`cookies[LtpaToken].token.class`).
    pub field: String,
    /// That name without names of entries, as [`role_of`] takes it.
    pub path: String,
    /// Values of the field.
    pub values: Both<Option<Value>>,
    /// How much a field of that name decides.
    pub role: Role,
}

/// Fields that differ. Credentials are compared by what a masked report shows of them.
pub(crate) fn differences(good: &Message, bad: &Message) -> Vec<FieldDifference> {
    let fields = |message: &Message| message.body.fields(&Reading::masked(message.at.time.nanos()));
    let roles = bad.body.protocol().roles;
    let (good, bad) = (fields(good), fields(bad));
    let mut walk = FieldWalk { roles, found: Vec::new() };
    walk.maps(Some(&good), Some(&bad), &FieldPath::default());
    if is_incomplete(&good) || is_incomplete(&bad) {
        walk.found.retain(|d| d.values.good.is_some() && d.values.bad.is_some());
    }
    walk.found
}

/// The capture does not hold all of it: what is not there may have been sent.
fn is_incomplete(fields: &Fields) -> bool {
    get(Some(fields), "incomplete").is_some()
}

/// The class of a difference before it is known what happened next.
pub(crate) const fn class(role: Role) -> Class {
    match role {
        Role::Deciding | Role::Telling => Class::WorthALook,
        Role::Noise => Class::Noise,
    }
}

/// The place of a value in a message.
#[derive(Default, Clone)]
struct FieldPath {
    field: String,
    path: String,
    /// In a cookie that has nothing to do with sign-on.
    is_aside: bool,
}

impl FieldPath {
    fn inside(&self, name: &str) -> Self {
        let join = |outer: &str| if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
        Self { field: join(&self.field), path: join(&self.path), is_aside: self.is_aside }
    }

    fn entry(&self, label: &str, value: &Value) -> Self {
        let is_aside = self.is_aside || is_other_cookie(&self.path, label, value);
        Self { field: format!("{}[{label}]", self.field), path: self.path.clone(), is_aside }
    }
}

struct FieldWalk {
    roles: Roles,
    found: Vec<FieldDifference>,
}

impl FieldWalk {
    fn maps(&mut self, good: Option<&Fields>, bad: Option<&Fields>, place: &FieldPath) {
        let names = good.into_iter().chain(bad).flatten().map(|(name, _)| *name);
        let mut seen: Vec<&str> = Vec::new();
        for name in names {
            if !seen.contains(&name) {
                seen.push(name);
                self.values(get(good, name), get(bad, name), &place.inside(name));
            }
        }
    }

    fn values(&mut self, good: Option<&Value>, bad: Option<&Value>, place: &FieldPath) {
        match (good, bad) {
            (Some(Value::Map(good)), Some(Value::Map(bad))) if number(good).is_none() => {
                self.maps(Some(good), Some(bad), place);
            }
            (Some(Value::List(good)), bad) if is_named(good) && bad.is_none_or(|bad| matches!(bad, Value::List(_))) => {
                self.lists(good, list(bad), place);
            }
            (good, Some(Value::List(bad)))
                if is_named(bad) && good.is_none_or(|good| matches!(good, Value::List(_))) =>
            {
                self.lists(list(good), bad, place);
            }
            (good, bad) => self.leaf(good, bad, place),
        }
    }

    /// Entries are told by their names, those of the same name by their order.
    fn lists(&mut self, good: &[Value], bad: &[Value], place: &FieldPath) {
        let (good, bad) = (labelled(good), labelled(bad));
        for (label, value) in &good {
            let other = bad.iter().find(|(other, _)| other == label).map(|(_, value)| *value);
            self.values(Some(value), other, &place.entry(label, value));
        }
        for (label, value) in bad.iter().filter(|(label, _)| good.iter().all(|(other, _)| other != label)) {
            self.values(None, Some(value), &place.entry(label, value));
        }
    }

    fn leaf(&mut self, good: Option<&Value>, bad: Option<&Value>, place: &FieldPath) {
        let values = Both { good: good.and_then(shown), bad: bad.and_then(shown) };
        if values.good == values.bad {
            return;
        }
        let role = match role_of(self.roles, &place.path) {
            Role::Deciding if place.is_aside => Role::Telling,
            role => role,
        };
        self.found.push(FieldDifference { field: place.field.clone(), path: place.path.clone(), values, role });
    }
}

fn get<'v>(fields: Option<&'v Fields>, name: &str) -> Option<&'v Value> {
    let value = fields?.iter().find(|(other, _)| *other == name).map(|(_, value)| value)?;
    let is_empty = matches!(value, Value::Null) || matches!(value, Value::List(list) if list.is_empty());
    (!is_empty).then_some(value)
}

fn list(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::List(list)) => list,
        _ => &[],
    }
}

/// A list of things that have fields.
fn is_named(list: &[Value]) -> bool {
    list.iter().all(|value| matches!(value, Value::Map(_)))
}

/// Fields by which entries of a list are told apart.
const LABELS: [&str; 5] = ["name", "type", "scheme", "kind", "class"];

fn labelled(list: &[Value]) -> Vec<(String, &Value)> {
    let mut found: Vec<(String, &Value)> = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let fields = if let Value::Map(fields) = value { Some(fields) } else { None };
        // A record of DNS is told by its type: its name is that of the question.
        let labels = if get(fields, "ttl").is_some() { &LABELS[1..] } else { &LABELS[..] };
        let label = labels.iter().find_map(|label| text(get(fields, label)?));
        let label = label.unwrap_or_else(|| (index + 1).to_string());
        let same = found.iter().filter(|(other, _)| other.split('#').next() == Some(&label)).count();
        let label = if same == 0 { label } else { format!("{label}#{}", same + 1) };
        found.push((label, value));
    }
    found
}

/// What a report shows of a value: a code with its name, a thing by its class or name.
fn shown(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Map(fields) => {
            let token = get(Some(fields), "token").and_then(shown);
            let by = ["class", "name", "number"].iter().find_map(|name| get(Some(fields), name)).and_then(text);
            let what = token.as_ref().and_then(text).or_else(|| number(fields)).or(by);
            Some(Value::Text(what.unwrap_or_else(|| "present".to_owned())))
        }
        Value::List(list) => {
            let texts: Vec<_> = list.iter().filter_map(shown).filter_map(|value| text(&value)).collect();
            (!texts.is_empty()).then(|| Value::Text(texts.join(", ")))
        }
        // A dialogue's own tag stands behind an address (RFC 3261 section 19.3).
        Value::Text(text) => Some(Value::Text(text.split(";tag=").next().unwrap_or_default().to_owned())),
        other => Some(other.clone()),
    }
}

/// A code with its name, as in `TOKEN_INVALID (0x80000015)`.
fn number(fields: &Fields) -> Option<String> {
    let Value::Int(number) = get(Some(fields), "number")? else { return None };
    let number =
        if *number > 0xFFFF { format!("{number:#010X}").replace("0X", "0x") } else { format!("{number:#06x}") };
    Some(match get(Some(fields), "name").and_then(text) {
        Some(name) => format!("{name} ({number})"),
        None => number,
    })
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// A cookie that does not decide over sign-on.
fn is_other_cookie(path: &str, label: &str, value: &Value) -> bool {
    let Value::Map(fields) = value else { return false };
    let has_token = get(Some(fields), "token").is_some();
    path.ends_with("cookies") && !has_token && !is_token(label, None) && !is_single_server(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(roles: Roles, good: &Fields, bad: &Fields) -> Vec<(String, Option<Value>, Option<Value>, Role)> {
        let mut walk = FieldWalk { roles, found: Vec::new() };
        walk.maps(Some(good), Some(bad), &FieldPath::default());
        walk.found.into_iter().map(|d| (d.field, d.values.good, d.values.bad, d.role)).collect()
    }

    fn cookie(name: &str, token: Option<&str>, length: i64) -> Value {
        let token = token.map(|class| Value::Map(vec![("class", class.into()), ("length", 7_u32.into())]));
        Value::Map(vec![("name", name.into()), ("length", Value::Int(length)), ("token", token.into())])
    }

    #[test]
    fn what_is_equal_or_absent_in_both_is_no_difference() {
        let fields = || vec![("a", Value::Null), ("b", Value::List(vec![])), ("c", "x".into())];
        assert_eq!(walked(&[], &fields(), &fields()), []);
        assert_eq!(walked(&[], &vec![("a", Value::Null)], &vec![("b", Value::List(vec![]))]), []);
        let found = walked(&[("c", Role::Noise)], &vec![("c", "x".into())], &vec![]);
        assert_eq!(found, [("c".to_owned(), Some("x".into()), None, Role::Noise)]);
    }

    #[test]
    fn entries_are_told_by_name_and_a_missing_one_is_one_difference() {
        let roles: Roles = &[("cookies", Role::Deciding), ("cookies.length", Role::Noise)];
        let good =
            vec![("cookies", Value::List(vec![cookie("JSESSIONID", None, 3), cookie("LtpaToken", Some("domino"), 9)]))];
        let bad = vec![("cookies", Value::List(vec![cookie("JSESSIONID", None, 4)]))];
        let found = walked(roles, &good, &bad);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].0.as_str(), found[0].3), ("cookies[JSESSIONID].length", Role::Noise));
        assert_eq!(found[1], ("cookies[LtpaToken]".to_owned(), Some("domino".into()), None, Role::Deciding));
        let junk = vec![("cookies", Value::List(vec![cookie("LtpaToken", Some("undefined"), 9)]))];
        let found = walked(roles, &good, &junk);
        assert_eq!(found[0].0, "cookies[JSESSIONID]");
        assert_eq!(found[0].3, Role::Telling, "it has nothing to do with sign-on");
        assert_eq!((found[1].0.as_str(), found[1].3), ("cookies[LtpaToken].token.class", Role::Deciding));
    }

    #[test]
    fn a_list_against_nothing_is_taken_apart_too() {
        let bad = vec![("cookies", Value::List(vec![cookie("LtpaToken", None, 9), cookie("LtpaToken", None, 9)]))];
        let fields: Vec<_> = walked(&[], &vec![], &bad).into_iter().map(|d| d.0).collect();
        assert_eq!(fields, ["cookies[LtpaToken]", "cookies[LtpaToken#2]"]);
    }

    #[test]
    fn codes_are_shown_with_their_names() {
        let code = |number: i64, name: Value| Value::Map(vec![("number", Value::Int(number)), ("name", name)]);
        let found = walked(
            &[],
            &vec![("reason", code(0, Value::Null))],
            &vec![("reason", code(0x8000_0015, "TOKEN_INVALID".into()))],
        );
        assert_eq!(found[0].1, Some("0x0000".into()));
        assert_eq!(found[0].2, Some("TOKEN_INVALID (0x80000015)".into()));
    }

    #[test]
    fn a_tag_is_no_part_of_an_address() {
        let from = |tag: &str| vec![("from", Value::Text(format!("<sip:ann@example.com>;tag={tag}")))];
        assert_eq!(walked(&[], &from("1"), &from("2")), []);
    }
}
