//! Every sample says what its `NAME.expected.json` lists, and its table reads as the snapshot does.
//!
//! Only what is listed is compared, so that a better wording does not break a sample. After a change that is meant,
//! `NRPCSNIFF_BLESS=1 cargo test --test samples` writes the files anew: read the difference before committing it.
//! Snapshots of the tables are reviewed with `cargo insta review`, or written with `INSTA_UPDATE=always`.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

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
        .args(["--no-config", "--color", "never"])
        .args(arguments)
        .arg(name)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}: {}", capture.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What is listed of a report.
fn facts(report: &Value) -> Value {
    let findings: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            json!({"rule": f["rule"], "severity": f["severity"], "confidence": f["confidence"],
                   "conversations": f["conversations"], "packets": f["packets"], "also": f["also"]})
        })
        .collect();
    let conversations: Vec<_> = report["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| c["protocol"] != "dns")
        .map(|c| {
            let field = |kind: &str, field: &str| {
                let messages = c["messages"].as_array().unwrap();
                messages.iter().find(|m| m["type"] == kind).map_or(Value::Null, |m| m["fields"][field].clone())
            };
            let statuses: Vec<_> = c["messages"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|m| m["fields"]["status"].get("hex").filter(|hex| *hex != "0x0000"))
                .collect();
            let mut listed = json!({"id": c["id"], "protocol": c["protocol"], "setup": c["setup"],
                   "how": c["teardown"]["how"], "by": c["teardown"]["by"], "after_message": c["teardown"]["after_message"],
                   "wanted_server": field("nrpc.session_request", "wanted_server"),
                   "server_name": field("nrpc.session_response", "server_name"), "statuses": statuses});
            if c["protocol"] != "nrpc" {
                listed["answers"] = answers(c);
            }
            listed
        })
        .collect();
    json!({"findings": findings, "conversations": conversations})
}

/// What was answered in SIP and HTTP, and why Sametime sessions ended.
fn answers(conversation: &Value) -> Value {
    let answer = |message: &Value| match message["type"].as_str().unwrap() {
        "sip.response" | "http.response" => Some(message["fields"]["status"].clone()),
        "sametime.login_ack" => Some("LOGIN_ACK".into()),
        "sametime.channel_destroy" => Some(message["fields"]["reason"]["name"].clone()),
        _ => None,
    };
    conversation["messages"].as_array().unwrap().iter().filter_map(answer).collect()
}

#[test]
fn every_sample_says_what_is_expected() {
    let bless = env::var_os("NRPCSNIFF_BLESS").is_some();
    let mut wrong = Vec::new();
    for capture in samples() {
        let report: Value = serde_json::from_str(&run(&capture, &["--format", "json"])).unwrap();
        let (actual, path) = (facts(&report), capture.with_extension("expected.json"));
        if bless {
            fs::write(&path, serde_json::to_string_pretty(&actual).unwrap() + "\n").unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let expected: Value = serde_json::from_str(&expected).unwrap();
        if actual != expected {
            wrong.push(format!("{}\n  expected {expected:#}\n  found {actual:#}", capture.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
