//! Live capture of real packets between programs that nobody here wrote, or that speak the samples' bytes over real
//! sockets. The live report is that of a file which tcpdump wrote meanwhile.
#![cfg(all(target_os = "linux", have_libpcap))]

mod support;

use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::thread::sleep;
use std::time::Duration;
use support::network::{CLIENT, Cable, SERVER, possible};
use support::peers::{NotesServer, Registrar, open};
use support::watch::{Watch, rules};
use support::{list, number, text};

/// What answers in these tests.
const NAME: &str = "CN=STCOMM7/OU=Servers/O=Example";

/// One registration that is refused, for sipp(1).
const REGISTER: &str = r#"<?xml version="1.0"?>
<scenario name="register">
  <send retrans="500"><![CDATA[
    REGISTER sip:example.net SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    From: <sip:ann@example.net>;tag=[call_number]
    To: <sip:ann@example.net>
    Call-ID: [call_id]
    CSeq: 1 REGISTER
    Contact: <sip:ann@[local_ip]:[local_port]>
    Max-Forwards: 70
    Expires: 3600
    Content-Length: 0

  ]]></send>
  <recv response="403"/>
</scenario>
"#;

#[test]
fn an_alias_that_another_server_answers() {
    if !possible(&[]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let watch = Watch::start(&cable.server, "s0", "tcp", None);
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

#[test]
fn nmap_asks_for_the_version() {
    if !possible(&["nmap"]) {
        return;
    }
    let cable = Cable::new();
    let _server = NotesServer::start(&cable.server, NAME);
    let watch = Watch::start(&cable.server, "s0", "tcp", None);
    let said = cable.client.run("nmap", &format!("-n -Pn -sV -p1352 {SERVER}"));
    assert!(said.contains("Lotus Domino server (CN=STCOMM7;OU=Servers;Org=Example)"), "{said}");
    let report = watch.end();
    let asked = list(&report, "conversations").iter().flat_map(|conversation| list(conversation, "messages"));
    let requests: Vec<_> = asked.filter(|message| text(message, "type") == "nrpc.session_request").collect();
    assert!(!requests.is_empty(), "{report:#}");
    assert!(rules(&report).is_empty(), "{:?}", rules(&report));
}

#[test]
fn a_server_that_does_not_listen_refuses_nmap() {
    if !possible(&["nmap"]) {
        return;
    }
    let cable = Cable::new();
    let watch = Watch::start(&cable.server, "s0", "tcp", None);
    let said = cable.client.run("nmap", &format!("-n -Pn -sT -p1352 {SERVER}"));
    assert!(said.contains("1352/tcp closed"), "{said}");
    let report = watch.end();
    assert!(list(&report, "conversations").iter().all(|conversation| text(conversation, "setup") == "refused"));
    assert_eq!(rules(&report), ["nrpc-syn-refused"]);
}

#[test]
fn sipp_registers_and_is_refused() {
    if !possible(&["sipp"]) {
        return;
    }
    let cable = Cable::new();
    let _registrar = Registrar::start(&cable.server, "403 Forbidden");
    let watch = Watch::start(&cable.server, "s0", "udp", None);
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("register.xml");
    fs::write(&scenario, REGISTER).unwrap();
    let scenario = scenario.to_str().unwrap();
    cable.client.run("sipp", &format!("{SERVER} -sf {scenario} -i {CLIENT} -p 5070 -m 3 -r 10 -nostdin"));
    let report = watch.end();
    assert_eq!(number(&report["totals"], "sip_messages"), 6, "{report:#}");
    assert_eq!(rules(&report), ["sip-403"], "{report:#}");
}

#[test]
fn sipp_calls_sipp_and_nothing_is_wrong() {
    if !possible(&["sipp"]) {
        return;
    }
    let cable = Cable::new();
    let mut callee = cable.server.command("sipp");
    callee.args(["-sn", "uas", "-i", &SERVER.to_string(), "-p", "5060", "-m", "2", "-nostdin"]);
    let callee = support::watch::Running::start(&mut callee);
    wait_for_udp(&cable, SERVER);
    let watch = Watch::start(&cable.server, "s0", "udp", None);
    cable.client.run("sipp", &format!("-sn uac {SERVER} -i {CLIENT} -p 5070 -m 2 -r 5 -d 200 -nostdin"));
    let (status, _, said) = callee.end();
    assert!(status.success(), "{said:#?}");
    let report = watch.end();
    // INVITE, 180, 200, ACK, BYE, 200.
    assert_eq!(number(&report["totals"], "sip_messages"), 12, "{report:#}");
    assert!(rules(&report).is_empty(), "{:?}", rules(&report));
}

/// Waits until somebody listens on the SIP port: then it cannot be taken.
fn wait_for_udp(cable: &Cable, address: Ipv4Addr) {
    let taken = move || {
        let is_taken = || UdpSocket::bind((address, 5060)).is_err();
        (0..500).any(|_| {
            is_taken() || {
                sleep(Duration::from_millis(10));
                false
            }
        })
    };
    assert!(cable.server.inside(taken).join().unwrap(), "nobody listens");
}
