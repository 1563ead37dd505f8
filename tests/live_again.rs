//! Over a real network: an outage, mended, and an outage again; and the line on a terminal that says that the capture lives.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use nix::sys::signal::Signal;
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;
use support::network::{CLIENT, Cable, SERVER, possible};
use support::peers::{NRPC, NotesServer, open};
use support::watch::{Running, live};

/// Name of the server, for which the client asks.
const NAME: &str = "CN=STCOMM7/OU=Servers/O=Example";
const RULE: &str = "nrpc-syn-refused";

/// The client gets a session.
fn is_served(cable: &Cable) {
    let ask = || drop(open(SERVER, NAME).unwrap());
    cable.client.inside(ask).join().unwrap();
}

/// The client is refused.
fn is_refused(cable: &Cable) {
    let dial = || {
        let server = SocketAddr::from((SERVER, NRPC));
        TcpStream::connect_timeout(&server, Duration::from_secs(1)).unwrap_err();
    };
    cable.client.inside(dial).join().unwrap();
}

#[test]
fn an_outage_is_told_and_that_it_is_mended_and_that_it_comes_again() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let mut process = live(&cable.server, &["-i", "s0", "-f", "tcp", "--color", "never"]);
    let who = format!(" {RULE} {CLIENT} → {SERVER}:1352: ");
    is_refused(&cable);
    let new = process.read(RULE);
    assert!(new.contains(&format!(" BLOCKER{who}{SERVER}:1352 refuses connections")), "{new}");
    sleep(Duration::from_secs(1));
    let server = NotesServer::start(&cable.server, NAME);
    is_served(&cable);
    let works = process.read("Works again");
    assert!(works.contains(&format!(" WORKS{who}Works again since ")), "{works}");
    drop(server);
    sleep(Duration::from_secs(2));
    is_refused(&cable);
    let again = process.read("Again: ");
    assert!(again.contains(&who) && again.contains(", 2nd time since "), "{again}");
    process.signal(Signal::SIGINT);
    let (status, printed, said) = process.end();
    assert!(status.success() && printed.contains("\nMore "), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("attempts: 1 granted, 2 refused, 1 cut off")), "{said:#?}");
}

#[test]
fn on_a_terminal_a_line_says_that_it_lives_and_elsewhere_there_is_none() {
    if !possible(&["script"]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let command = format!("{} --no-config -i s0 -f tcp --duration 3s", env!("CARGO_BIN_EXE_nrpcsniff"));
    let shown = |options: &str| {
        let mut script = cable.server.command("script");
        script.args(["-qefc", &format!("{command} {options}"), "/dev/null"]);
        let process = Running::start(&mut script);
        sleep(Duration::from_secs(1));
        is_served(&cable);
        process.end().1
    };
    let terminal = shown("");
    let line = "10 packets, attempts: 1 granted, 1 cut off; last 10 s: 10 packets, attempts: 1 granted, 1 cut off";
    assert!(terminal.contains("0 packets, no attempt; last 10 s: 0 packets, no attempt"), "{terminal:?}");
    assert!(terminal.contains(&format!("\r\u{1b}[K\u{1b}[?7l{line}\u{1b}[?7h")), "{terminal:?}");
    // It was taken away before the report.
    let report = terminal.split_once("More").map(|(_, report)| report.contains("last 10 s")).unwrap();
    assert!(!report, "{terminal:?}");
    for without in ["--no-progress", "-q", "2> /dev/null"] {
        let terminal = shown(without);
        assert!(terminal.contains("More") && !terminal.contains("last 10 s"), "{without}: {terminal:?}");
    }
}
