//! Comparing is blind to what does not matter: the same pair captured elsewhere, with other addresses, ports, nonces, segments, formats
//! and a little loss, gives the same verdict; and a story against another capture of itself is the same.

use nrpcsniff_samples::stories::{self, Sample};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// A working and a failing sample, the cause, and the fields that explain it.
const PAIRS: [(&str, &str, &str, &[&str]); 6] = [
    ("nrpc-working", "nrpc-alias", "nrpc-name-mismatch-alias", &["wanted_server"]),
    ("nrpc-alias-good", "nrpc-alias", "nrpc-name-mismatch-alias", &["wanted_server"]),
    (
        "http-token-not-returned-good",
        "http-token-not-returned",
        "ltpa-not-returned",
        &["set_cookies[LtpaToken]", "cookies[LtpaToken]", "status"],
    ),
    (
        "sip-undefined-good",
        "sip-undefined",
        "ltpa-undefined-sip",
        &["set_cookies[LtpaToken].http_only", "cookies[LtpaToken].token.class", "status"],
    ),
    ("st-token-version-good", "st-token-version", "ltpa-version-mismatch", &["token kind"]),
    ("st-two-names-good", "st-two-names", "ltpa-dn-mismatch", &["user"]),
];

/// Seeds of the variations: up to 4, or up to `NRPCSNIFF_SEEDS`.
fn seeds() -> std::ops::RangeInclusive<u64> {
    1..=std::env::var("NRPCSNIFF_SEEDS").map_or(4, |last| last.parse().unwrap())
}

/// What the command makes of them.
fn compared(good: &[u8], bad: &[u8]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["good", "bad"].map(|name| folder.path().join(name));
    fs::write(&paths[0], good).unwrap();
    fs::write(&paths[1], bad).unwrap();
    let compare = ["compare", "--no-config", "--quiet", "--format", "json"];
    let output = Command::new(env!("CARGO_BIN_EXE_nrpcsniff")).env_clear().args(compare).args(&paths).output().unwrap();
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["comparison"].take()
}

fn sample(name: &str) -> &'static Sample {
    stories::find(name).unwrap_or_else(|| panic!("no story {name}"))
}

/// What is told of two captures.
#[derive(Debug, PartialEq)]
struct Told {
    result: Value,
    cause: Value,
    /// Number of the message at the fork.
    fork: Value,
    /// Fields that explain it.
    fields: BTreeSet<String>,
}

fn told(comparison: &Value) -> Told {
    let differences = comparison["differences"].as_array().unwrap().iter();
    let explaining = differences.filter(|difference| difference["class"] == "explains");
    Told {
        result: comparison["result"].clone(),
        cause: comparison["cause"].clone(),
        fork: comparison["fork"]["message"].clone(),
        fields: explaining.map(|difference| difference["field"].as_str().unwrap().to_owned()).collect(),
    }
}

#[test]
fn a_pair_captured_elsewhere_gives_the_same_result_either_way_round() {
    let mut wrong = Vec::new();
    for (good, bad, cause, fields) in PAIRS {
        let (good, bad) = (sample(good), sample(bad));
        let wanted = told(&compared(&good.bytes(), &bad.bytes()));
        assert_eq!((&wanted.result, &wanted.cause), (&json!("diverges"), &json!(cause)));
        for field in fields {
            assert!(wanted.fields.contains(*field), "{field} should explain {}: {wanted:?}", bad.name);
        }
        for seed in seeds() {
            let sides = [good.varied(&good.variation(seed)), bad.varied(&bad.variation(seed + 1000))];
            let swapped = compared(&sides[1], &sides[0]);
            if (&swapped["result"], &swapped["cause"]) != (&json!("swapped"), &json!(cause)) {
                wrong.push(format!("{} seed {seed}, swapped: {}", bad.name, swapped["explanation"]));
            }
            let varied = compared(&sides[0], &sides[1]);
            if told(&varied) != wanted {
                wrong.push(format!(
                    "{} seed {seed}: {wanted:?} became {:?}\n{}",
                    bad.name,
                    told(&varied),
                    varied["explanation"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_story_against_another_capture_of_itself_is_the_same() {
    let mut wrong = Vec::new();
    for sample in stories::all() {
        let itself = compared(&sample.bytes(), &sample.bytes());
        for seed in seeds() {
            let varied = compared(&sample.bytes(), &sample.varied(&sample.variation(seed)));
            if told(&varied) != told(&itself) {
                wrong.push(format!("{} seed {seed}: {}", sample.name, varied["explanation"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
