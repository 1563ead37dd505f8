//! What a finding says, as values.

use serde::Serialize;
use serde_json::{Map, Value};

/// Named values of a finding, in the order in which its rule lists them. The sentences of the finding are made of nothing else.
///
/// A name has one type wherever it stands: strings (endpoints as `10.1.0.9:1352`, times as RFC 3339), numbers (spans of time in
/// seconds, their names ending in `_s`), booleans, and lists of those. What was not known is not there. The value of a token,
/// a cookie or a password never is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Facts(Map<String, Value>);

impl Facts {
    /// The fields of a struct; those that are null are left out. Nothing, if it is no struct.
    pub fn of(values: &impl Serialize) -> Self {
        match serde_json::to_value(values) {
            Ok(Value::Object(fields)) => Self(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
            _ => Self::default(),
        }
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The text of that name; nothing, if it is no text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Those that are not unknown: in lists, too.
    pub(crate) fn without(&self, is_unknown: fn(&str) -> bool) -> Self {
        let known = self.0.iter().filter_map(|(name, value)| Some((name.clone(), known(value, is_unknown)?)));
        Self(known.collect())
    }

    /// Every name with its value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn known(value: &Value, is_unknown: fn(&str) -> bool) -> Option<Value> {
    match value {
        Value::String(text) => (!is_unknown(text)).then(|| value.clone()),
        Value::Array(all) => {
            let all: Vec<Value> = all.iter().filter_map(|value| known(value, is_unknown)).collect();
            (!all.is_empty()).then_some(Value::Array(all))
        }
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Example {
        server: &'static str,
        user: Option<&'static str>,
        count: u32,
    }

    #[test]
    fn values_keep_their_order_and_what_is_unknown_is_left_out() {
        let facts = Facts::of(&Example { server: "10.1.0.9:1352", user: None, count: 2 });
        assert_eq!(facts.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["server", "count"]);
        assert_eq!((facts.text("server"), facts.text("count"), facts.get("user")), (Some("10.1.0.9:1352"), None, None));
        assert!(Facts::of(&"no struct").is_empty());
    }
}
