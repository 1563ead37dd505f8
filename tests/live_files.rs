//! What live capture writes of real packets: a file for each finding that gives the finding again, and files that rotate.
//! Started as root, so that rights are given up and the file system is closed but for these files.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use support::network::{Cable, Namespace, SERVER, possible};
use support::peers::{NotesServer, open};
use support::text;
use support::watch::{live, rules};

const NAME: &str = "CN=STCOMM7/OU=Servers/O=Example";
const NRPCSNIFF: &str = env!("CARGO_BIN_EXE_nrpcsniff");

/// A folder that the user nobody can write to, whom root becomes.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn report(capture: &Path) -> Value {
    let output = Command::new(NRPCSNIFF).args(["--no-config", "--format", "json"]).arg(capture).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The client is turned away, as it asks for an alias.
fn turned_away(client: &Namespace) {
    let call = || {
        let peer = open(SERVER, "chat.example.net").unwrap();
        sleep(Duration::from_millis(3));
        drop(peer);
        sleep(Duration::from_millis(100));
    };
    client.inside(call).join().unwrap();
}

#[test]
fn the_packets_of_a_finding_are_on_disk_at_once_and_give_it_again() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let folder = open_folder();
    let name = folder.path().to_str().unwrap();
    let mut live = live(&cable.server, &["-i", "s0", "-w", name, "--trigger", "blocker", "--ring", "16M,5m"]);
    turned_away(&cable.client);
    live.hear("the packets of nrpc-name-mismatch-alias");
    let [file] = &files(folder.path())[..] else { panic!("{:?}", files(folder.path())) };
    assert_eq!(rules(&report(file)), ["nrpc-name-mismatch-alias"]);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // The retry joins.
    turned_away(&cable.client);
    sleep(Duration::from_millis(1500));
    live.signal(Signal::SIGINT);
    let (status, _, said) = live.end();
    assert!(status.success(), "{said:#?}");
    let report = report(file);
    assert_eq!(report["conversations"].as_array().unwrap().len(), 2, "{report:#}");
    assert!(text(&report["inputs"][0], "path").contains("Z-nrpc-name-mismatch-alias-10."), "{report:#}");
}

#[test]
fn files_begin_anew_on_sighup_and_hold_everything_together() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let folder = open_folder();
    let name = folder.path().join("all.pcapng");
    let live = live(&cable.server, &["-i", "s0", "-w", name.to_str().unwrap(), "--rotate-size", "1M"]);
    for _ in 0..2 {
        turned_away(&cable.client);
        live.signal(Signal::SIGHUP);
        sleep(Duration::from_millis(200));
    }
    live.signal(Signal::SIGINT);
    let (status, _, said) = live.end();
    assert!(status.success(), "{said:#?}");
    assert_eq!(files(folder.path()).len(), 2);
    let report = report(folder.path());
    assert_eq!(
        (rules(&report), report["conversations"].as_array().unwrap().len()),
        (vec!["nrpc-name-mismatch-alias"], 2)
    );
}

#[test]
fn packets_go_through_a_pipe_and_its_end_ends_the_capture() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let folder = open_folder();
    let report = folder.path().join("report.txt");
    let mut sniff = cable.server.command(NRPCSNIFF);
    sniff.args(["--no-config", "-i", "s0", "-w", "-", "-o"]).arg(&report);
    let mut live = sniff.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let head = Command::new("head")
        .args(["-c", "600"])
        .stdin(live.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    sleep(Duration::from_millis(700));
    turned_away(&cable.client);
    turned_away(&cable.client);
    let status = live.wait().unwrap();
    assert!(status.success(), "{status}");
    let head = head.wait_with_output().unwrap().stdout;
    assert_eq!((head.len(), &head[..4]), (600, &[0x0a, 0x0d, 0x0d, 0x0a][..]));
}

#[test]
fn a_folder_that_may_not_be_written_is_told_before_anything_is_captured() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let folder = tempfile::tempdir().unwrap();
    let output =
        cable.server.command(NRPCSNIFF).args(["--no-config", "-i", "s0", "-w"]).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("--user"), "{said}");
    assert!(files(folder.path()).is_empty());
}
