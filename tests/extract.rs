//! `-w FILE` beside captures: what is written tells the same by itself, with remarks where Wireshark shows them.

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use support::{all_samples, has, list, nrpcsniff, number, sample, tshark, two_at_a_time};

fn run(arguments: &[&str]) -> Output {
    nrpcsniff().args(["--all", "--format", "json"]).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Rules with the servers and names that they tell of.
fn told(report: &Value) -> BTreeSet<String> {
    let of =
        |finding: &Value| format!("{} {} {}", finding["rule"], finding["facts"]["server"], finding["facts"]["asked"]);
    list(report, "findings").iter().map(of).collect()
}

/// What is said of the capture as such, and how often something else worked, is not the same in a part of it.
fn is_of_all(told: &str) -> bool {
    told.starts_with("\"cap-") || told.starts_with("\"tcp-")
}

#[test]
fn what_is_written_tells_the_same_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let samples: Vec<_> = all_samples().into_iter().enumerate().collect();
    two_at_a_time(&samples, |(count, path)| {
        let out = folder.path().join(format!("{count}.pcapng"));
        let output = run(&["-w", out.to_str().unwrap(), path.to_str().unwrap()]);
        let before = json(&output);
        let after = json(&run(&[out.to_str().unwrap()]));
        let parts = |report: &Value| told(report).into_iter().filter(|told| !is_of_all(told)).collect::<BTreeSet<_>>();
        assert_eq!(parts(&after), parts(&before), "{}", path.display());
    });
}

#[test]
fn wireshark_shows_what_was_found_and_where() {
    if !has("tshark") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.pcapng");
    let report = json(&run(&["-w", out.to_str().unwrap(), &sample("nrpc-alias.pcapng")]));
    let evidence =
        list(&report["findings"][0], "evidence").iter().find(|evidence| evidence["packet"].is_u64()).unwrap();
    let comments = tshark(&["-r", out.to_str().unwrap(), "-T", "fields", "-e", "frame.comment"]);
    assert!(
        comments.contains(evidence["text"].as_str().unwrap()) && comments.contains("nrpc-name-mismatch-alias: "),
        "{comments}"
    );
    let file = fs::read(&out).unwrap();
    let verdict = report["verdict"]["text"].as_str().unwrap();
    assert!(String::from_utf8_lossy(&file).contains(&format!("nrpcsniff: {verdict}")));
}

#[test]
fn all_packets_or_one_conversation_can_be_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.pcapng");
    let out = out.to_str().unwrap();
    for name in ["sip-undefined-tls13.pcapng", "nrpc-drops.pcapng", "nrpc-span-duplicates.pcap"] {
        let before = json(&run(&["-w", out, "--write-all", &sample(name)]));
        let after = json(&run(&[out]));
        let findings = |report: &Value| {
            list(report, "findings").iter().map(|finding| finding["title"].to_string()).collect::<Vec<_>>()
        };
        assert_eq!(findings(&before), findings(&after), "{name}: keys and statistics are kept");
        assert_eq!(before["inputs"][0]["dropped"], after["inputs"][0]["dropped"]);
        assert_eq!(number(&before["totals"], "packets"), number(&after["totals"], "packets"));
    }
    let before = json(&run(&["-w", out, "--conversation", "c1", &sample("nrpc-alias.pcapng")]));
    let wanted = &list(&before, "conversations")[1];
    let after = json(&run(&[out]));
    let [one] = list(&after, "conversations") else { panic!("one conversation was asked for") };
    assert_eq!(
        (&one["client"], &one["messages"].as_array().unwrap().len()),
        (&wanted["client"], &wanted["messages"].as_array().unwrap().len())
    );
    let none = run(&["-w", out, "--conversation", "99", &sample("nrpc-alias.pcapng")]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn what_comes_by_standard_input_is_written_too() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.pcapng");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrpcsniff"));
    let command = command
        .args(["--no-config", "--all", "--format", "json", "-w"])
        .arg(&out)
        .arg("-")
        .stdin(fs::File::open(sample("nrpc-alias.pcapng")).unwrap());
    let before = json(&command.stdout(Stdio::piped()).output().unwrap());
    assert_eq!(before["inputs"][0]["path"], "-");
    assert_eq!(told(&json(&run(&[out.to_str().unwrap()]))), told(&before));
}

#[test]
fn a_capture_is_not_overwritten_and_a_file_that_cannot_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("a.pcapng");
    fs::copy(sample("nrpc-alias.pcapng"), &capture).unwrap();
    let refused = |arguments: &[&Path], part: &str| {
        let output = nrpcsniff().args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(part), "{said}");
    };
    let option = Path::new("-w");
    refused(&[option, &capture, &capture], "not overwritten");
    refused(&[option, folder.path(), &capture], "folder");
    refused(&[option, Path::new("-"), &capture], "-o FILE");
    let full = PathBuf::from("/dev/full");
    if full.exists() {
        refused(&[option, &full, &capture], "cannot be written");
    }
    assert_eq!(fs::read(&capture).unwrap(), fs::read(sample("nrpc-alias.pcapng")).unwrap());
}
