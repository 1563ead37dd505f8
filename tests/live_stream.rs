//! What is said while a capture goes on: findings as they come about, statistics, and what signals do.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use nix::sys::signal::Signal;
use serde_json::Value;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;
use support::network::{CLIENT, Cable, SERVER, possible};
use support::peers::{NRPC, NotesServer, open};
use support::watch::{Running, live};
use support::{list, number, text};

/// What answers in these tests.
const NAME: &str = "CN=STCOMM7/OU=Servers/O=Example";
const RULE: &str = "nrpc-name-mismatch-alias";

/// The client asks for an alias, and hangs up when it sees who answers.
fn ask(cable: &Cable) {
    let ask = || {
        let peer = open(SERVER, "chat.example.net").unwrap();
        sleep(Duration::from_millis(3));
        drop(peer);
    };
    cable.client.inside(ask).join().unwrap();
}

fn capture(cable: &Cable, more: &[&str]) -> Running {
    live(&cable.server, &[&["-i", "s0", "-f", "tcp"], more].concat())
}

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn a_finding_is_a_line_while_the_capture_goes_on_and_the_report_comes_at_the_end() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let mut process = capture(&cable, &["--color", "never"]);
    ask(&cable);
    let line = process.read(RULE);
    let who = format!(" BLOCKER {RULE} {CLIENT} → {SERVER}:1352: Client asked for the alias chat.example.net");
    assert!(line.contains(&who) && line.contains(" To do: On STCOMM7/Servers/Example: "), "{line}");
    // What happens once more is not told once more.
    ask(&cable);
    sleep(Duration::from_millis(1500));
    process.signal(Signal::SIGINT);
    let (status, printed, said) = process.end();
    assert!(status.success(), "{said:#?}");
    assert_eq!(printed.matches(&who).count(), 1, "{printed}");
    assert!(printed.contains("FAULT    Client asked for the alias chat.example.net"), "{printed}");
    assert!(said.iter().any(|line| line.contains("none dropped") && line.contains("findings: 1 blocker")), "{said:#?}");
}

#[test]
fn objects_come_as_they_come_about() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let mut process = capture(&cable, &["--format", "ndjson", "--stats-interval", "200ms"]);
    assert_eq!(number(&object(&process.read("\"tool\"")), "schema_version"), 2);
    ask(&cable);
    let finding = object(&process.read("\"kind\":\"findings\""));
    let said = (text(&finding, "rule"), text(&finding, "why"), number(&finding, "n"));
    assert_eq!(said, (RULE, "new", 1));
    assert_eq!(list(&finding, "clients"), [Value::from(CLIENT.to_string())]);
    assert!(text(&finding, "wireshark_filter").starts_with("ip.addr == 10.9.0."), "{finding:#}");
    object(&process.read("\"kind\":\"stats\""));
    process.signal(Signal::SIGINT);
    let (status, printed, said) = process.end();
    assert!(status.success(), "{said:#?}");
    let objects: Vec<_> = printed.lines().map(object).collect();
    let of = |kind: &str| objects.iter().filter(|object| object["kind"] == kind).collect::<Vec<_>>();
    let told: Vec<_> =
        of("findings").iter().map(|finding| (&finding["why"], &finding["n"], finding.get("open"))).collect();
    let (yes, one) = (Value::from(true), Value::from(1));
    // What is open is confirmed by the end of the capture at the latest.
    assert_eq!(told, [(&"new".into(), &one, Some(&yes)), (&"confirmed".into(), &one, None)], "{objects:#?}");
    // The conversation stands before the finding that names it, and once more when it was over, unless it was then.
    let id = &finding["conversations"][0];
    let conversations = of("conversations");
    assert!(!conversations.is_empty() && conversations.iter().all(|c| c["id"] == *id), "{conversations:#?}");
    assert_eq!(conversations.last().unwrap()["teardown"]["by"], "client");
    let messages: Vec<_> = of("messages").iter().map(|message| text(message, "type").to_owned()).collect();
    assert_eq!(messages, ["nrpc.session_request", "nrpc.session_response"]);
    assert!(of("messages").iter().all(|message| message["conversation"] == *id));
    assert_eq!((of("inputs").len(), of("totals").len(), of("verdict").len()), (1, 1, 1));
    assert_eq!((&of("verdict")[0]["verdict"], &of("verdict")[0]["finding"]), (&"fault".into(), &Value::Null));
    assert!(of("attempts").iter().any(|row| row["attempt"] == "nrpc.open" && row["refused"] == 1), "{objects:#?}");
    assert_eq!(of("stats").last().unwrap()["findings"]["blocker"], 1);
}

