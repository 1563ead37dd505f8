//! What is attached to a ticket, in whatever shape: logs given as captures, folders, archives, standard input. Each is read as what
//! it is, and the answer is that of the same files named one by one.

use assert_cmd::Command;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");

fn sample(name: &str) -> PathBuf {
    Path::new(SAMPLES).join(name)
}

/// The report of a run, and what it said on stderr.
fn run(args: &[&str], stdin: &[u8]) -> (Value, String) {
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    command.env_clear().args(["--no-config", "--format", "json", "--detail", "findings"]).args(args);
    let output = command.write_stdin(stdin).output().unwrap();
    let talk = String::from_utf8(output.stderr).unwrap();
    (serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {talk}")), talk)
}

/// What matters of the findings: rule, title, score.
fn findings(report: &Value) -> Vec<(&str, &str, i64)> {
    let found = report["findings"].as_array().unwrap();
    found
        .iter()
        .map(|f| (f["rule"].as_str().unwrap(), f["title"].as_str().unwrap(), f["score"].as_i64().unwrap()))
        .collect()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A tar archive, compressed with gzip.
fn tar_gz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn a_log_is_a_log_however_it_is_given() {
    let log = sample("st-log-4098.stusers.log");
    let (path, bytes) = (log.to_str().unwrap(), fs::read(&log).unwrap());
    let (as_log, _) = run(&["--log", path], b"");
    assert!(!findings(&as_log).is_empty());
    for (args, stdin) in
        [(vec![path], &[][..]), (vec!["-r", path], &[]), (vec!["-"], &bytes), (vec!["--log", "-"], &bytes)]
    {
        let (report, talk) = run(&args, stdin);
        assert_eq!(findings(&report), findings(&as_log), "{args:?}: {talk}");
        assert_eq!(report["totals"]["packets"], 0, "{args:?}");
    }
}

#[test]
fn a_ticket_is_one_argument() {
    let (capture, log) = (sample("sip-undefined.pcapng"), sample("sip-undefined.systemout.log"));
    let [capture_bytes, log_bytes] = [&capture, &log].map(|path| fs::read(path).unwrap());
    let (expected, _) = run(&[capture.to_str().unwrap(), "--log", log.to_str().unwrap()], b"");
    let folder = tempfile::tempdir().unwrap();
    let ticket = folder.path().join("TICKET");
    fs::create_dir_all(ticket.join("logs")).unwrap();
    fs::write(ticket.join("chat.pcapng"), &capture_bytes).unwrap();
    fs::write(ticket.join("logs/SystemOut.log"), &log_bytes).unwrap();
    fs::write(ticket.join("mail.txt"), "Dear all, chat does not work.\n").unwrap();
    let members: &[(&str, &[u8])] = &[("chat.pcapng", &capture_bytes), ("../logs/SystemOut.log", &log_bytes)];
    let (zipped, tarred) = (folder.path().join("t.zip"), folder.path().join("t.tar.gz"));
    fs::write(&zipped, zip(members)).unwrap();
    fs::write(&tarred, tar_gz(&[("chat.pcapng", &capture_bytes), ("logs/SystemOut.log", &log_bytes)])).unwrap();
    let both = folder.path().join("both");
    fs::create_dir(&both).unwrap();
    fs::write(both.join("support.zip"), zip(&[("in.tar.gz", &fs::read(&tarred).unwrap())])).unwrap();
    for given in [&ticket, &zipped, &tarred, &both] {
        let (report, talk) = run(&[given.to_str().unwrap()], b"");
        assert_eq!(findings(&report), findings(&expected), "{}: {talk}", given.display());
        let shown = report["inputs"][0]["path"].as_str().unwrap();
        assert!(shown.starts_with(folder.path().to_str().unwrap()) && shown.ends_with("/chat.pcapng"), "{shown}");
        assert_eq!(talk, "");
    }
    let (report, _) = run(&["-"], &fs::read(&zipped).unwrap());
    assert_eq!(findings(&report), findings(&expected));
}

#[test]
fn a_key_log_in_a_ticket_opens_its_capture() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, key_log) = nrpcsniff_ticket();
    fs::write(folder.path().join("web.pcapng"), &capture).unwrap();
    let closed = run(&[folder.path().to_str().unwrap()], b"").0;
    fs::write(folder.path().join("sslkeys.txt"), &key_log).unwrap();
    let opened = run(&[folder.path().to_str().unwrap()], b"").0;
    let messages = |report: &Value| report["totals"]["sip_messages"].as_i64().unwrap();
    assert!(messages(&opened) > messages(&closed), "{} {}", messages(&opened), messages(&closed));
}

