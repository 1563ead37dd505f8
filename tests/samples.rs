//! Every sample says what its `NAME.expected.json` lists, and its table reads as the snapshot does.
//!
//! After a change that is meant, `cargo run -- check --bless samples/` shows the difference and writes the files anew:
//! read it before committing it.
//! Snapshots of the tables are reviewed with `cargo insta review`, or written with `INSTA_UPDATE=always`.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rules that accuse: a sample in which they are not expected must not have them.
fn accuses(finding: &Value) -> bool {
    finding["severity"] != "info"
}

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let mut captures: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "pcap" || e == "pcapng"))
        .collect();
    captures.sort();
    captures
}

fn run(capture: &Path, arguments: &[&str]) -> String {
    let name = Path::new("samples").join(capture.file_name().unwrap());
    let output = assert_cmd::Command::cargo_bin("nrpcsniff")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--no-config", "--color", "never", "--utc"])
        .args(arguments)
        .arg(name)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}: {}", capture.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_sample_says_what_is_expected() {
    let output = assert_cmd::Command::cargo_bin("nrpcsniff")
        .unwrap()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["check", "--color", "never", "-v", "samples"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for capture in samples() {
        let line = format!("ok     {}\n", Path::new("samples").join(capture.file_name().unwrap()).display());
        assert!(text.contains(&line), "{line}{text}");
    }
}

/// With the keys in the capture, TLS makes no difference; without them nothing is accused.
#[test]
fn a_story_inside_tls_is_judged_as_in_clear() {
    let judged = |name: &str| {
        let path = PathBuf::from(format!("{name}.pcapng"));
        let report: Value = serde_json::from_str(&run(&path, &["--format", "json", "--detail", "findings"])).unwrap();
        let findings = report["findings"].as_array().unwrap().clone();
        let keys = ["rule", "severity", "confidence", "conversations", "also"];
        findings.iter().map(|finding| keys.map(|key| finding[key].clone())).collect::<Vec<_>>()
    };
    for clear in ["sip-undefined", "http-token-not-returned"] {
        let wanted = judged(clear);
        assert!(!wanted.is_empty());
        for version in ["tls12", "tls13"] {
            assert_eq!(judged(&format!("{clear}-{version}")), wanted, "{clear} in {version}");
        }
    }
    let rules: Vec<_> = judged("sip-undefined-tls13-no-key").into_iter().map(|[rule, ..]| rule).collect();
    assert_eq!(rules, ["cap-encrypted"]);
}

/// The stories name the rules that should speak; nothing else may accuse.
#[test]
fn every_sample_accuses_what_its_story_names_and_nothing_else() {
    let mut wrong = Vec::new();
    for capture in samples() {
        let report: Value = serde_json::from_str(&run(&capture, &["--format", "json"])).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let name = capture.file_stem().unwrap().to_str().unwrap();
        let story = nrpcsniff_samples::stories::find(name).unwrap_or_else(|| panic!("{name} has no story"));
        let also = findings.iter().flat_map(|f| f["also"].as_array().unwrap());
        let said: BTreeSet<_> =
            findings.iter().map(|f| &f["rule"]).chain(also).map(|rule| rule.as_str().unwrap()).collect();
        let missing: Vec<_> = story.rules.iter().filter(|rule| !said.contains(**rule)).collect();
        let surplus: Vec<_> = findings
            .iter()
            .filter(|f| accuses(f))
            .map(|f| f["rule"].as_str().unwrap())
            .filter(|rule| !story.rules.contains(rule))
            .collect();
        if !missing.is_empty() || !surplus.is_empty() {
            wrong.push(format!("{name}: missing {missing:?}, surplus {surplus:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_sample_reads_as_its_snapshot() {
    for capture in samples() {
        let table = run(&capture, &["--detail", "conversations"]);
        insta::assert_snapshot!(capture.file_stem().unwrap().to_str().unwrap(), table);
    }
}
