//! Logs as users meet them: beside a capture, and alone.

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use std::process::Output;

fn run(args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear().env("NO_COLOR", "1").arg("--no-config");
    command.args(args).output().unwrap()
}

fn json(args: &[&str]) -> Value {
    let output = run(&[&["--format", "json"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn sources(finding: &Value) -> Vec<&str> {
    finding["evidence"].as_array().unwrap().iter().map(|fact| fact["source"].as_str().unwrap()).collect()
}

/// Log and packets of one story make one finding, which is as sure as it can be.
#[test]
fn a_log_joins_the_finding_of_its_capture() {
    for (log, capture, rule) in [
        ("st-two-names.stusers.log", "st-two-names.pcapng", "ltpa-dn-mismatch"),
        ("st-token-version.stusers.log", "st-token-version.pcapng", "ltpa-version-mismatch"),
        ("sip-undefined.systemout.log", "sip-undefined.pcapng", "ltpa-undefined-sip"),
        ("nrpc-alias.notes-trace.log", "nrpc-alias.pcapng", "nrpc-name-mismatch-alias"),
    ] {
        let (log, capture) = (format!("samples/{log}"), format!("samples/{capture}"));
        let report = json(&["--log", &log, &capture]);
        let findings = report["findings"].as_array().unwrap();
        let rules: Vec<_> = findings.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
        assert_eq!(rules, [rule], "{log}");
        assert_eq!(findings[0]["confidence"], "high");
        let sources = sources(&findings[0]);
        assert!(sources.contains(&"log") && sources.contains(&"packet"), "{log}: {sources:?}");
        let fact = findings[0]["evidence"].as_array().unwrap().iter().find(|fact| fact["source"] == "log").unwrap();
        assert_eq!((fact["packet"].is_null(), fact["input"].as_u64()), (true, Some(1)));
        assert!(fact["line"].is_u64() && report["inputs"][1]["path"] == log.as_str());
    }
}

#[test]
fn a_log_alone_tells_its_story() {
    for (log, form, rule) in [
        ("st-log-4098.stusers.log", "stusers", "st-token-refused"),
        ("st-log-country.stusers.log", "stusers", "ltpa-dn-mismatch"),
        ("http-log-realm.domino-console.log", "domino-console", "ltpa-realm"),
    ] {
        let log = format!("samples/{log}");
        let report = json(&["--log", &log]);
        assert_eq!(report["findings"][0]["rule"], rule);
        assert!(sources(&report["findings"][0]).iter().all(|source| *source == "log" || *source == "packet"));
        assert_eq!(report["inputs"][0]["format"], form);
    }
}

/// The lines that were published of the two stories.
#[test]
fn the_published_lines_tell_both_stories() {
    let sample = "../shared/reference/stusers-sample.txt";
    if !Path::new(env!("CARGO_MANIFEST_DIR")).join(sample).exists() {
        eprintln!("SKIPPED: {sample} is not there");
        return;
    }
    let report = json(&["--log", sample]);
    let rules: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["st-token-refused", "ltpa-dn-mismatch"]);
    for finding in report["findings"].as_array().unwrap() {
        assert!(finding["evidence"].as_array().unwrap().iter().any(|fact| fact["line"].is_u64()), "{finding}");
    }
}

#[test]
fn what_is_no_log_is_said_and_the_rest_is_reported() {
    let output = run(&["--log", "Cargo.toml", "samples/nrpc-alias.pcapng"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("Cargo.toml") && said.contains("known are"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("FAULT    Client asked for the alias"));
    assert_eq!(run(&["--log", "samples/none.log"]).status.code(), Some(2));
    let offset = run(&["--log", "samples/st-two-names.stusers.log", "--log-offset", "other=3"]);
    assert_eq!(offset.status.code(), Some(2));
}

/// The user may say where the log's clock stands; a wrong word keeps log and packets apart.
#[test]
fn an_offset_outranks_what_log_and_packets_share() {
    let (log, capture) = ("samples/st-two-names.stusers.log", "samples/st-two-names.pcapng");
    let with =
        |offset: &str| json(&["--log", log, "--log-offset", &format!("st-two-names.stusers.log={offset}"), capture]);
    let right = with("-3600");
    assert_eq!(right["inputs"][1]["clock"]["placed"], "offset");
    assert_eq!(right["findings"].as_array().unwrap().len(), 1);
    assert!(with("7200")["findings"].as_array().unwrap().len() > 1);
}

/// In a comparison, logs tell of the failing capture.
#[test]
fn a_comparison_hears_logs() {
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["compare", "--no-config", "--format", "json"]);
    let captures = ["samples/st-token-version-good.pcap", "samples/st-token-version.pcapng"];
    let output = command.args(["--log", "samples/st-token-version.stusers.log"]).args(captures).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["comparison"]["cause"], "ltpa-version-mismatch");
    let evidence = report["findings"][0]["evidence"].as_array().unwrap().clone();
    let line = evidence.iter().find(|fact| fact["source"] == "log").unwrap();
    let input = usize::try_from(line["input"].as_u64().unwrap()).unwrap();
    assert_eq!(report["inputs"][input]["format"], "stusers");
    assert!(sources(&report["findings"][0]).contains(&"log"));
    assert_eq!(report["findings"][0]["confidence"], "high");
}

/// A login that both the capture and the log tell of is one: by its connection, or by its user and time.
#[test]
fn a_login_that_the_capture_shows_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("console.log");
    for (who, is_shown) in [
        ("Nobody Known [10.1.0.50:52355]", true),
        ("asmith [10.1.0.50:49999]", true),
        ("Nobody Known [10.1.0.50:49999]", false),
    ] {
        let line = format!(
            "[0A3C:0002-0B10] 03/10/2025 08:30:20 AM  http: {who} authentication failure using internet password\n"
        );
        std::fs::write(&log, line).unwrap();
        let (path, offset) = (log.to_str().unwrap(), format!("{}=0", log.display()));
        let report = json(&["--log", path, "--log-offset", &offset, "samples/http-wrong-password.pcapng"]);
        let attempts = report["attempts"].as_array().unwrap();
        let logins: Vec<_> = attempts.iter().filter(|row| row["kind"] == "http.login").collect();
        let of_log = logins.iter().filter(|row| !row["log"].is_null()).count();
        assert_eq!((logins[0]["refused"].as_u64(), of_log), (Some(3), usize::from(!is_shown)), "{who}: {attempts:?}");
    }
}
