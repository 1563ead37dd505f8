//! The command as users and scripts meet it: what goes to stdout, what to stderr, and the exit status.

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use tempfile::TempDir;

fn nrpcsniff() -> Command {
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    command.env_clear().env("NO_COLOR", "1").arg("--no-config");
    command
}

fn run(args: &[&str]) -> Output {
    nrpcsniff().args(args).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Status 2, nothing on stdout, and a message that begins as every message does and holds `parts`.
fn refused(output: &Output, parts: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(output.stdout.is_empty(), "{}", stdout(output));
    assert!(text.starts_with("nrpcsniff: "), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// As `refused`, in one line.
fn refused_in_a_sentence(output: &Output, parts: &[&str]) {
    refused(output, parts);
    assert_eq!(stderr(output).lines().count(), 1, "{}", stderr(output));
}

/// A classic pcap of Ethernet, little endian, with `frames` frames that hold nothing known.
fn pcap(frames: u32) -> Vec<u8> {
    let mut bytes = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    for number in 0..frames {
        for field in [1_745_344_099, number, 60, 60] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend([0xee; 60]);
    }
    bytes
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn in_folder(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn no_capture_is_asked_for() {
    refused_in_a_sentence(&nrpcsniff().write_stdin(pcap(1)).output().unwrap(), &["give a capture file", "- for stdin"]);
}

#[test]
fn help_and_version_go_to_stdout() {
    for (arg, part) in [("--help", "Examples:"), ("-h", "--fail-on"), ("--version", env!("CARGO_PKG_VERSION"))] {
        let output = run(&[arg]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains(part) && output.stderr.is_empty());
    }
}

#[test]
fn what_does_not_exist_is_refused() {
    for option in ["--frobnicate", "-Z", "--threads"] {
        refused(&run(&[option, "x"]), &[option]);
    }
    refused(&run(&["--format", "xml", "a.pcap"]), &["xml", "ndjson"]);
    refused(&run(&["--detail", "all", "a.pcap"]), &["messages"]);
    refused(&run(&["--fail-on", "severe", "a.pcap"]), &["blocker"]);
}

#[test]
fn what_belongs_to_live_capture_is_refused_beside_a_file() {
    for option in [
        "--ring=1M",
        "--keep=2",
        "--keep-keys",
        "--trigger=major",
        "--rotate-size=1M",
        "--rotate-time=1h",
        "-c=1",
        "-s=64",
        "-p",
        "-B=1M",
        "--duration=1s",
        "--immediate-mode",
        "--retry",
        "--stats-interval=1s",
        "--max-flows=100",
        "--max-buffer=1M",
        "--user=nobody",
        "--metrics=9352",
    ] {
        refused(&run(&[option, "a.pcap"]), &["cannot be used with", "CAPTURE"]);
        refused(&run(&[option, "-r", "a.pcap"]), &["cannot be used with", "--read"]);
        refused(&run(&[option]), &["--interface"]);
    }
}

#[test]
fn wrong_values_say_what_would_be_right() {
    for (args, part) in [
        (["--now", "yesterday", "a.pcap"], "2025-04-22T17:48:19Z"),
        (["-d", "tcp.port==x,nrpc", "a.pcap"], "tcp.port==PORT,PROTO"),
        (["-d", "tcp.port==1,gopher", "a.pcap"], "nrpc"),
        (["--expect-server", "CN=Mail01/O=Acme", "a.pcap"], "NAME=ALIAS"),
        (["-f", "no such filter", "a.pcap"], "filter"),
        (["-", "-r", "-"], "only once"),
    ] {
        refused_in_a_sentence(&run(&args), &[part]);
    }
}

#[test]
fn a_configuration_that_is_wrong_is_named() {
    let folder = folder(&[("config.toml", b"[thresholds]\nidel = 3\n"), ("a.pcap", &pcap(1))]);
    let config = in_folder(&folder, "config.toml");
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    refused_in_a_sentence(
        &command.args(["--config", &config, "a.pcap"]).output().unwrap(),
        &[&config, "idel", "line 2"],
    );
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    refused_in_a_sentence(&command.args(["--config", "/no/such", "a.pcap"]).output().unwrap(), &["/no/such"]);

    let usual = folder.path().join("nrpcsniff");
    fs::create_dir(&usual).unwrap();
    fs::rename(&config, usual.join("config.toml")).unwrap();
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    let output = command.env("XDG_CONFIG_HOME", folder.path()).arg("a.pcap").output().unwrap();
    refused_in_a_sentence(&output, &["config.toml", "idel"]);
    assert_eq!(run(&[&in_folder(&folder, "a.pcap")]).status.code(), Some(0), "--no-config reads none");
}

#[test]
fn rules_are_listed_and_explained() {
    let list = run_plain(&["rules"]);
    assert_eq!(list.status.code(), Some(0));
    assert!(stdout(&list).contains("nrpc-name-mismatch-alias"));
    let one = run_plain(&["rules", "nrpc-name-mismatch-alias"]);
    for heading in ["What it sees", "Why it matters", "What keeps it silent", "What to do", "Sources"] {
        assert!(stdout(&one).contains(heading), "{heading}");
    }
    assert!(!stdout(&one).contains('\x1b'));
    assert!(stdout(&run_plain(&["rules", "nrpc-name-mismatch-alias", "--color", "always"])).contains('\x1b'));
    refused_in_a_sentence(
        &run_plain(&["rules", "nrpc-name-mismach-alias"]),
        &["nrpc-name-mismatch-alias", "did you mean"],
    );
    refused_in_a_sentence(&run_plain(&["rules", "x\x1b[2J"]), &["nrpcsniff rules", r"\x1b"]);
}

fn run_plain(args: &[&str]) -> Output {
    Command::cargo_bin("nrpcsniff").unwrap().args(args).output().unwrap()
}

#[test]
fn what_is_no_capture_is_refused_in_a_sentence() {
    let folder = folder(&[
        ("empty.pcap", b""),
        ("short.pcap", &pcap(0)[..20]),
        ("text.txt", b"This is a text file, and it goes on for a while so that anyone can see it.\n"),
        ("noise.bin", &[0x9d; 200]),
    ]);
    for (name, part) in [("empty.pcap", "empty"), ("short.pcap", "cut"), ("text.txt", "text"), ("noise.bin", "capture")]
    {
        let path = in_folder(&folder, name);
        refused_in_a_sentence(&run(&[&path]), &[&path, part]);
        refused_in_a_sentence(&run(&["--format", "json", &path]), &[&path, part]);
    }
    refused_in_a_sentence(&run(&[&in_folder(&folder, "missing.pcap")]), &["missing.pcap", "no such file"]);
}

#[test]
fn a_folder_without_captures_says_so() {
    let folder = folder(&[("notes.txt", b"nothing here")]);
    refused_in_a_sentence(&run(&[folder.path().to_str().unwrap()]), &["no capture"]);
}

#[test]
fn a_folder_stands_for_its_captures() {
    let folder = folder(&[("b.pcap", &pcap(2)), ("a.pcap", &pcap(1)), ("notes.txt", b"nothing here")]);
    let output = run(&["-v", "--format", "json", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("notes.txt: passed over"), "{}", stderr(&output));
    let report = json(&output);
    assert_eq!(report["inputs"].as_array().unwrap().len(), 2);
    assert_eq!(report["totals"]["packets"], 3);
    assert!(report["inputs"][0]["path"].as_str().unwrap().ends_with("a.pcap"));
}

#[test]
fn nothing_in_a_folder_is_passed_over_in_silence() {
    let good = fs::read("samples/nrpc-alias-good.pcap").unwrap();
    let sniffer = b"XCP\x0030.31\0\0 a Sniffer capture, which is not read";
    let folder = folder(&[("good.pcap", &good), ("failing.cap", sniffer), ("picture.png", b"\x89PNG\r\n\x1a\n\0\0")]);
    let output = run(&["--format", "json", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("failing.cap: this is a Sniffer CAP capture"), "{}", stderr(&output));
    let report = json(&output);
    assert_eq!(report["inputs"].as_array().unwrap().len(), 2);
    assert!(report["inputs"][0]["problem"].as_str().unwrap().contains("editcap"));
    assert_eq!(report["totals"]["other_files"], 1);
    assert_eq!(report["verdict"]["kind"], "undecided");
    let text = report["verdict"]["text"].as_str().unwrap();
    assert!(text.contains("1 of 2 captures could not be read"), "{text}");
    let short = stdout(&run(&[folder.path().to_str().unwrap()]));
    assert!(short.contains("1 other file"), "{short}");
    let whole = stdout(&run(&["-v", folder.path().to_str().unwrap()]));
    assert!(whole.contains("1 file is neither capture nor log nor key, and was passed over (-v names it)."), "{whole}");
}

#[test]
fn a_name_without_a_file_is_no_capture() {
    let output = run(&["samples/nrpc-alias-good.pcap", "samples/nrpc-alias-god.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no such file"), "{}", stderr(&output));
    let table = stdout(&output);
    assert!(table.contains("1 capture: 1 work, 1 name without a file"), "{table}");
}

#[test]
fn damage_gives_2_and_the_report_of_what_could_be_read() {
    let mut cut = pcap(3);
    cut.truncate(cut.len() - 10);
    let folder = folder(&[("cut.pcap", &cut)]);
    let output = run(&["-q", "--format", "json", &in_folder(&folder, "cut.pcap")]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    let report = json(&output);
    assert_eq!(report["inputs"][0]["complete"], false);
    assert!(report["inputs"][0]["problem"].is_string());
    assert_eq!(report["totals"]["packets"], 2);
}

#[test]
fn one_bad_path_does_not_hide_the_others() {
    let folder = folder(&[("good.pcap", &pcap(2)), ("bad.pcap", b"GARBAGE that is no capture")]);
    fs::create_dir(folder.path().join("nothing")).unwrap();
    let paths = ["good.pcap", "bad.pcap", "missing.pcap", "nothing"].map(|name| in_folder(&folder, name));
    let output = nrpcsniff().args(["--format", "json"]).args(&paths).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    for name in ["bad.pcap", "missing.pcap", "nothing"] {
        assert_eq!(stderr(&output).lines().filter(|line| line.contains(name)).count(), 1, "{}", stderr(&output));
    }
    let report = json(&output);
    assert_eq!(report["totals"]["packets"], 2);
    assert_eq!(report["inputs"].as_array().unwrap().len(), 3);
}

#[test]
fn stdin_is_read_plain_and_compressed() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &pcap(4)).unwrap();
    for bytes in [pcap(4), gzip.finish().unwrap()] {
        let output = nrpcsniff().args(["-", "--format", "json"]).write_stdin(bytes).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(json(&output)["totals"]["packets"], 4);
        assert!(output.stderr.is_empty(), "{}", stderr(&output));
    }
}

#[test]
fn a_report_never_overwrites_a_capture() {
    let folder = folder(&[("a.pcap", &pcap(1))]);
    let capture = in_folder(&folder, "a.pcap");
    for input in [capture.as_str(), folder.path().to_str().unwrap()] {
        refused_in_a_sentence(&run(&[input, "-o", &capture]), &["not overwritten"]);
    }
    assert_eq!(fs::read(&capture).unwrap(), pcap(1));
    let report = in_folder(&folder, "report.json");
    let output = run(&[&capture, "--format", "json", "-o", &report]);
    assert!(output.status.success() && output.stdout.is_empty());
    let written: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    assert_eq!(written["schema_version"], 2);
    assert!(!run(&[&capture, "--format", "json", "-o", "-"]).stdout.is_empty());
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = folder(&[("a.pcap", &pcap(1))]);
    for format in ["table", "json", "ndjson"] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("nrpcsniff"))
            .args(["--no-config", "--format", format, &in_folder(&folder, "a.pcap")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stderr.is_empty(), "{}", stderr(&output));
    }
}

#[test]
fn a_table_is_plain_text_unless_colours_are_asked_for() {
    let folder = folder(&[("a.pcap", &pcap(1))]);
    let path = in_folder(&folder, "a.pcap");
    let plain = stdout(&run(&[&path]));
    assert!(plain.contains("NOTHING  No sign-on was seen") && !plain.contains('\x1b'), "{plain}");
    assert!(stdout(&run(&["--color", "always", &path])).contains('\x1b'));
    let forced = Command::cargo_bin("nrpcsniff")
        .unwrap()
        .env("CLICOLOR_FORCE", "1")
        .env_remove("NO_COLOR")
        .args(["--no-config", &path])
        .output()
        .unwrap();
    assert!(stdout(&forced).contains('\x1b'));
}

#[test]
fn a_hostile_file_name_is_written_out() {
    let folder = folder(&[("a\x1b[2J\n.pcap", &pcap(1))]);
    let path = in_folder(&folder, "a\x1b[2J\n.pcap");
    let output = run(&["-v", &path]);
    assert!(!stdout(&output).contains('\x1b') && !stderr(&output).contains('\x1b'));
    assert!(stdout(&output).contains(r"\x1b[2J\n"));
}

/// Captures of the shared corpus, where it is at hand.
fn corpus(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("NRPCSNIFF_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from);
    let path = root.join(name);
    if !path.exists() {
        eprintln!("SKIPPED: no {}; set NRPCSNIFF_CORPUS to a folder that has it", path.display());
    }
    path.exists().then_some(path)
}

#[test]
fn formats_and_details_agree_on_a_real_capture() {
    let Some(path) = corpus("real/nrpc_veth.pcapng") else { return };
    let path = path.to_str().unwrap();
    let report = json(&run(&["--format", "json", path]));
    let packets = report["totals"]["packets"].as_u64().unwrap();
    assert!(packets > 0);
    let lines = stdout(&run(&["--format", "ndjson", path]));
    let kinds: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_kind = |kind: &str| kinds.iter().filter(|line| line["kind"] == kind).count();
    for kind in ["inputs", "conversations", "findings"] {
        assert_eq!(of_kind(kind), report[kind].as_array().unwrap().len(), "{kind}");
    }
    for detail in ["findings", "conversations", "messages"] {
        let table = stdout(&run(&["--detail", detail, path]));
        assert!(table.contains("VERDICT"), "{table}");
        let other = json(&run(&["--format", "json", "--detail", detail, path]));
        assert_eq!(other["findings"], report["findings"], "{detail}");
        assert_eq!(other["totals"], report["totals"], "{detail}");
    }
}

#[test]
fn a_filter_leaves_out_frames_and_keeps_their_numbers() {
    let Some(path) = corpus("real/nrpc_veth.pcapng") else { return };
    let path = path.to_str().unwrap();
    let all = json(&run(&["--format", "json", path]));
    let some = run(&["--format", "json", "-f", "tcp port 1352", path]);
    if stderr(&some).contains("without libpcap") {
        eprintln!("SKIPPED: built without libpcap");
        return;
    }
    let some = json(&some);
    assert!(some["totals"]["packets"].as_u64() <= all["totals"]["packets"].as_u64());
    let first = |report: &serde_json::Value| {
        let nrpc = report["conversations"].as_array().unwrap().iter().find(|c| c["server"]["port"] == 1352).cloned();
        nrpc.map(|c| (c["first_packet"].clone(), c["teardown"].clone()))
    };
    assert_eq!(first(&some), first(&all));
    assert_eq!(json(&run(&["--format", "json", "-f", "udp port 9", path]))["totals"]["packets"], 0);
}

/// A public constant of another project's unit tests (github.com/markusberg/ltpa), with its secret.
const DOMINO_TOKEN: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZNeSBUZXN0IFVzZXJjcHMKyXIrtD4SZcV7DKWd67EFng==";
const DOMINO_SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhM=\n";

/// `nrpcsniff token` with these arguments and that stdin.
fn token(args: &[&str], stdin: &str) -> Output {
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    command.env_clear().env("NO_COLOR", "1").args(["token", "--no-config"]).args(args);
    command.write_stdin(stdin).output().unwrap()
}

#[test]
fn a_token_is_explained_and_never_shown() {
    let shown = |args: &[&str], stdin: &str| {
        let output = token(args, stdin);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(!text.contains(&DOMINO_TOKEN[..12]), "{text}");
        text
    };
    let text = shown(&[DOMINO_TOKEN], "");
    for part in
        ["My Test User", "2009-02-13T23:26:30Z", "2009-02-14T01:06:30Z", "expired      yes", "clock of this machine"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let at = shown(&["--now", "2009-02-14T00:06:30Z", "-"], &format!("Cookie: LtpaToken=\"{DOMINO_TOKEN}\"\n"));
    assert!(at.contains("expired      no, 60.0 min are left at 2009-02-14T00:06:30Z (--now)"), "{at}");
    assert!(shown(&["Cookie: LtpaToken=\"undefined\""], "").contains("Set security cookies to HTTPOnly"));
    assert!(shown(&[""], "").contains("at logout"));
    assert!(shown(&[], "").contains("at logout"));
    assert!(shown(&["eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2ln"], "").contains("JSON web token"));
    let secret = token(&["--show-secrets", DOMINO_TOKEN], "");
    assert!(stdout(&secret).replace(['\n', ' '], "").contains(DOMINO_TOKEN), "{}", stdout(&secret));
}

#[test]
fn tokens_come_from_a_file_as_json_with_keys() {
    let tokens = format!("{DOMINO_TOKEN}\nLtpaToken=null\n");
    let folder = folder(&[("tokens", tokens.as_bytes()), ("secret", DOMINO_SECRET.as_bytes())]);
    let (file, secret) = (in_folder(&folder, "tokens"), in_folder(&folder, "secret"));
    let output = token(&["--file", &file, "--domino-secret-file", &secret, "--format", "json"], "");
    let lines: Vec<serde_json::Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["class"], &lines[0]["verified"]), (&"domino".into(), &true.into()));
    assert_eq!((&lines[1]["class"], &lines[1]["cookie"]), (&"junk-literal".into(), &"LtpaToken".into()));

    let config = folder.path().join("config.toml");
    fs::write(&config, "[keys]\ndomino-secret-file = ['secret']\n").unwrap();
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    let output = command.env_clear().args(["token", DOMINO_TOKEN, "--config"]).arg(&config).output().unwrap();
    assert!(stdout(&output).contains("signature    holds"), "{}", stderr(&output));
}

#[test]
fn wrong_keys_and_tokens_are_refused() {
    let folder = folder(&[("secret", b"AAEC\n"), ("a.pcap", &pcap(1)), ("word", b"x\n")]);
    let [secret, capture, word] = ["secret", "a.pcap", "word"].map(|name| in_folder(&folder, name));
    for output in
        [token(&["--domino-secret-file", &secret, "x"], ""), run(&["--domino-secret-file", &secret, &capture])]
    {
        refused_in_a_sentence(&output, &["secret: line 1: this is no Domino secret"]);
    }
    refused_in_a_sentence(&run(&["--ltpa-keys", &word, &capture]), &["--ltpa-password-file"]);
    let output = run(&["--ltpa-keys", &word, "--ltpa-password-file", &word, &capture]);
    refused_in_a_sentence(&output, &["word: this is no LTPA key file"]);
    refused_in_a_sentence(&token(&["--file", "/no/such"], ""), &["/no/such: cannot be read"]);
    refused_in_a_sentence(&token(&["--now", "today", "x"], ""), &["--now 'today'"]);
}

#[test]
fn what_is_no_token_is_said_in_one_sentence() {
    let output = token(&["-"], "Cookie: a=b; c=d\n");
    assert_eq!(stdout(&output), "no token: none of these cookies is a sign-on token: a, c\n");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let output = token(&["--format", "json", "-"], "Dear all,\nit does not work.\n");
    let said: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(said["explanation"].as_str().unwrap().starts_with("no token: "), "{said}");
}

const STUSERS: &str = "\
101117_095933.869,INF,Users   ,VpUsrAuthenticate::handleCheckUser: authenticating user with loginName=CN=Ann Smith/O=ACME by a single token
101117_095933.884,FTL,LDAP Aut,token verification failed. [4098]
101117_095933.884,INF,Users   ,VpUsrAuthenticate::checkedUser: VpUsrAuthenticate: bad login
";

fn compressed(text: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

#[test]
fn a_log_alone_is_judged() {
    let folder = folder(&[("st.txt", STUSERS.as_bytes()), ("st.txt.gz", &compressed(STUSERS))]);
    for name in ["st.txt", "st.txt.gz"] {
        let output = run(&["-v", "--log", &in_folder(&folder, name)]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let shown = stdout(&output);
        for part in [
            "VERDICT  Sametime did not accept the sign-on token of CN=Ann Smith/O=ACME",
            &format!("{name} line 2"),
            "4098",
            "stusers",
            "not placed",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        for part in ["packet", "frame.number", "Wireshark", "capture "] {
            assert!(!shown.contains(part), "{part}: {shown}");
        }
    }
    let fails = run(&["--log", &in_folder(&folder, "st.txt"), "--fail-on", "major"]);
    assert_eq!(fails.status.code(), Some(1));
    let piped = nrpcsniff().args(["-v", "--log", "-"]).write_stdin(STUSERS).output().unwrap();
    assert!(stdout(&piped).contains("- line 2"), "{}", stdout(&piped));
}

#[test]
fn a_log_that_tells_no_fault_is_told_apart_from_none() {
    let text = "101117_095933.869,INF,Users   ,got a request\n";
    let folder = folder(&[("st.txt", text.as_bytes())]);
    let output = run(&["--log", &in_folder(&folder, "st.txt")]);
    let shown = stdout(&output);
    assert_eq!(output.status.code(), Some(0));
    assert!(shown.contains("Nothing of sign-on was understood in 1 line") && shown.contains("Logs alone"), "{shown}");
    assert!(!shown.contains("packet") && !shown.contains("interface, mirror port"), "{shown}");
}

#[test]
fn json_lists_logs_after_captures_and_names_their_lines() {
    let folder = folder(&[("a.pcap", &pcap(2)), ("st.txt", STUSERS.as_bytes())]);
    let (capture, log) = (in_folder(&folder, "a.pcap"), in_folder(&folder, "st.txt"));
    let report = json(&run(&[&capture, "--log", &log, "--format", "json", "-q"]));
    let inputs = report["inputs"].as_array().unwrap();
    assert_eq!((&inputs[0]["format"], &inputs[1]["format"]), (&"pcap".into(), &"stusers".into()));
    assert_eq!(
        (&inputs[1]["lines"], &inputs[1]["packets"], &inputs[1]["complete"]),
        (&3.into(), &0.into(), &true.into())
    );
    assert_eq!(inputs[1]["clock"]["placed"], "no");
    assert_eq!(inputs[1]["clock"]["first_written"], "101117_095933.869");
    assert_eq!(inputs[1]["link_types"].as_array().unwrap().len(), 0);
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "st-token-refused").unwrap();
    let evidence = &finding["evidence"][1];
    assert_eq!((&evidence["source"], &evidence["input"], &evidence["line"]), (&"log".into(), &1.into(), &2.into()));
    assert!(evidence["packet"].is_null() && finding["packets"].as_array().unwrap().is_empty());
    assert_eq!(finding["wireshark_filter"], "");
    let lines = stdout(&run(&[&capture, "--log", &log, "--format", "ndjson", "-q"]));
    assert_eq!(lines.lines().filter(|line| line.contains("\"kind\":\"inputs\"")).count(), 2);
}

#[test]
fn the_offset_of_a_log_places_it() {
    let folder = folder(&[("st.txt", STUSERS.as_bytes())]);
    let log = in_folder(&folder, "st.txt");
    let report = json(&run(&["--log", &log, "--log-offset", "st.txt=-3600", "--format", "json"]));
    let input = &report["inputs"][0];
    assert_eq!((&input["clock"]["placed"], &input["first"]), (&"offset".into(), &"2010-11-17T08:59:33.869Z".into()));
    assert_eq!(input["clock"]["offset_s"], -3600.0);
    refused_in_a_sentence(&run(&["--log", &log, "--log-offset", "other.txt=1"]), &["no --log of that name"]);
    refused_in_a_sentence(&run(&["--log", &log, "--log-offset", "st.txt=x"]), &["FILE=SECONDS"]);
}

#[test]
fn a_log_that_is_of_no_use_is_trouble_and_the_rest_is_reported() {
    let folder = folder(&[("st.txt", STUSERS.as_bytes()), ("x.txt", b"hello\n"), ("empty", b"")]);
    let good = in_folder(&folder, "st.txt");
    for (name, part) in
        [("x.txt", "known are Sametime STUsers (101117_"), ("empty", "is empty"), ("none", "cannot be read")]
    {
        let path = in_folder(&folder, name);
        refused_in_a_sentence(&run(&["--log", &path]), &[part]);
        let both = run(&["--log", &path, "--log", &good]);
        assert_eq!(both.status.code(), Some(2));
        assert!(stdout(&both).contains("FAULT    Sametime did not accept"), "{name}");
    }
    refused_in_a_sentence(&run(&["--log", &good, "-o", &good]), &["not overwritten"]);
    refused_in_a_sentence(&run(&["-", "--log", "-"]), &["only once"]);
}

#[test]
fn nothing_secret_and_nothing_hostile_of_a_log_is_shown() {
    let token = "AAECAzUwOUI2RjRCNTA5Qjc2NTNDTj1Bbm5lIExhdm91ZS9PVT1VSy9PPVJVS4wOqEv/nGS4v6gHqcPyfDiuMRcR";
    let said = format!(
        "token verification failed. [4098] {token} password=hunter2 \u{1b}[2J\u{202e} Cookie: LtpaToken={token}"
    );
    let text =
        STUSERS.replace("token verification failed. [4098]", &said).replace("Ann Smith", "Ann\u{1b}]0;x\u{7} Smith");
    let folder = folder(&[("st.txt", text.as_bytes())]);
    let log = in_folder(&folder, "st.txt");
    for format in ["table", "json", "ndjson"] {
        let shown = stdout(&run(&["--log", &log, "--format", format]));
        assert!(shown.contains("4098"), "{shown}");
        for secret in ["hunter2", &token[..20], &token[40..60], "\u{1b}[2J", "\u{202e}", "\u{1b}]0"] {
            assert!(!shown.contains(secret), "{format} {secret:?}: {shown}");
        }
        let open = stdout(&run(&["-v", "--log", &log, "--format", format, "--show-secrets"]));
        assert!(open.contains("hunter2") && !open.contains('\u{1b}'), "{open}");
    }
}

#[test]
fn the_real_samples_tell_their_stories() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference");
    for (name, rules) in [
        ("stusers-sample.txt", vec!["st-token-refused", "ltpa-dn-mismatch"]),
        ("systemout-sample.txt", vec!["ltpa-undefined-sip"]),
        ("notes-trace-sample.txt", vec!["nrpc-name-mismatch-alias"]),
    ] {
        let path = folder.join(name);
        if !path.exists() {
            eprintln!("SKIPPED: {} is not there", path.display());
            continue;
        }
        let report = json(&run(&["--log", path.to_str().unwrap(), "--format", "json"]));
        let found: Vec<_> =
            report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
        assert_eq!(found, rules, "{name}");
    }
}

/// A program that is asked whether it understands what it gets on its standard input.
fn understands(program: &str, arguments: &[&str], text: &[u8]) {
    let child = std::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("SKIPPED: {program} is not installed");
        return;
    };
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{program}: {}", stderr(&output));
}

#[test]
fn completions_know_the_rules_and_are_understood_by_their_shells() {
    for (shell, arguments) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        for value in ["nrpc-early-close", "tcp.port==1352,nrpc", "--keylog", "compare"] {
            // fish writes a comma within a value with a backslash before it.
            assert!(stdout(&output).replace("\\,", ",").contains(value), "{shell}: {value}");
        }
        understands(shell, arguments, &output.stdout);
    }
    assert!(stdout(&run(&["completions", "powershell"])).contains("Register-ArgumentCompleter"));
    refused(&run(&["completions", "csh"]), &["bash", "powershell"]);
}

#[test]
fn manual_pages_are_for_the_program_and_its_commands() {
    for (arguments, parts) in [
        (&["man"][..], ["nrpcsniff", "Exit status", "expect\\-server"]),
        (&["man", "compare"], ["nrpcsniff-compare", "Exit status", "stream"]),
    ] {
        let output = run(arguments);
        let page = stdout(&output);
        assert!(parts.iter().all(|part| page.contains(part)), "{page}");
        understands("groff", &["-man", "-Tutf8", "-ww"], &output.stdout);
    }
    refused_in_a_sentence(&run(&["man", "woman"]), &["no command 'woman'"]);
}

#[test]
fn the_schema_of_the_report_is_json() {
    let schema: serde_json::Value = serde_json::from_slice(&run(&["schema"]).stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["properties"]["schema_version"]["const"], 2);
}

#[test]
fn a_pattern_that_the_shell_left_alone_is_expanded() {
    let pattern = "samples/nrpc-alias*.pcapng";
    let output = run(&["--format", "concise", pattern]);
    assert!(stdout(&output).lines().count() >= 3, "{}", stdout(&output));
    assert!(stdout(&run(&["check", pattern])).contains("as expected"));
    let missing = run(&["no-such-*.pcap"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("no-such-*.pcap"), "{}", stderr(&missing));
}

#[test]
fn thresholds_are_told_by_name_unit_and_rule() {
    let all = stdout(&run(&["rules", "--thresholds"]));
    for part in ["stuck-tries = 3 (repetitions)", "sip-timeout = 32 (s)", "tcp-mtu-blackhole", "[thresholds]"] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&run(&["rules", "--thresholds", "--format", "json"]).stdout).unwrap();
    assert!(json["thresholds"].as_array().unwrap().len() > 50);
    let one = stdout(&run(&["rules", "tcp-zero-window"]));
    assert!(one.contains("Its thresholds") && one.contains("zero-window = 1 (s)"), "{one}");
}
