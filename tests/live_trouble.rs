//! Live capture on bad lines: loss, duplication, reordering, and a firewall that forgets. The packets are real, and the
//! live report is that of a file which tcpdump wrote meanwhile.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown};
use std::thread::sleep;
use std::time::Duration;
use support::bridge::{Bridge, Trouble};
use support::network::{Between, FAR_SERVER, Router, SERVER, possible};
use support::peers::{NotesServer, frame, open};
use support::watch::{Watch, rules};
use support::{list, number};

const NAME: &str = "CN=Mail01/O=Example";

/// A session as it should be: some questions of a full segment each, with their answers.
fn session(server: Ipv4Addr, questions: usize) {
    let mut peer = open(server, NAME).unwrap();
    let question = nrpcsniff_samples::nrpc::frame(1, 2, 0x20, 1, &vec![7; 6000]);
    for _ in 0..questions {
        peer.write_all(&question).unwrap();
        assert_eq!(frame(&mut peer).unwrap(), question);
    }
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
}

/// Sum of a figure over all conversations.
fn sum(report: &serde_json::Value, figure: &str) -> u64 {
    list(report, "conversations").iter().map(|conversation| number(&conversation["quality"], figure)).sum()
}

#[test]
fn a_line_that_loses_doubles_and_reorders() {
    if !possible(&[]) {
        return;
    }
    let net = Between::new();
    let bridge = Bridge::start(&net, Trouble { lost: 30, twice: 20, late: 50 });
    let _server = NotesServer::start(&net.server, NAME);
    let watch = Watch::start(&net.server, "s0", "tcp", None);
    let clients: Vec<_> = (0..6).map(|_| net.client.inside(|| session(SERVER, 10))).collect();
    for client in clients {
        client.join().unwrap();
    }
    let report = watch.end();
    assert!(bridge.end() > 30);
    assert_eq!(list(&report, "conversations").len(), 6);
    let (again, late) = (sum(&report, "retransmissions"), sum(&report, "out_of_order"));
    eprintln!("{again} {late}");
    assert!(again > 0 && late > 0, "{again} sent again, {late} out of order");
    // Each question and each answer came through, whole: 11 of either kind in each session.
    assert_eq!(number(&report["totals"], "nrpc_messages"), 6 * 22);
    assert_eq!(sum(&report, "missing_bytes"), 0);
    assert_eq!(rules(&report), ["cap-duplicates", "tcp-loss"]);
}

#[test]
fn a_firewall_that_forgets_a_silent_session() {
    if !possible(&[]) {
        return;
    }
    let net = Router::new();
    net.middle.nft(
        "table inet firewall {\nchain forward {\ntype filter hook forward priority 0; policy drop;\n\
         ct state established accept\nct state new tcp flags syn / fin,syn,rst,ack accept\n}\n}\n",
    );
    net.middle.run("sysctl", "-q -w net.netfilter.nf_conntrack_tcp_loose=0");
    net.middle.run("sysctl", "-q -w net.netfilter.nf_conntrack_tcp_timeout_established=2");
    let _server = NotesServer::start(&net.server, NAME);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    fs::write(&config, "[thresholds]\nidle = 2.0\n").unwrap();
    let watch = Watch::start(&net.client, "c0", "tcp", Some(&config));
    let idle = || {
        let mut peer = open(FAR_SERVER, NAME).unwrap();
        sleep(Duration::from_secs(4));
        peer.write_all(&nrpcsniff_samples::nrpc::frame(1, 2, 0x20, 1, &[7; 100])).unwrap();
        sleep(Duration::from_secs(4));
        drop(open(FAR_SERVER, NAME).unwrap());
    };
    net.client.inside(idle).join().unwrap();
    let report = watch.end();
    assert_eq!(rules(&report), ["nrpc-idle-silent"], "{report:#}");
}
