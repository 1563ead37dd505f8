//! Every rule of the catalogue is shown: by a sample in which it speaks, by a healthy twin in which it must not, and by tests
//! of its own that hold look-alikes against it. Ids that samples name exist.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every rule with the source of its file.
fn rules() -> BTreeMap<String, String> {
    let (mut rules, mut folders) = (BTreeMap::new(), vec![repository().join("src/diagnose/rules")]);
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if let Some((id, source)) = rule(&path) {
                let twice = rules.insert(id.clone(), source);
                assert!(twice.is_none(), "{id} is in two files");
            }
        }
    }
    rules
}

/// The id that a file of a rule says it has, and its text.
fn rule(path: &Path) -> Option<(String, String)> {
    let source = fs::read_to_string(path).unwrap();
    let (_, id) = source.split_once("ID: RuleId = RuleId::new(\"")?;
    Some((id.split_once('"')?.0.to_owned(), source))
}

/// The names and texts of all expectations of captures and logs.
fn expectations() -> Vec<(String, Value)> {
    let files = entries(&repository().join("samples")).into_iter();
    let named = files.filter_map(|path| {
        let name = path.file_name()?.to_str()?.strip_suffix(".expected.json")?.to_owned();
        Some((name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()))
    });
    named.collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rules that a list in an expectation names.
fn named<'e>(expectation: &'e Value, list: &str) -> impl Iterator<Item = &'e str> {
    expectation[list].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Nothing is wrong in it: what is said at most informs.
fn is_healthy(expectation: &Value) -> bool {
    expectation["findings"].as_array().is_none_or(|findings| findings.iter().all(|f| f["severity"] == "info"))
}

#[test]
fn the_files_hold_the_rules_that_the_program_lists() {
    let output = assert_cmd::Command::cargo_bin("nrpcsniff").unwrap().args(["rules", "--no-config"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let words: BTreeSet<&str> = text.split_whitespace().collect();
    let rules = rules();
    let missing: Vec<_> = rules.keys().filter(|id| !words.contains(id.as_str())).collect();
    assert!(rules.len() > 100 && missing.is_empty(), "{} rules, not listed: {missing:?}", rules.len());
}

#[test]
fn every_rule_speaks_in_a_sample() {
    let expectations = expectations();
    let findings = || expectations.iter().filter_map(|(_, e)| e["findings"].as_array()).flatten();
    let first = findings().filter_map(|finding| finding["rule"].as_str());
    let said: BTreeSet<&str> = first.chain(findings().flat_map(|finding| named(finding, "also"))).collect();
    let silent: Vec<_> = rules().into_keys().filter(|id| !said.contains(id.as_str())).collect();
    assert!(silent.is_empty(), "in no expected.json: {silent:?}");
}

/// `nrpcsniff check samples` holds that what is listed under `absent` is not said, not even under another finding.
#[test]
fn every_rule_has_a_healthy_twin() {
    let expectations = expectations();
    let healthy = expectations.iter().filter(|(_, expectation)| is_healthy(expectation));
    let absent: BTreeSet<&str> = healthy.flat_map(|(_, expectation)| named(expectation, "absent")).collect();
    let without: Vec<_> = rules().into_keys().filter(|id| !absent.contains(id.as_str())).collect();
    assert!(without.is_empty(), "under absent in no healthy sample: {without:?}");
}

/// Look-alikes are near misses, which a sample of their own each would be too much for: the rule's own tests have them.
#[test]
fn every_rule_is_tested_for_silence() {
    // An empty list that is compared with what was found, in the shapes that tests here write it.
    let nothing = [",[])", ",[],\"", "none(&", ".is_empty()"];
    let asserts_silence = |source: &String| {
        let tests = source.split_once("mod tests {").map_or("", |(_, tests)| tests);
        let tests: String = tests.split_whitespace().collect();
        nothing.iter().any(|nothing| tests.contains(nothing))
    };
    let without: Vec<_> =
        rules().into_iter().filter(|(_, source)| !asserts_silence(source)).map(|(id, _)| id).collect();
    assert!(without.is_empty(), "no test of its own says when it is silent: {without:?}");
}

#[test]
fn samples_name_rules_that_exist() {
    let rules = rules();
    for sample in nrpcsniff_samples::stories::all() {
        for id in sample.rules {
            assert!(rules.contains_key(*id), "{}: {id}", sample.name);
        }
    }
    for (name, expectation) in expectations() {
        for id in named(&expectation, "absent") {
            assert!(rules.contains_key(id), "{name}: {id}");
        }
    }
}
