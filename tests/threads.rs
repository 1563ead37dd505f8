//! The report is the same, byte for byte, however many threads read.

mod support;

use std::path::PathBuf;
use std::process::Command;
use support::{corpus, samples};

/// What a run prints on stdout and on stderr.
fn run(threads: u32, arguments: &[&str], paths: &[PathBuf]) -> (Vec<u8>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_nrpcsniff"))
        .args(["--no-config", "--no-progress", "--utc", "--threads", &threads.to_string()])
        .args(arguments)
        .args(paths)
        .output()
        .unwrap();
    (output.stdout, String::from_utf8(output.stderr).unwrap())
}

fn same_for_any_number(arguments: &[&str], paths: &[PathBuf]) {
    let one = run(1, arguments, paths);
    assert!(!one.0.is_empty(), "{arguments:?}: {}", one.1);
    for threads in [2, 7] {
        let many = run(threads, arguments, paths);
        assert!(one.0 == many.0, "{arguments:?}: another report with {threads} threads");
        assert_eq!(one.1, many.1, "{arguments:?}: other words on stderr with {threads} threads");
    }
}

#[test]
fn reports_of_a_folder() {
    let folder = [samples()];
    for arguments in
        [&["--format", "json", "--detail", "findings"][..], &["--format", "table"], &["--format", "concise"]]
    {
        same_for_any_number(arguments, &folder);
    }
}

#[test]
fn what_is_wrong_with_captures_is_said_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("a.pcap", &b"\xd4\xc3\xb2\xa1\x02\0\x04\0"[..]), ("c.pcap", b"\x0a\x0d\x0d\x0a\x1c\0\0\0")] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    for (sample, name) in [("nrpc-alias.pcapng", "b.pcapng"), ("nrpc-reset-together.pcapng", "d.pcapng")] {
        std::fs::copy(samples().join(sample), folder.path().join(name)).unwrap();
    }
    same_for_any_number(&["--format", "table"], &[folder.path().to_path_buf()]);
}

/// Logs are laid beside all captures: what one of them says is told once.
#[test]
fn captures_beside_a_log() {
    let log = samples().join("nrpc-alias.notes-trace.log");
    let captures =
        ["nrpc-alias.pcapng", "nrpc-alias-good.pcap", "nrpc-reset-together.pcapng", "http-token-expired.pcapng"];
    let captures: Vec<_> = captures.iter().map(|name| samples().join(name)).collect();
    same_for_any_number(&["--format", "json", "--log", log.to_str().unwrap()], &captures);
}

#[test]
fn reports_of_captures_of_others() {
    let Some(folder) = corpus() else { return };
    same_for_any_number(&["--format", "json", "--detail", "findings"], &[folder.join("real")]);
}
