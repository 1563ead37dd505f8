//! Holds facts to their list: every name that a rule uses stands there, with the type that the list gives it.

use crate::diagnose::rules::RULES;
use crate::model::Finding;
use crate::testing::findings;
use nrpcsniff_samples::stories;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::LazyLock;

/// Types of facts by their names.
static LIST: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| lines().collect());

/// Name and type of each line, in order.
fn lines() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("facts.md").lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        Some((cells.next()?.trim_end_matches('`'), cells.next()?))
    })
}

/// Facts are those of the list, and the layer is the rule's.
///
/// # Panics
/// If they are not.
pub(crate) fn hold(finding: &Finding) {
    for (name, value) in finding.facts.iter() {
        let kind = LIST.get(name).unwrap_or_else(|| panic!("{}: {name} is not in facts.md", finding.rule));
        assert!(is(kind, value), "{}: {name} is {value}, not {kind}", finding.rule);
        assert!(!name.ends_with("_s") || *kind == "number", "{name}: a span of time is a number");
    }
}

fn is(kind: &str, value: &Value) -> bool {
    fn reads<T: FromStr>(value: &Value) -> bool {
        value.as_str().is_some_and(|text| text.parse::<T>().is_ok())
    }
    let all = |is: fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(is));
    match kind {
        "text" => value.is_string(),
        "address" => reads::<IpAddr>(value),
        "endpoint" => reads::<SocketAddr>(value),
        "time" => reads::<jiff::Timestamp>(value),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "list" => all(Value::is_string),
        "numbers" => all(Value::is_number),
        _ => false,
    }
}

#[test]
fn the_list_is_in_order_and_has_no_name_twice() {
    let names: Vec<_> = lines().map(|(name, _)| name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
    assert!(names.len() > 20);
}

#[test]
fn facts_of_all_samples_are_in_the_list() {
    let mut told = BTreeSet::new();
    for finding in stories::all().flat_map(|sample| findings(&sample.bytes())) {
        hold(&finding);
        let about = RULES.iter().map(|rule| rule.about()).find(|about| about.id == finding.rule);
        assert_eq!(about.map(|about| about.layer), Some(finding.layer), "{}", finding.rule);
        assert!(!finding.facts.is_empty() && !finding.explanation.is_empty(), "{}", finding.rule);
        told.insert(finding.rule);
    }
    assert!(told.iter().any(|rule| *rule == "nrpc-name-mismatch-alias"));
}
