//! The captures of the benches hold what their kinds say: a small one of each is read, message by message.

#[path = "../benches/support/mod.rs"]
mod traffic;

use nrpcsniff::internals::{Options, Pipeline, Reader};
use nrpcsniff::{Analysis, Conversation};
use std::io::Cursor;
use traffic::Traffic;
use traffic::scaled::Kind;

fn bytes(kind: Kind, conversations: u64) -> Vec<u8> {
    let mut traffic = Traffic::new(Vec::new()).unwrap();
    kind.write(&mut traffic, conversations).unwrap();
    traffic.finish().unwrap()
}

fn analysed(kind: Kind, conversations: u64) -> Analysis {
    let mut reader = Reader::from_reader("memory", Cursor::new(bytes(kind, conversations))).unwrap();
    let mut pipeline = Pipeline::new(Options::default());
    while let Some(frame) = reader.next(0) {
        pipeline.frame(&frame);
    }
    let analysis = pipeline.finish(vec![reader.into_input()]);
    assert_eq!(analysis.conversations.len() as u64, conversations, "{kind:?}");
    analysis
}

fn of<'a>(analysis: &'a Analysis, protocol: &'a str) -> Vec<&'a Conversation> {
    let is_of = |one: &&Conversation| one.protocol.is_some_and(|known| known.name == protocol);
    analysis.conversations.iter().filter(is_of).collect()
}

/// Kinds of the messages of a conversation.
fn kinds(conversation: &Conversation) -> Vec<&'static str> {
    conversation.messages.iter().map(|message| message.body.kind()).collect()
}

/// Every conversation of that protocol says these messages, and there are so many.
fn all_say(analysis: &Analysis, protocol: &str, count: usize, messages: &[&str]) {
    let found = of(analysis, protocol);
    assert_eq!(found.len(), count, "{protocol}");
    for one in found {
        assert_eq!(kinds(one), messages, "{protocol}");
    }
}

const NOTES: [&str; 4] = ["nrpc.session_request", "nrpc.session_response", "nrpc.auth", "nrpc.opaque"];

#[test]
fn tls_is_sealed_downloads() {
    let analysis = analysed(Kind::Tls, 200);
    all_say(&analysis, "nrpc", 2, &NOTES);
    all_say(&analysis, "dns", 100, &["dns.query", "dns.response"]);
    let sealed = of(&analysis, "tls");
    assert_eq!(sealed.len(), 98);
    for one in sealed {
        let layer = one.tls.unwrap();
        assert!((5..=40).contains(&layer.sealed), "{layer:?}");
        assert_eq!(kinds(one)[..2], ["tls.client_hello", "tls.server_hello"]);
    }
}

#[test]
fn dense_is_notes_and_registrations() {
    let analysis = analysed(Kind::Dense, 400);
    all_say(&analysis, "nrpc", 200, &NOTES);
    all_say(&analysis, "sip", 200, &["sip.request", "sip.response", "sip.request", "sip.response"]);
    let quality = |count: fn(&Conversation) -> u64| analysis.conversations.iter().map(count).sum::<u64>();
    assert!((15..70).contains(&quality(|one| one.quality.retransmissions)));
    assert!((20..90).contains(&quality(|one| one.quality.out_of_order)));
    assert_eq!(quality(|one| one.quality.missing_bytes), 0);
}

#[test]
fn flows_say_one_message_in_six_packets() {
    let analysis = analysed(Kind::Flows, 400);
    for protocol in ["nrpc", "sip", "http", "tls"] {
        let found = of(&analysis, protocol);
        assert_eq!(found.len(), 100, "{protocol}");
        assert!(
            found.iter().all(|one| one.messages.len() == 1 && one.packets.client + one.packets.server == 6),
            "{protocol}"
        );
    }
}

#[test]
fn floods_are_single_packets() {
    let analysis = analysed(Kind::SynFlood, 300);
    let ports: Vec<_> = analysis.conversations.iter().map(|one| one.server.port).collect();
    assert_eq!([1352, 443].map(|port| ports.iter().filter(|known| **known == port).count()), [150, 150]);
    assert!(
        analysis
            .conversations
            .iter()
            .all(|one| one.messages.is_empty() && one.packets.client + one.packets.server == 1)
    );
    all_say(&analysed(Kind::DnsFlood, 300), "dns", 300, &["dns.query"]);
}

#[test]
fn the_same_size_gives_the_same_bytes() {
    for (kind, name) in Kind::ALL {
        assert_eq!(bytes(kind, 40), bytes(kind, 40), "{name}");
    }
}
