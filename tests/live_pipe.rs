//! Captures that come through pipes while they are made: `-i -`, and named pipes.
#![cfg(unix)]

mod support;

use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::{list, number, sample};

/// The command, as whoever starts the test: root would become nobody, who has no right to these folders.
fn live(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_nrpcsniff"))
        .args(["--no-config", "--no-progress", "--user", &owner()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The user of this process, by number.
fn owner() -> String {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").map_or(0, |metadata| metadata.uid()).to_string()
}

fn capture(name: &str) -> Vec<u8> {
    fs::read(sample(name)).unwrap()
}

/// Pipes these bytes in, and waits for the end.
fn piped(arguments: &[&str], bytes: &[u8]) -> Output {
    let mut child = live(arguments);
    let mut stdin = child.stdin.take().unwrap();
    // One that is no capture is not read to its end.
    let _ = stdin.write_all(bytes);
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn rules(report: &Value) -> Vec<&str> {
    list(report, "findings").iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

#[test]
fn a_finding_is_told_while_the_pipe_is_open() {
    let mut child = live(&["-q", "--format", "ndjson", "-i", "-"]);
    let mut stdin = child.stdin.take().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    stdin.write_all(&capture("nrpc-alias.pcapng")).unwrap();
    stdin.flush().unwrap();
    let written = Instant::now();
    let mut objects = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let finding = objects.find(|object| object["kind"] == "findings").expect("a finding before the end");
    let took = written.elapsed();
    assert_eq!(finding["rule"], "nrpc-name-mismatch-alias");
    // A second is promised; a machine that does much else has some more.
    assert!(took < Duration::from_secs(4), "{took:?}");
    eprintln!("told after {took:?}");
    drop(stdin);
    let rest: Vec<_> = objects.collect();
    assert!(rest.iter().any(|object| object["kind"] == "verdict"), "{rest:#?}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_report_is_that_of_the_file() {
    for name in ["nrpc-alias-good.pcap", "http-undefined.pcap"] {
        let output = piped(&["-q", "--format", "json", "-i", "-"], &capture(name));
        assert!(output.status.success(), "{}", stderr(&output));
        let piped: Value = serde_json::from_slice(&output.stdout).unwrap();
        let file = support::report(&[&sample(name)]);
        assert_eq!(rules(&piped), rules(&file), "{name}");
        assert_eq!(piped["totals"], file["totals"], "{name}");
        assert_eq!(piped["verdict"]["kind"], file["verdict"]["kind"], "{name}");
        assert_eq!(piped["inputs"][0]["link_types"], file["inputs"][0]["link_types"], "{name}");
    }
}

#[test]
fn the_packets_of_a_finding_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let output = piped(&["-i", "-", "-w", path, "--ring", "5m"], &capture("nrpc-alias.pcapng"));
    assert!(output.status.success(), "{}", stderr(&output));
    let written: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    let again = support::report(&[written[0].to_str().unwrap()]);
    assert!(rules(&again).contains(&"nrpc-name-mismatch-alias"), "{written:?}");
}

#[test]
fn packets_that_are_lost_are_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("cases");
    fs::create_dir(&target).unwrap();
    let mut child = live(&["-i", "-", "-w", target.to_str().unwrap()]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("capturing on standard input")));
    fs::remove_dir(&target).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&capture("nrpc-alias.pcapng")).unwrap();
    drop(stdin);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(2));
}

#[test]
fn what_breaks_is_said_and_what_came_is_reported() {
    let whole = capture("nrpc-alias.pcapng");
    let output = piped(&["-q", "--format", "json", "-i", "-"], &whole[..whole.len() - 9]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("breaks off"), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(rules(&report).contains(&"nrpc-name-mismatch-alias"));
    assert_eq!(report["inputs"][0]["complete"], false);
    for (bytes, part) in [(&b"tcpdump: eth7: No such device\n"[..], "looks like text"), (b"", "before any packet")] {
        let output = piped(&["-i", "-"], bytes);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
    }
}

#[test]
fn it_ends_when_it_is_told_to() {
    let mut child = live(&["-q", "--duration", "300ms", "--format", "json", "-i", "-"]);
    let mut stdin = child.stdin.take().unwrap();
    let whole = capture("nrpc-alias.pcapng");
    stdin.write_all(&whole[..whole.len() - 9]).unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert!(output.status.success(), "{}", stderr(&output));
    let counted = piped(&["-q", "-c", "5", "--format", "json", "-i", "-"], &whole);
    let report: Value = serde_json::from_slice(&counted.stdout).unwrap();
    assert_eq!(number(&report["totals"], "packets"), 5);
}

#[cfg(have_libpcap)]
#[test]
fn a_filter_chooses_of_what_comes() {
    let output = piped(&["-q", "--format", "json", "-i", "-", "port", "53"], &capture("nrpc-alias.pcapng"));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packets = number(&report["totals"], "packets");
    assert!(packets > 0 && packets < 20, "{packets}");
}

fn named_pipe(folder: &Path, name: &str) -> String {
    let path = folder.join(name).to_str().unwrap().to_owned();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

#[test]
fn several_pipes_are_read_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (named_pipe(folder.path(), "one"), named_pipe(folder.path(), "two"));
    let child = live(&["--format", "json", "-i", &one, "-i", &two]);
    let write =
        |path: String, bytes: Vec<u8>| thread::spawn(move || File::create(path).unwrap().write_all(&bytes).unwrap());
    let (good, bad) = (capture("nrpc-alias-good.pcap"), capture("nrpc-alias.pcapng"));
    let cut = bad.len() - 9;
    let writers = [write(one, good), write(two, bad[..cut].to_vec())];
    let output = child.wait_with_output().unwrap();
    for writer in writers {
        writer.join().unwrap();
    }
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(rules(&report).contains(&"nrpc-name-mismatch-alias"), "{report:#}");
    assert!(number(&report["totals"], "packets") > 30);
    // One of them broke: that is said, and makes the status.
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("breaks off"), "{}", stderr(&output));
}
