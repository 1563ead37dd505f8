//! A capture that is still being made comes through a pipe, and the program writes its key log meanwhile.

mod support;

use nrpcsniff::internals::Reader;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;
use support::{corpus, list, text};

#[test]
fn a_key_log_that_grows_opens_what_comes_behind() {
    let Some(corpus) = corpus() else { return };
    let (capture, keys) = (corpus.join("real/sip_tls12_ecdhe.pcap"), corpus.join("real/sip_tls12_ecdhe.keys"));
    let bytes = fs::read(&capture).unwrap();
    // Half of the capture, behind some handshakes and some messages.
    let mut half = 24;
    let mut reader = Reader::open(&capture).unwrap();
    for _ in 0..30 {
        half += 16 + reader.next(0).unwrap().data.len();
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("keys.log");
    fs::write(&log, "").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_nrpcsniff"))
        .args(["--no-config", "-q", "--format", "json", "--keylog", log.to_str().unwrap(), "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&bytes[..half]).unwrap();
    stdin.flush().unwrap();
    thread::sleep(Duration::from_millis(300));
    fs::copy(keys, &log).unwrap();
    stdin.write_all(&bytes[half..]).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let messages = list(&report, "conversations").iter().flat_map(|c| list(c, "messages"));
    let inside: Vec<_> = messages.filter(|message| text(message, "type").starts_with("sip.")).collect();
    let first = inside.first().expect("nothing was opened")["packets"][0].as_u64().unwrap();
    assert!(first > 20 && inside.len() > 10, "{} messages from frame {first} on", inside.len());
}
