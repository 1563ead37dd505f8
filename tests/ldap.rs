//! LDAP from packets to report: StartTLS granted and refused, with and without keys; LDAP inside TLS from its first byte; and
//! conversations that began before the capture, or are on a port of their own.

mod support;

use nrpcsniff_samples::ldap::{self, Scope};
use nrpcsniff_samples::tls::Tls;
use nrpcsniff_samples::{Dial, Format, Network, Tcp};
use serde_json::Value;
use std::fs;
use support::{list, report, text};

const NAME: &str = "cn=sametime,o=Example";

fn dial(net: &Network, port: u16) -> Dial {
    net.dial(&net.host("10.1.0.9"), &net.host("10.1.0.30"), port)
}

/// Its protocol, and whether that travels inside TLS.
fn kind(conversation: &Value) -> (&str, bool) {
    (text(conversation, "protocol"), conversation["over_tls"] == true)
}

/// The report of what happened in that network, with these arguments.
fn read(net: &Network, format: &Format, arguments: &[&str]) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, net.write(format)).unwrap();
    report(&[&["--detail", "messages", file.path().to_str().unwrap()], arguments].concat())
}

/// The only conversation.
fn only(report: &Value) -> &Value {
    let [one] = list(report, "conversations") else { panic!("{}", report["conversations"]) };
    one
}

/// Kinds of its messages, those of TLS left out.
fn kinds(conversation: &Value) -> Vec<&str> {
    let kinds = list(conversation, "messages").iter().map(|message| text(message, "type"));
    kinds.filter(|kind| !kind.starts_with("tls.")).collect()
}

/// A bind and a search with one entry, the next message having that id.
fn bind_and_search(tcp: &Tcp, id: u8) {
    let found = [ldap::entry(id + 1, "uid=ann,o=Example", &[["cn", "Ann"]]), ldap::search_done(id + 1, 0, "")].concat();
    tcp.wait(1).client(ldap::bind(id, NAME, "constructed")).wait(1).server(ldap::bind_result(id, 0, ""));
    tcp.wait(1).client(ldap::search(id + 1, "o=Example", Scope::Subtree, ["uid", "ann"])).wait(1).server(found);
    tcp.wait(1).client(ldap::unbind(id + 2)).client_fin();
}

const INSIDE: [&str; 5] =
    ["ldap.bind_request", "ldap.bind_response", "ldap.search_request", "ldap.search_done", "ldap.unbind"];

/// A connection on which StartTLS is granted, and all that follows.
fn start_tls(settings: &Tls) -> Network {
    let net = Network::new();
    let tcp = dial(&net, ldap::PORT).open();
    tcp.wait(1).client(ldap::start_tls(1)).wait(1).server(ldap::start_tls_result(1, 0, ""));
    bind_and_search(&tcp.tls(settings), 2);
    net
}

#[test]
fn start_tls_goes_on_inside_tls_with_keys_of_the_capture_or_of_a_log() {
    for settings in [Tls::v12("meet.example.com"), Tls::v13("meet.example.com")] {
        let net = start_tls(&settings);
        let keys = tempfile::NamedTempFile::new().unwrap();
        fs::write(&keys, net.key_log()).unwrap();
        let log = ["--keylog", keys.path().to_str().unwrap()];
        for (format, arguments) in [(Format::pcapng().keys(), &[][..]), (Format::pcap(), &log)] {
            let report = read(&net, &format, arguments);
            let one = only(&report);
            assert_eq!(kind(one), ("ldap", true));
            let kinds = kinds(one);
            assert_eq!(kinds[..2], ["ldap.extended", "ldap.extended_response"]);
            assert_eq!(kinds[2..], INSIDE);
            let done = list(one, "messages").iter().find(|message| message["type"] == "ldap.search_done").unwrap();
            assert_eq!(done["fields"]["entries"], 1);
            assert!(report.to_string().contains(NAME) && !report.to_string().contains("constructed"));
        }
    }
}

#[test]
fn start_tls_without_keys_says_what_is_missing() {
    let net = start_tls(&Tls::v13("meet.example.com"));
    let report = read(&net, &Format::pcap(), &[]);
    let one = only(&report);
    assert_eq!(kind(one), ("ldap", true));
    assert_eq!(kinds(one), ["ldap.extended", "ldap.extended_response"]);
    let rules: Vec<_> = list(&report, "findings").iter().map(|finding| text(finding, "rule")).collect();
    assert_eq!(rules, ["cap-encrypted"]);
    assert!(!report.to_string().contains(NAME));
}

/// What a domain controller without a certificate answers (52), and what OpenLDAP does without TLS (2). The client goes on in
/// clear, as some do.
#[test]
fn where_start_tls_is_refused_the_conversation_stays_ldap() {
    for (code, name) in [(52, "unavailable"), (2, "protocolError")] {
        let net = Network::new();
        let tcp = dial(&net, ldap::PORT).open();
        tcp.wait(1).client(ldap::start_tls(1)).wait(1).server(ldap::start_tls_result(1, code, "no TLS here"));
        bind_and_search(&tcp, 2);
        let report = read(&net, &Format::pcap(), &[]);
        let one = only(&report);
        assert_eq!(kind(one), ("ldap", false));
        let kinds = kinds(one);
        assert_eq!(kinds[2..], INSIDE);
        let refusal = &list(one, "messages")[1]["fields"];
        assert_eq!((text(refusal, "result_name"), text(refusal, "diagnostic")), (name, "no TLS here"));
    }
}

#[test]
fn ldap_inside_tls_from_its_first_byte() {
    for port in [ldap::TLS_PORT, 10_636] {
        let net = Network::new();
        bind_and_search(&dial(&net, port).open().tls(&Tls::v12("meet.example.com")), 1);
        let report = read(&net, &Format::pcapng().keys(), &[]);
        let one = only(&report);
        assert_eq!(kind(one), ("ldap", true), "{port}");
        assert_eq!(kinds(one), INSIDE, "{port}");
    }
}

/// A pool of connections that was opened long ago: the first thing seen is a search, on whatever port.
#[test]
fn a_conversation_that_began_before_the_capture_is_known_by_its_content() {
    for port in [ldap::PORT, 3268, 10_389] {
        let net = Network::new();
        let tcp = dial(&net, port).midstream();
        let found = [ldap::entry(70, "uid=ann,o=Example", &[["cn", "Ann"]]), ldap::search_done(70, 0, "")].concat();
        tcp.client(ldap::search(70, "o=Example", Scope::Subtree, ["uid", "ann"])).wait(1).server(found);
        bind_and_search(&tcp, 71);
        let report = read(&net, &Format::pcap(), &[]);
        let one = only(&report);
        assert_eq!(text(one, "protocol"), "ldap", "{port}");
        assert_eq!(kinds(one)[..2], ["ldap.search_request", "ldap.search_done"], "{port}");
        assert_eq!(kinds(one)[2..], INSIDE, "{port}");
    }
}

#[test]
fn other_protocols_on_its_port_are_not_ldap() {
    let net = Network::new();
    dial(&net, ldap::PORT).open().wait(1).client("GET / HTTP/1.1\r\nHost: ldap.example.net\r\n\r\n").client_fin();
    assert_eq!(text(only(&read(&net, &Format::pcap(), &[])), "protocol"), "http");
}