/// A capture over TLS without secrets, and the key log that another capture of the same packets brings along.
fn nrpcsniff_ticket() -> (Vec<u8>, Vec<u8>) {
    let whole = fs::read(sample("sip-undefined-tls13.pcapng")).unwrap();
    let (mut rest, mut secrets) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(header) = whole.get(at..at + 12) {
        let word = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().unwrap());
        let (kind, length) = (word(0), word(4) as usize);
        let block = &whole[at..at + length];
        if kind == 0x0a {
            // Decryption Secrets Block: type of secrets, their length, the secrets.
            let size = u32::from_le_bytes(block[12..16].try_into().unwrap()) as usize;
            secrets.extend_from_slice(&block[16..16 + size]);
        } else {
            rest.extend_from_slice(block);
        }
        at += length;
    }
    (rest, secrets)
}

#[test]
fn damage_is_told_and_the_rest_is_read() {
    let log = fs::read(sample("st-log-4098.stusers.log")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.tar");
    let whole = tar_gz(&[("a.log", &log), ("b.log", &log.repeat(50))]);
    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let mut command = Command::cargo_bin("nrpcsniff").unwrap();
    let output = command.env_clear().args(["--no-config", "--format", "json"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!findings(&report).is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cut.tar"), "{output:?}");
    File::create(folder.path().join("empty.zip")).unwrap().write_all(&zip(&[])).unwrap();
    let empty = Command::cargo_bin("nrpcsniff")
        .unwrap()
        .env_clear()
        .arg("--no-config")
        .arg(folder.path().join("empty.zip"))
        .output()
        .unwrap();
    assert_eq!(empty.status.code(), Some(2), "an archive without anything of use: {empty:?}");
    assert!(!empty.stderr.is_empty());
}

/// A good and a failing capture, each in an archive, part where the captures themselves do.
#[test]
fn archives_are_compared_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["st-token-version-good.pcap", "st-token-version.pcapng"];
    let bytes = names.map(|name| fs::read(sample(name)).unwrap());
    let (good, bad) = (folder.path().join("good.zip"), folder.path().join("bad.tar.gz"));
    fs::write(&good, zip(&[(names[0], &bytes[0])])).unwrap();
    fs::write(&bad, tar_gz(&[(names[1], &bytes[1])])).unwrap();
    let compare = |paths: [&Path; 2]| {
        let mut command = Command::cargo_bin("nrpcsniff").unwrap();
        let output =
            command.env_clear().args(["compare", "--no-config", "--format", "json"]).args(paths).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report["comparison"]["cause"].clone(), report["comparison"]["result"].clone())
    };
    let [plain_good, plain_bad] = names.map(sample);
    assert_eq!(compare([&good, &bad]), compare([&plain_good, &plain_bad]));
    let check = |more: &[&str]| {
        let mut command = Command::cargo_bin("nrpcsniff").unwrap();
        command.env_clear().args(["check", "--no-config"]).args(more).arg(&bad).output().unwrap().status.code()
    };
    assert_eq!((check(&["--bless"]), check(&[])), (Some(0), Some(0)));
    let written = fs::read_to_string(folder.path().join("bad.tar.gz.expected.json"))
        .or_else(|_| fs::read_to_string(folder.path().join("bad.tar.expected.json")))
        .unwrap();
    assert!(written.contains("ltpa-version-mismatch"), "{written}");
}

/// Keys of LTPA want a password: who sends them along is told how they are used.
#[test]
fn keys_that_want_a_password_are_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(sample("sip-undefined.pcapng"), folder.path().join("a.pcapng")).unwrap();
    fs::write(folder.path().join("ltpa.keys"), "#Mon\ncom.ibm.websphere.ltpa.3DESKey=Tm90IGEga2V5\n").unwrap();
    let (_, talk) = run(&[folder.path().to_str().unwrap()], b"");
    assert!(talk.contains("ltpa.keys: LTPA keys of WebSphere, not used: --ltpa-keys"), "{talk}");
}

/// A run that is told to stop leaves nothing of what it unpacked.
#[cfg(target_os = "linux")]
#[test]
fn what_was_unpacked_goes_when_the_run_is_stopped() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let (ticket, scratch) = (folder.path().join("ticket.tar.gz"), folder.path().join("tmp"));
    fs::create_dir(&scratch).unwrap();
    let bytes = fs::read(sample("sip-undefined.pcapng")).unwrap();
    fs::write(&ticket, tar_gz(&[("a.pcapng", &bytes)])).unwrap();
    let fifo = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for signal in ["INT", "TERM"] {
        // It waits at the pipe, which nobody opens, when the archive has been unpacked.
        let mut child = Command::new(env!("CARGO_BIN_EXE_nrpcsniff"))
            .args(["--no-config".as_ref(), ticket.as_os_str(), fifo.as_os_str()])
            .env("TMPDIR", &scratch)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let count = || fs::read_dir(&scratch).unwrap().count();
        let begun = Instant::now();
        while count() == 0 && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(count(), 1, "it is unpacked");
        assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
        assert!(!child.wait().unwrap().success());
        assert_eq!(count(), 0, "{signal}");
    }
}