#[test]
fn silence_speaks_although_nothing_comes() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let chain = format!("type filter hook input priority 0\ntcp dport {NRPC} drop");
    let drop = format!("table ip filter {{\nchain input {{\n{chain}\n}}\n}}\n");
    cable.server.nft(&drop);
    let mut process = capture(&cable, &["--format", "ndjson", "--detail", "findings"]);
    let dial = || {
        let server = SocketAddr::from((SERVER, NRPC));
        TcpStream::connect_timeout(&server, Duration::from_millis(1500)).unwrap_err();
    };
    cable.client.inside(dial).join().unwrap();
    let finding = object(&process.read("\"kind\":\"findings\""));
    assert_eq!(text(&finding, "rule"), "nrpc-syn-silent", "{finding:#}");
    process.signal(Signal::SIGINT);
    let (status, _, said) = process.end();
    assert!(status.success(), "{said:#?}");
}

#[test]
fn sigusr1_asks_how_it_is_going() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let mut process = capture(&cable, &[]);
    ask(&cable);
    process.read(RULE);
    process.signal(Signal::SIGUSR1);
    let line = process.hear("packets (");
    assert!(
        line.contains("none dropped")
            && line.contains("1 conversation held")
            && line.contains("attempts: 1 granted, 1 refused"),
        "{line}"
    );
    process.signal(Signal::SIGTERM);
    let (status, printed, said) = process.end();
    assert!(status.success() && printed.contains("\nMore "), "{said:#?}");
}

#[test]
fn sighup_opens_the_output_again() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let folder = open_folder();
    let path = folder.path().join("found.ndjson");
    let mut process = capture(&cable, &["--format", "ndjson", "-v", "-o", path.to_str().unwrap()]);
    ask(&cable);
    wait_until(|| fs::read_to_string(&path).unwrap().contains(RULE));
    let moved = path.with_extension("1");
    fs::rename(&path, &moved).unwrap();
    process.signal(Signal::SIGHUP);
    process.hear("opened again");
    process.signal(Signal::SIGINT);
    let (status, _, said) = process.end();
    assert!(status.success(), "{said:#?}");
    let (old, new) = (fs::read_to_string(&moved).unwrap(), fs::read_to_string(&path).unwrap());
    assert!(old.contains(RULE) && !old.contains("\"kind\":\"totals\""), "{old}");
    assert!(
        new.starts_with("{\"kind\":\"tool\"")
            && new.contains("\"kind\":\"totals\"")
            && !new.contains("\"why\":\"new\""),
        "{new}"
    );
}

#[test]
fn a_second_signal_ends_it_at_once() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let process = capture(&cable, &[]);
    // Both arrive while it stands still: no report is written.
    for signal in [Signal::SIGSTOP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGCONT] {
        process.signal(signal);
    }
    let (status, printed, _) = process.end();
    assert_eq!((status.code(), printed.as_str()), (Some(130), ""));
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let mut process = capture(&cable, &["--format", "ndjson", "--stats-interval", "100ms"]);
    process.read("\"tool\"");
    process.close_stdout();
    let (status, _, said) = process.end();
    assert!(status.success() && !said.iter().any(|line| line.contains("ipe")), "{status} {said:#?}");
}

/// A folder in which anybody may write.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

/// Rules that speak of a capture, read from its file.
fn offline(path: &Path) -> Vec<String> {
    let report = support::report(&[path.to_str().unwrap()]);
    list(&report, "findings").iter().map(|finding| text(finding, "rule").to_owned()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    support::files_under(folder)
}

#[test]
fn what_does_not_trigger_is_not_written() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let folder = open_folder();
    let mut process = capture(&cable, &["--trigger", "nrpc-early-close", "-w", folder.path().to_str().unwrap()]);
    ask(&cable);
    process.read(RULE);
    process.signal(Signal::SIGINT);
    assert!(process.end().0.success());
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn everything_that_matters_is_written_and_nothing_else() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let folder = open_folder();
    let path = folder.path().join("all.pcapng");
    let mut process = live(&cable.server, &["-i", "s0", "-w", path.to_str().unwrap()]);
    ask(&cable);
    process.read(RULE);
    process.signal(Signal::SIGINT);
    let (status, printed, said) = process.end();
    assert!(status.success(), "{said:#?}");
    let report = support::report(&[path.to_str().unwrap()]);
    assert_eq!(offline(&path), [RULE]);
    // ARP is none of it.
    assert!(report["totals"]["undecoded"].as_array().unwrap().is_empty(), "{report:#}");
    assert!(printed.contains("\nMore "), "{printed}");
    assert_eq!(number(&list(&report, "inputs")[0], "dropped"), 0);
}

fn wait_until(done: impl Fn() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("it does not happen");
}
