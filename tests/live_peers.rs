//! Live capture of real packets between programs that nobody here wrote, or that speak the samples' bytes over real
//! sockets. The live report is that of a file which tcpdump wrote meanwhile.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use nrpcsniff_samples::{SplitMix64, sip};
use std::io::Write as _;
use std::net::UdpSocket;
use std::thread::sleep;
use std::time::Duration;
use support::network::{Cable, Namespace, SERVER, possible};
use support::peers::{NRPC, NotesServer, open};
use support::watch::{Watch, rules};
use support::{list, text};

/// What answers in these tests.
const NAME: &str = "CN=STCOMM7/OU=Servers/O=Example";

#[test]
fn an_alias_that_another_server_answers() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let watch = Watch::start(&cable.server, "s0", "tcp", &[]);
    let twice = || {
        for _ in 0..2 {
            let peer = open(SERVER, "chat.example.net").unwrap();
            sleep(Duration::from_millis(3));
            drop(peer);
            sleep(Duration::from_millis(200));
        }
    };
    cable.client.inside(twice).join().unwrap();
    let report = watch.end();
    assert_eq!(rules(&report), ["nrpc-name-mismatch-alias"], "{report:#}");
    assert_eq!(list(&report, "conversations").len(), 2);
}
