//! Which element of a report a listed element means.

use super::values::items;
use serde_json::Value;
use std::cmp::Reverse;

/// For each listed finding the one that it means: of the same rule, with the same conversations, else with most of
/// them. None is meant twice.
pub(super) fn findings(listed: &[Value], there: &[Value]) -> Vec<Option<usize>> {
    let mut found = vec![None; listed.len()];
    // Those that name the very conversations come first, so that no other takes their place.
    for exactly in [true, false] {
        for index in 0..listed.len() {
            if found[index].is_none() {
                found[index] = nearest(&listed[index], there, exactly, &found);
            }
        }
    }
    found
}

fn nearest(finding: &Value, there: &[Value], exactly: bool, taken: &[Option<usize>]) -> Option<usize> {
    let fits = |(index, other): &(usize, &Value)| {
        other["rule"] == finding["rule"]
            && !taken.contains(&Some(*index))
            && (!exactly || finding.get("conversations") == other.get("conversations"))
    };
    let named = items(finding, "conversations");
    let common = |other: &Value| items(other, "conversations").iter().filter(|id| named.contains(id)).count();
    let candidates = there.iter().enumerate().filter(fits);
    candidates.max_by_key(|(index, other)| (common(other), Reverse(*index))).map(|(index, _)| index)
}

/// For each listed element the one that it means: told by its id, number or path if `key` is a list of such; else one
/// that holds all that is listed, or the one at the same place.
pub(super) fn elements(key: &str, listed: &[Value], there: &[Value]) -> Vec<Option<usize>> {
    let mut found = vec![None; listed.len()];
    let name = identity(key);
    for (index, element) in listed.iter().enumerate() {
        let fits = |other: &Value| match name.and_then(|name| element.get(name).map(|id| (name, id))) {
            Some((name, id)) => other.get(name).is_some_and(|other| same(id, other)),
            None => holds("", element, other),
        };
        let free = |at: &usize| !found.contains(&Some(*at));
        found[index] = (0..there.len()).filter(free).find(|at| fits(&there[*at]));
    }
    for (index, element) in listed.iter().enumerate() {
        let named = name.is_some_and(|name| element.get(name).is_some());
        if found[index].is_none() && !named && index < there.len() && !found.contains(&Some(index)) {
            found[index] = Some(index);
        }
    }
    found
}

/// The key that tells the elements of a list apart.
pub(super) fn identity(list: &str) -> Option<&'static str> {
    match list {
        "conversations" => Some("id"),
        "messages" => Some("n"),
        "inputs" => Some("path"),
        _ => None,
    }
}

/// Does `there` hold everything that is listed? `key` is what it stands under.
pub(super) fn holds(key: &str, listed: &Value, there: &Value) -> bool {
    match (listed, there) {
        (Value::Object(listed), Value::Object(there)) => {
            listed.iter().all(|(key, value)| there.get(key).is_some_and(|there| holds(key, value, there)))
        }
        (Value::Array(all), Value::Array(others)) if is_of_objects(all) => {
            let pairs = elements(key, all, others);
            all.iter().zip(pairs).all(|(element, at)| at.is_some_and(|at| holds("", element, &others[at])))
        }
        _ => same(listed, there),
    }
}

/// A list of objects holds those that are listed; any other list is compared as a whole.
pub(super) fn is_of_objects(list: &[Value]) -> bool {
    !list.is_empty() && list.iter().all(Value::is_object)
}

/// Equal, where numbers are equal that differ by how they are rounded.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_f64() || b.is_f64()) && near(a.as_f64(), b.as_f64()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}

fn near(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b).is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn list(value: Value) -> Vec<Value> {
        let Value::Array(list) = value else { panic!("{value}") };
        list
    }

    #[test]
    fn findings_are_told_by_rule_and_conversations() {
        let there = list(json!([
            {"rule": "a", "conversations": [1, 2]}, {"rule": "a", "conversations": [3]}, {"rule": "b", "conversations": []}
        ]));
        let meant = |listed: Value| findings(&list(listed), &there);
        assert_eq!(meant(json!([{"rule": "a", "conversations": [3]}, {"rule": "a"}])), [Some(1), Some(0)]);
        assert_eq!(meant(json!([{"rule": "a"}, {"rule": "a", "conversations": [1, 2]}])), [Some(1), Some(0)]);
        assert_eq!(meant(json!([{"rule": "a", "conversations": [2, 9]}])), [Some(0)]);
        assert_eq!(meant(json!([{"rule": "a"}, {"rule": "a"}, {"rule": "a"}])), [Some(0), Some(1), None]);
        assert_eq!(meant(json!([{"rule": "c"}, {"rule": "b"}])), [None, Some(2)]);
    }

    #[test]
    fn elements_are_told_by_what_names_them() {
        let there = list(json!([{"id": 4, "n": 1, "x": 1}, {"id": 7, "n": 2, "x": 2}]));
        let meant = |key: &str, listed: Value| elements(key, &list(listed), &there);
        assert_eq!(meant("conversations", json!([{"id": 7}, {"id": 5}])), [Some(1), None]);
        assert_eq!(meant("messages", json!([{"n": 2, "x": 9}])), [Some(1)]);
        assert_eq!(meant("evidence", json!([{"x": 2}, {"x": 3}])), [Some(1), None]);
        assert_eq!(meant("evidence", json!([{"x": 3}, {"x": 1}])), [None, Some(0)]);
        assert_eq!(meant("evidence", json!([{"x": 3}])), [Some(0)], "the one at the same place");
        assert_eq!(meant("inputs", json!([{"x": 9}, {"x": 9}, {"x": 9}])), [Some(0), Some(1), None]);
    }

    #[test]
    fn what_is_listed_must_be_there_and_more_may_be() {
        let there =
            json!({"a": 1, "b": {"c": [1, 2], "d": null}, "messages": [{"n": 1, "t": "x"}, {"n": 2, "t": "y"}]});
        for listed in [
            json!({}),
            json!({"a": 1.0}),
            json!({"b": {"d": null}}),
            json!({"b": {"c": [1, 2]}}),
            json!({"messages": [{"n": 2, "t": "y"}]}),
        ] {
            assert!(holds("", &listed, &there), "{listed}");
        }
        for listed in [
            json!({"a": 2}),
            json!({"b": {"e": null}}),
            json!({"b": {"c": [1]}}),
            json!({"b": {"c": []}}),
            json!({"messages": []}),
            json!({"messages": [{"n": 1, "t": "y"}]}),
            json!([]),
        ] {
            assert!(!holds("", &listed, &there), "{listed}");
        }
    }

    #[test]
    fn rounding_is_no_difference() {
        assert!(same(&json!(0.1), &json!(0.100_000_000_000_000_02)) && same(&json!(1), &json!(1.0)));
        assert!(!same(&json!(0.1), &json!(0.100_001)) && !same(&json!(u64::MAX), &json!(u64::MAX - 1)));
        assert!(!same(&json!(null), &json!(0)) && !same(&json!("1"), &json!(1)));
    }
}
