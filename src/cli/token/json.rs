//! JSON: exports of cookies, recordings of browsers (HAR), answers of interfaces.

use super::pasted::{Finder, held};
use super::{line, scan};
use serde_json::{Map, Value};

/// An object or a list; nothing else that happens to be JSON.
pub(super) fn document(text: &str) -> Option<Value> {
    let text = text.trim();
    text.starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

/// Adds what stands anywhere in it. The parser bounds how deep it goes (128).
pub(super) fn walk(value: &Value, found: &mut Finder) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| walk(one, found)),
        Value::Object(members) => object(members, found),
        Value::String(text) => scan::text(text, found),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Cookies and headers are objects with a name and a value, or members whose key is the name.
fn object(members: &Map<String, Value>, found: &mut Finder) {
    let text = |key: &str| members.get(key).and_then(Value::as_str);
    let is_pair = match (text("name"), text("value")) {
        (Some(name), Some(value)) => named(name, value, found),
        _ => false,
    };
    for (key, member) in members {
        match member {
            Value::String(_) if is_pair && key == "value" => {}
            Value::String(text) if named(key, text, found) => {}
            other => walk(other, found),
        }
    }
}

/// Was that a header with tokens, or a cookie that is one?
fn named(name: &str, value: &str, found: &mut Finder) -> bool {
    if line::named_header(name, value, found) {
        return true;
    }
    let is_token = scan::is_known(name) || held(Some(name), value).is_some();
    if is_token {
        found.pair(name, value);
    }
    is_token
}
