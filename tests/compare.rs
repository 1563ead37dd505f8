//! `nrpcsniff compare` as users and scripts meet it.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

fn compare(args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear().env("NO_COLOR", "1");
    command.args(["compare", "--no-config"]).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The report as JSON, and the exit status.
fn json(args: &[&str]) -> (Value, i32) {
    let output = compare(&[&["--format", "json"], args].concat());
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    (report, output.status.code().unwrap())
}

fn refused(args: &[&str], parts: &[&str]) {
    let output = compare(args);
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
}

const GOOD: &str = "samples/nrpc-working.pcapng";
const BAD: &str = "samples/nrpc-alias.pcapng";

#[test]
fn the_table_says_verdict_reason_fork_and_what_to_do() {
    let output = compare(&[GOOD, BAD]);
    assert_eq!(output.status.code(), Some(1));
    let table = text(&output.stdout);
    for part in [
        "VERDICT  They part at message 3. Cause (high)",
        "the client closes with\n  FIN 3.0 ms after message 2",
        "WHY      message 1, wanted_server",
        "working  CN=Mail01/OU=Servers/O=Example",
        "failing  chat.example.net",
        "here they part",
        "--all lists them",
        "Network ruled out",
        "NETWORK_SPRAYER_ADDRESS",
    ] {
        assert!(table.contains(part), "{part}:\n{table}");
    }
    // Noise is counted, not listed.
    assert!(table.contains("license_id") && !table.contains("license_id (nrpc"), "{table}");
    insta::assert_snapshot!(table.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn all_lists_noise_and_every_line() {
    let table = text(&compare(&["--all", GOOD, BAD]).stdout);
    assert!(table.contains("license_id (nrpc") && !table.contains("--all"), "{table}");
    assert!(table.contains("request 0x0020, sequence 8"), "{table}");
    let (all, _) = json(&["--all", GOOD, BAD]);
    let classes = |report: &Value| {
        let differences = report["comparison"]["differences"].as_array().unwrap().clone();
        differences.iter().filter(|d| d["class"] == "noise").count()
    };
    assert_eq!(classes(&all) as u64, all["comparison"]["noise_count"].as_u64().unwrap());
    assert_eq!(classes(&json(&[GOOD, BAD]).0), 0);
    assert_eq!(all["pairs"][1]["rows"][0]["likeness"], "same");
}

#[test]
fn the_exit_status_tells_the_result() {
    for (good, bad, result, status) in [
        (GOOD, BAD, "diverges", 1),
        (GOOD, GOOD, "same", 0),
        (BAD, GOOD, "swapped", 1),
        (BAD, BAD, "inconclusive", 2),
        (GOOD, "samples/nrpc-alias-cut.pcap", "inconclusive", 2),
        (GOOD, "samples/http-anonymous.pcap", "inconclusive", 2),
    ] {
        let (report, code) = json(&[good, bad]);
        assert_eq!((report["comparison"]["result"].as_str(), code), (Some(result), status), "{good} {bad}");
    }
}

#[test]
fn the_wrong_way_round_is_said_with_what_to_do() {
    let output = compare(&[BAD, GOOD]);
    assert_eq!(output.status.code(), Some(1));
    let table = text(&output.stdout);
    for part in [
        "VERDICT  The wrong way round: the capture given as working has the fault.",
        "asked for the alias chat.example.net",
        "1 of 1 Notes session opened",
        "nrpcsniff compare samples/nrpc-working.pcapng samples/nrpc-alias.pcapng",
    ] {
        assert!(table.contains(part), "{part}:\n{table}");
    }
    assert!(!table.contains("part, see below") && !table.contains("Cause ("), "{table}");
    let (report, _) = json(&[BAD, GOOD]);
    assert_eq!(report["comparison"]["cause"], "nrpc-name-mismatch-alias");
    assert_eq!((&report["comparison"]["fork"], &report["comparison"]["pair"]), (&Value::Null, &Value::Null));
}

#[test]
fn json_is_as_the_contract_says() {
    let (report, _) = json(&[GOOD, BAD]);
    assert_eq!(report["schema_version"], 1);
    assert_eq!((report["good"]["path"].as_str(), report["bad"]["path"].as_str()), (Some(GOOD), Some(BAD)));
    for pair in report["pairs"].as_array().unwrap() {
        assert!(pair["good"].is_u64() && pair["bad"].is_u64() && pair["score"].is_u64(), "{pair}");
        assert!(!pair["why_paired"].as_str().unwrap().is_empty());
    }
    let comparison = &report["comparison"];
    assert_eq!(
        (comparison["pair"].as_u64(), comparison["cause"].as_str()),
        (Some(1), Some("nrpc-name-mismatch-alias"))
    );
    let fork = &comparison["fork"];
    assert_eq!((fork["message"].as_u64(), fork["good"]["type"].as_str()), (Some(3), Some("nrpc.auth")));
    assert_eq!((fork["bad"]["how"].as_str(), fork["bad"]["by"].as_str()), (Some("fin"), Some("client")));
    let explaining = &comparison["differences"][0];
    for (key, value) in [("field", "wanted_server"), ("bad", "chat.example.net"), ("class", "explains")] {
        assert_eq!(explaining[key], value);
    }
    assert_eq!(explaining["message"], 1);
    assert!(comparison["noise_count"].as_u64().unwrap() > 10);
    assert!(comparison["explanation"].as_str().unwrap().contains("message 3"));
    assert_eq!(report["findings"][0]["rule"], "nrpc-name-mismatch-alias");
}

#[test]
fn two_conversations_of_one_capture() {
    let both = "samples/nrpc-sprayer-inconsistent.pcapng";
    for named in ["0,1", "tcp:0,tcp:1"] {
        let (report, code) = json(&["--stream", named, both]);
        assert_eq!((report["pairs"][0]["good"].as_u64(), report["pairs"][0]["bad"].as_u64()), (Some(0), Some(1)));
        assert_eq!((report["comparison"]["cause"].as_str(), code), (Some("nrpc-sprayer-inconsistent"), 1));
    }
    refused(&["--stream", "0,99", both], &["no conversation '99'", "0 (nrpc, tcp:0)"]);
    refused(&["--stream", "0", both], &["N,M"]);
    refused(&["--stream", "1,1", both], &["one conversation"]);
    refused(&["--stream", "0,1", both, both], &["give one capture"]);
}

#[test]
fn a_pair_by_hand_is_compared_and_nothing_else() {
    let (report, _) = json(&["--pair", "1:2", GOOD, BAD]);
    assert_eq!(report["pairs"].as_array().unwrap().len(), 1);
    assert_eq!(report["pairs"][0]["why_paired"], "chosen by hand");
    assert_eq!(report["comparison"]["fork"]["message"], 3);
    refused(&["--pair", "1-2", GOOD, BAD], &["GOODID:BADID"]);
    refused(&["--pair", "1:77", GOOD, BAD], &["no conversation '77'", BAD]);
}

#[test]
fn several_working_captures_teach_noise() {
    let goods = ["--good", "samples/nrpc-alias-good2.pcapng", "samples/nrpc-alias-good.pcap"];
    let (report, _) = json(&[&["--all"], &goods[..], &[BAD]].concat());
    assert_eq!(report["further_good"][0]["path"], "samples/nrpc-alias-good2.pcapng");
    let differences = report["comparison"]["differences"].as_array().unwrap();
    let class = |field: &str| differences.iter().find(|d| d["field"] == field).map(|d| d["class"].clone());
    assert_eq!(class("wanted_server"), Some("explains".into()));
    assert!(differences.iter().any(|d| d["learned"] == true), "something differs between working captures");
    assert!(differences.iter().all(|d| d["learned"] == false || d["class"] == "noise"));
    // One working capture may come by option alone.
    assert_eq!(compare(&["--good", GOOD, BAD]).status.code(), Some(1));
}

#[test]
fn wrong_usage_is_said_in_a_sentence() {
    refused(&[GOOD], &["the working and the failing capture"]);
    refused(&[], &["GOOD BAD"]);
    refused(&["--format", "ndjson", GOOD, BAD], &["--format json"]);
    refused(&[GOOD, "samples/none.pcap"], &["none.pcap"]);
    refused(&[GOOD, "samples/README.md"], &["README.md"]);
    refused(&["-o", BAD, GOOD, BAD], &["not overwritten"]);
    refused(&["-", "-"], &["only once"]);
}

#[test]
fn damage_is_reported_and_outranks_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.pcapng");
    let mut bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(BAD)).unwrap();
    bytes.truncate(bytes.len() - 8);
    fs::write(&cut, bytes).unwrap();
    let output = compare(&[GOOD, cut.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("They part at message 3"), "what could be read is compared");
    assert!(text(&output.stderr).contains("cut.pcapng"));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("nrpcsniff"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["compare", "--no-config", GOOD, BAD])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), String::new()));
}

