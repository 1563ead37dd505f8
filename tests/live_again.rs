//! Over a real network: an outage, mended, and an outage again.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use nix::sys::signal::Signal;
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};
use support::network::{CLIENT, Cable, SERVER, possible};
use support::peers::{NRPC, NotesServer, open};
use support::watch::live;

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
fn an_outage_is_told_within_a_second_and_that_it_is_mended_and_that_it_comes_again() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let mut process = live(&cable.server, &["-i", "s0", "-f", "tcp", "--color", "never"]);
    let (asked, who) = (Instant::now(), format!(" {RULE} {CLIENT} → {SERVER}:1352: "));
    is_refused(&cable);
    let new = process.read(RULE);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
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
    assert!(status.success() && printed.contains("VERDICT"), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("attempts: 1 granted, 2 refused, 1 cut off")), "{said:#?}");
}
