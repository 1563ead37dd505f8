//! `nrpcsniff check` as users and CI servers meet it, on copies of the samples.

use assert_cmd::Command;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use tempfile::TempDir;

const SAMPLES: [&str; 2] = ["nrpc-alias.pcapng", "sip-undefined.pcapng"];

/// Copies of some samples, with their expectations.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for name in SAMPLES {
            let expectation = name.replace(".pcapng", ".expected.json");
            for name in [name, &expectation] {
                fs::copy(sample(name), folder.path(name)).unwrap();
            }
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Changes the expectation of the alias.
    fn expect(&self, from: &str, to: &str) {
        let text = self.read("nrpc-alias.expected.json");
        assert!(text.contains(from), "{text}");
        self.write("nrpc-alias.expected.json", &text.replace(from, to));
    }

    /// `check` with these arguments, in the folder.
    fn check(&self, args: &[&str]) -> Output {
        command().current_dir(self.0.path()).args(args).output().unwrap()
    }
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nrpcsniff"));
    command.env_clear().env("NO_COLOR", "1").arg("check");
    command
}

/// Status and stdout; nothing may be on stderr.
fn shown(output: &Output) -> (i32, String) {
    assert!(output.stderr.is_empty(), "{}", stderr(output));
    (output.status.code().unwrap(), String::from_utf8(output.stdout.clone()).unwrap())
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const CHANGED: &str = "\
FAIL   nrpc-alias.pcapng
  ~ finding nrpc-name-mismatch-alias: severity expected major, found blocker
";

#[test]
fn what_is_as_expected_passes() {
    let folder = Folder::new();
    assert_eq!(shown(&folder.check(&["."])), (0, "2 cases: 2 as expected.\n".to_owned()));
    assert_eq!(shown(&folder.check(&["-q", "."])), (0, String::new()));
    let (status, text) = shown(&folder.check(&["-v", "nrpc-alias.pcapng"]));
    assert_eq!((status, text.as_str()), (0, "ok     nrpc-alias.pcapng\n1 case: 1 as expected.\n"));
}

#[test]
fn a_changed_severity_fails_with_a_diff() {
    let folder = Folder::new();
    folder.expect("\"blocker\"", "\"major\"");
    let summary = "2 cases: 1 as expected, 1 not as expected.\n";
    let shown = shown(&folder.check(&["nrpc-alias.pcapng", "sip-undefined.pcapng"]));
    assert_eq!(shown, (1, format!("{CHANGED}{summary}")));
}

#[test]
fn missing_and_surplus_findings_are_told() {
    let folder = Folder::new();
    folder.write("nrpc-alias.expected.json", r#"{"findings": [{"rule": "tcp-loss"}]}"#);
    let (status, text) = shown(&folder.check(&["nrpc-alias.pcapng"]));
    assert_eq!(status, 1);
    assert!(text.contains("  - finding tcp-loss: expected, not found\n"), "{text}");
    let surplus =
        "  + finding nrpc-name-mismatch-alias: not expected, found (blocker, conversations 1, 2: Client asked";
    assert!(text.contains(surplus), "{text}");
    folder.write("nrpc-alias.expected.json", r#"{"surplus": "never"}"#);
    assert_eq!(folder.check(&["nrpc-alias.pcapng"]).status.code(), Some(0));
}

#[test]
fn what_must_be_absent_is_not_blessed() {
    let folder = Folder::new();
    folder.write("sip-undefined.expected.json", r#"{"absent": ["ltpa-httponly-script"], "surplus": "never"}"#);
    for args in [&["sip-undefined.pcapng"][..], &["--bless", "sip-undefined.pcapng"]] {
        let (status, text) = shown(&folder.check(args));
        let line = "  + finding ltpa-httponly-script: must be absent, found under \"also\" of ltpa-undefined-sip\n";
        assert!(status == 1 && text.contains(line), "{text}");
    }
    assert!(folder.read("sip-undefined.expected.json").starts_with("{\"absent\""), "not touched");
}

#[test]
fn bless_shows_writes_and_then_all_is_as_expected() {
    let folder = Folder::new();
    let before = folder.read("nrpc-alias.expected.json");
    folder.expect("\"blocker\"", "\"major\"");
    let (status, text) = shown(&folder.check(&["--bless", "."]));
    assert_eq!(status, 0);
    let written = CHANGED.replace("FAIL ", "BLESS");
    assert_eq!(text, format!("{written}  rewritten: nrpc-alias.expected.json\n2 cases: 1 as expected, 1 written.\n"));
    assert_eq!(folder.read("nrpc-alias.expected.json"), before);
    assert_eq!(folder.check(&["."]).status.code(), Some(0));
    let names = fs::read_dir(folder.0.path()).unwrap().count();
    assert_eq!(names, 4, "nothing is left behind");
}

#[test]
fn a_new_expectation_is_what_the_samples_have() {
    let folder = Folder::new();
    for name in ["nrpc-alias.expected.json", "sip-undefined.expected.json"] {
        let before = folder.read(name);
        fs::remove_file(folder.path(name)).unwrap();
        let (status, text) = shown(&folder.check(&["--bless", "."]));
        assert!(status == 0 && text.contains(&format!("  new: {name}\n")), "{text}");
        assert_eq!(folder.read(name), before);
    }
}

#[test]
fn a_choice_survives_blessing() {
    let folder = Folder::new();
    let chosen = json!({
        "options": {"expect_server": ["STCOMM7/Servers/Example=chat.example.net"]},
        "absent": ["tcp-loss"],
        "findings": [{"rule": "nrpc-early-close", "severity": "major"}],
        "conversations": [{"id": 1, "teardown": {"how": "rst"}}]
    });
    folder.write("nrpc-alias.expected.json", &chosen.to_string());
    assert_eq!(folder.check(&["--bless", "."]).status.code(), Some(0));
    let new: Value = serde_json::from_str(&folder.read("nrpc-alias.expected.json")).unwrap();
    assert_eq!((&new["options"], &new["absent"]), (&chosen["options"], &chosen["absent"]));
    assert_eq!(new["conversations"], json!([{"id": 1, "teardown": {"how": "fin"}}]));
    let keys = |finding: &Value| finding.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(new["findings"].as_array().unwrap().iter().all(|finding| keys(finding) == ["rule", "severity"]), "{new}");
    assert_eq!(folder.check(&["."]).status.code(), Some(0));
}

#[test]
fn options_change_the_run() {
    let folder = Folder::new();
    folder.write(
        "nrpc-alias.expected.json",
        r#"{"options": {"expect_server": ["STCOMM7/Servers/Example=chat.example.net"]},
        "absent": ["nrpc-name-mismatch-alias"], "surplus": "never"}"#,
    );
    assert_eq!(folder.check(&["nrpc-alias.pcapng"]).status.code(), Some(0));
    folder.write(
        "nrpc-alias.expected.json",
        r#"{"options": {"decode_as": ["tcp.port==1352,none"]}, "conversations": [{"id": 1}]}"#,
    );
    let (status, text) = shown(&folder.check(&["nrpc-alias.pcapng"]));
    assert!(status == 1 && text.contains("- conversation 1: expected, not found"), "{text}");
    folder.write("nrpc-alias.expected.json", r#"{"options": {"now": "yesterday"}}"#);
    let (status, text) = shown(&folder.check(&["nrpc-alias.pcapng"]));
    assert!(
        status == 2 && text.contains("nrpc-alias.expected.json: options: --now 'yesterday': write it as"),
        "{text}"
    );
}

#[test]
fn keys_are_found_beside_the_expectation() {
    let folder = Folder::new();
    fs::create_dir(folder.path("sub")).unwrap();
    for name in ["http-key-mismatch.pcapng", "demo.ltpa.keys"] {
        fs::copy(sample(name), folder.path("sub").join(name)).unwrap();
    }
    folder.write("sub/word", "WebAS\n");
    folder.write(
        "sub/http-key-mismatch.expected.json",
        r#"{"options": {"ltpa_keys": ["demo.ltpa.keys"], "ltpa_password_file": ["word"]}, "surplus": "never"}"#,
    );
    assert_eq!(shown(&folder.check(&["sub"])).0, 0);
    fs::remove_file(folder.path("sub/word")).unwrap();
    let (status, text) = shown(&folder.check(&["sub"]));
    assert!(status == 2 && text.contains("sub/word: cannot be read"), "{text}");
}

#[test]
fn a_capture_without_expectation_is_an_error_with_its_fix() {
    let folder = Folder::new();
    fs::rename(folder.path("nrpc-alias.pcapng"), folder.path("my alias.pcapng")).unwrap();
    let (status, text) = shown(&folder.check(&["."]));
    assert_eq!(status, 2);
    for part in [
        "ERROR  my alias.pcapng\n  there is no my alias.expected.json beside it: ",
        "nrpcsniff check --bless './my alias.pcapng' writes it",
        "ERROR  nrpc-alias.expected.json\n  there is no capture of this name beside it",
        "3 cases: 1 as expected, 2 could not be checked.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_typing_error_is_named_with_its_line() {
    let folder = Folder::new();
    folder.expect("\"severity\"", "\"severty\"");
    for args in [&["nrpc-alias.pcapng"][..], &["--bless", "nrpc-alias.pcapng"]] {
        let (status, text) = shown(&folder.check(args));
        let line = "nrpc-alias.expected.json: line 8, column 15: unknown key 'severty': did you mean 'severity'?\n";
        assert!(status == 2 && text.contains(line), "{text}");
    }
    folder.expect("\"severty\"", "\"severity\"");
    folder.expect("nrpc-name-mismatch-alias", "nrpc-name-mismach-alias");
    let (status, text) = shown(&folder.check(&["nrpc-alias.pcapng"]));
    assert!(status == 2 && text.contains("did you mean 'nrpc-name-mismatch-alias'"), "{text}");
}

#[test]
fn damage_is_an_error_unless_it_is_expected() {
    let folder = Folder::new();
    let mut bytes = fs::read(folder.path("nrpc-alias.pcapng")).unwrap();
    bytes.truncate(bytes.len() - 10);
    fs::write(folder.path("nrpc-alias.pcapng"), bytes).unwrap();
    let (status, text) = shown(&folder.check(&["nrpc-alias.pcapng"]));
    assert!(status == 2 && text.contains("cut at byte") && text.contains("\"complete\": false"), "{text}");
    let (status, text) = shown(&folder.check(&["--bless", "nrpc-alias.pcapng"]));
    assert!(status == 0 && text.contains("  + input nrpc-alias.pcapng: cut at byte"), "{text}");
    assert_eq!(shown(&folder.check(&["nrpc-alias.pcapng"])).0, 0);
}

#[test]
fn what_cannot_be_read_is_never_blessed() {
    let folder = Folder::new();
    let before = folder.read("nrpc-alias.expected.json");
    folder.write("nrpc-alias.pcapng", "this is a text and no capture\n");
    folder.write("new.pcapng", "this is a text and no capture\n");
    for args in [&["nrpc-alias.pcapng", "new.pcapng"][..], &["--bless", "nrpc-alias.pcapng", "new.pcapng"]] {
        let (status, text) = shown(&folder.check(args));
        assert!(status == 2 && text.matches("this looks like text").count() == 2, "{text}");
    }
    assert_eq!(folder.read("nrpc-alias.expected.json"), before);
    assert!(!folder.path("new.expected.json").exists());
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.expect("\"blocker\"", "\"major\"");
    fs::set_permissions(folder.0.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.path("probe"), "").is_ok() {
        eprintln!("SKIPPED: this user may write everywhere");
        return;
    }
    let output = folder.check(&["--bless", "nrpc-alias.pcapng"]);
    fs::set_permissions(folder.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (status, text) = shown(&output);
    assert!(status == 2 && text.contains("nrpc-alias.expected.json: cannot be written"), "{text}");
}

#[test]
fn wrong_usage_is_refused_in_a_sentence() {
    let folder = Folder::new();
    fs::create_dir(folder.path("empty")).unwrap();
    for (args, part) in [
        (&["-"][..], "stdin (-) cannot be checked"),
        (&["--junit", "none/x.xml", "."], "there is no folder none"),
        (&["--junit", "nrpc-alias.pcapng", "."], "not overwritten"),
        (&["--junit", "nrpc-alias.expected.json", "."], "not overwritten"),
    ] {
        let output = folder.check(args);
        assert_eq!((output.status.code(), stderr(&output).lines().count()), (Some(2), 1), "{}", stderr(&output));
        assert!(stderr(&output).contains(part) && output.stdout.is_empty(), "{}", stderr(&output));
    }
    assert_eq!(folder.check(&[]).status.code(), Some(2));
    assert_eq!(folder.check(&["--junit", "x.xml", "--bless", "."]).status.code(), Some(2));
    let output = folder.check(&["empty", "nrpc-alias.pcapng", "missing.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("empty: there is no capture"), "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("missing.pcap: there is no such file") && text.contains("1 as expected"), "{text}");
}

#[test]
fn junit_goes_to_a_file_or_to_stdout() {
    let folder = Folder::new();
    folder.expect("\"blocker\"", "\"major\"");
    let (status, _) = shown(&folder.check(&["--junit", "report.xml", "."]));
    assert_eq!(status, 1);
    let written = folder.read("report.xml");
    for part in [
        r#"<testsuites name="nrpcsniff check" tests="2" failures="1" errors="0" time=""#,
        r#"<testcase name="nrpc-alias.pcapng" classname="." time=""#,
        r#"<failure message="~ finding nrpc-name-mismatch-alias: severity expected major, found blocker""#,
    ] {
        assert!(written.contains(part), "{part}: {written}");
    }
    let output = folder.check(&["--junit", "-", "."]);
    let without_times = |text: &str| {
        let pieces: Vec<_> = text.split(" time=\"").map(|piece| piece.split_once('"').map_or(piece, |p| p.1)).collect();
        pieces.concat()
    };
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(stdout.starts_with("<?xml") && without_times(&stdout) == without_times(&written));
    assert!(stderr(&output).starts_with("FAIL "), "{}", stderr(&output));
}

#[test]
fn the_usual_configuration_is_ignored_and_a_named_one_is_not() {
    let folder = Folder::new();
    fs::create_dir(folder.path("nrpcsniff")).unwrap();
    folder.write(
        "nrpcsniff/config.toml",
        "[[server]]\nname = 'STCOMM7/Servers/Example'\naliases = ['chat.example.net']\n",
    );
    let mut usual = command();
    usual.current_dir(folder.0.path()).env("XDG_CONFIG_HOME", folder.0.path()).arg("nrpc-alias.pcapng");
    assert_eq!(usual.output().unwrap().status.code(), Some(0));
    assert_eq!(folder.check(&["--config", "nrpcsniff/config.toml", "nrpc-alias.pcapng"]).status.code(), Some(1));
}

#[test]
fn a_closed_pipe_ends_quietly_and_the_status_still_counts() {
    let folder = Folder::new();
    folder.expect("\"blocker\"", "\"major\"");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_nrpcsniff"))
        .args(["check", "-v"])
        .arg(folder.0.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
}

#[test]
fn help_says_what_a_file_may_list() {
    let output = command().arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["absent", "surplus", "log_offsets", "--bless keeps", "Exit status", "configuration file is ignored"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