/// Neither tokens nor cookies stand in a comparison, unless they are asked for.
#[test]
fn secrets_are_masked() {
    let pair = ["samples/http-token-not-returned-good.pcap", "samples/http-single-server.pcap"];
    let open = compare(&[&["--format", "json", "--show-secrets"], &pair[..]].concat());
    assert!(text(&open.stdout).contains("\"value\""));
    for format in ["table", "json"] {
        let shown = text(&compare(&[&["--all", "--format", format], &pair[..]].concat()).stdout);
        assert!(!shown.contains("\"value\""), "{format}");
        // Base64 of a token, as it would stand in a cookie.
        let long =
            |word: &str| word.len() > 80 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
        assert_eq!(shown.split(|c: char| c.is_whitespace() || "\"',;".contains(c)).find(|word| long(word)), None);
    }
}

#[test]
fn a_terminal_of_any_width_and_hostile_names() {
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let hostile = folder.path().join("a\u{1b}[2Jb\nVERDICT.pcapng");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(BAD), &hostile).unwrap();
    command.env_clear().env("COLUMNS", "80").current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.args(["compare", "--no-config", "--all", GOOD]).arg(&hostile).output().unwrap();
    let table = text(&output.stdout);
    assert!(
        !table.contains('\u{1b}') && table.lines().filter(|line| line.starts_with("VERDICT")).count() == 1,
        "{table}"
    );
    for line in table.lines().skip(2).filter(|line| !line.contains("frame.number")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
