//! Comparing is blind to what does not matter: the same pair captured elsewhere, with other addresses, ports, nonces, segments, formats
//! and a little loss, gives the same verdict; and a story against another capture of itself is the same.

use nrpcsniff::capture::Reader;
use nrpcsniff::compare::{Capture, compare};
use nrpcsniff::diagnose::{Case, Settings, diagnose};
use nrpcsniff::engine::{Options, Pipeline};
use nrpcsniff::model::{Analysis, Class, Comparison, Finding, RuleId, Verdict};
use nrpcsniff_samples::stories::{self, Sample};
use std::io::Cursor;

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

fn read(capture: Vec<u8>) -> (Analysis, Vec<Finding>) {
    let mut reader = Reader::from_reader("varied", Cursor::new(capture)).unwrap();
    let mut pipeline = Pipeline::new(Options::default());
    let mut known = 0;
    while let Some((frame, secrets)) = reader.next_with_secrets(0) {
        for secret in &secrets[known..] {
            pipeline.tls_secrets(&secret.data);
        }
        known = secrets.len();
        pipeline.frame(&frame);
    }
    let analysis = pipeline.finish(vec![reader.into_input()]);
    let findings = diagnose(&analysis, &Settings::default());
    (analysis, findings)
}

fn compared(good: Vec<u8>, bad: Vec<u8>) -> Comparison {
    let settings = Settings::default();
    let ((good, good_findings), (bad, bad_findings)) = (read(good), read(bad));
    let (one, other) = (Case::new(&good, &settings), Case::new(&bad, &settings));
    let good = Capture { case: &one, findings: &good_findings };
    compare(&[good], Capture { case: &other, findings: &bad_findings }, &[])
}

fn sample(name: &str) -> &'static Sample {
    stories::find(name).unwrap_or_else(|| panic!("no story {name}"))
}

/// Verdict, cause, number of the message at the fork, and the fields that explain it.
fn told(comparison: &Comparison) -> (Verdict, Option<&'static str>, Option<u32>, Vec<String>) {
    let explaining = comparison.differences.iter().filter(|d| d.class == Class::Explains);
    let mut fields: Vec<_> = explaining.map(|d| d.field.clone()).collect();
    fields.sort_unstable();
    fields.dedup();
    (
        comparison.verdict,
        comparison.cause.map(RuleId::as_str),
        comparison.fork.as_ref().map(|fork| fork.message),
        fields,
    )
}

#[test]
fn a_pair_captured_elsewhere_gives_the_same_verdict() {
    let mut wrong = Vec::new();
    for (good, bad, cause, fields) in PAIRS {
        let (good, bad) = (sample(good), sample(bad));
        let wanted = told(&compared(good.bytes(), bad.bytes()));
        assert_eq!((wanted.0, wanted.1), (Verdict::Diverges, Some(cause)));
        for field in fields {
            assert!(wanted.3.iter().any(|told| told == field), "{field} should explain {}: {:?}", bad.name, wanted.3);
        }
        for seed in seeds() {
            let varied = compared(good.varied(&good.variation(seed)), bad.varied(&bad.variation(seed + 1000)));
            if told(&varied) != wanted {
                wrong.push(format!(
                    "{} seed {seed}: {wanted:?} became {:?}\n{}",
                    bad.name,
                    told(&varied),
                    varied.explanation
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
        let itself = compared(sample.bytes(), sample.bytes());
        for seed in seeds() {
            let varied = compared(sample.bytes(), sample.varied(&sample.variation(seed)));
            if told(&varied) != told(&itself) {
                wrong.push(format!("{} seed {seed}: {}", sample.name, varied.explanation));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
