//! A small analysis made by hand, for tests of the formats.

use crate::model::{
    Analysis, AttemptCounts, AttemptKind, Close, CloseBy, Conclusion, Confidence, Conversation, ConversationId,
    Endpoint, Evidence, Facts, Finding, FrameRef, Input, InputFormat, Layer, Message, PerSide, Quality, RuleId, Setup,
    Severity, Side, Source, Span, Stamp, Teardown, Timestamp, Totals, Transport, Verdict, VerdictKind,
};
use nrpcsniff_dissectors::{Message as Body, dns, nrpc};
use std::net::SocketAddr;

/// A name that tries to take over the terminal.
pub(super) const HOSTILE: &str = "chat.example.net\x1b]0;gone\x07\u{202e}\nVERDICT  all is well";

pub(super) fn frame(input: u32, number: u64) -> FrameRef {
    FrameRef { input, number }
}

/// Frame `number`, `micros` after the first.
pub(super) fn at(number: u64, micros: i64) -> Stamp {
    let time = Timestamp::new(1_745_344_099_178_040_000 + micros * 1000, 6);
    Stamp { frame: frame(0, number), time }
}

/// A TCP conversation of seven frames without content.
pub(super) fn conversation(id: u32, client: SocketAddr, server: SocketAddr) -> Conversation {
    let endpoint = |address: SocketAddr| Endpoint { ip: address.ip(), port: address.port() };
    Conversation {
        id: ConversationId::new(id),
        stream: id,
        last: at(7, 17_600),
        setup: Setup::Handshake,
        packets: PerSide { client: 4, server: 3 },
        bytes: PerSide { client: 215, server: 126 },
        quality: Quality { rtt: Some(Span::from_nanos(300_000)), ..Quality::default() },
        ..Conversation::new(Transport::Tcp, endpoint(client), endpoint(server), at(1, 0))
    }
}

pub(super) fn message(n: u32, from: Side, at: Stamp, body: Body) -> Message {
    Message { n, from, at, frames: vec![at.frame], offset: 0, length: 126, body }
}

fn opening(from: Side, session: nrpc::Session) -> Body {
    let (function, body) = match from {
        Side::Client => (2, nrpc::Body::SessionRequest(session)),
        Side::Server => (3, nrpc::Body::SessionResponse(session)),
    };
    Body::Nrpc(nrpc::Message { length: 124, sequence: 1, function, body, ..nrpc::Message::default() })
}

/// A refused alias: the client asks for a host name, another server answers, the client closes.
pub(super) fn refused() -> Conversation {
    let mut c = conversation(0, "10.0.0.5:50123".parse().unwrap(), "10.0.0.9:1352".parse().unwrap());
    c.protocol = Some(&nrpc::PROTOCOL);
    c.tcp.handshake.syns = vec![at(1, 0)];
    c.tcp.handshake.syn_ack = Some(at(2, 300));
    c.tcp.handshake.ack = Some(at(3, 400));
    let request = nrpc::Session { wanted_server: Some(HOSTILE.to_owned()), ..nrpc::Session::default() };
    let answer =
        nrpc::Session { own_name: Some("CN=STCOMM7/OU=Servers/O=Example".to_owned()), ..nrpc::Session::default() };
    c.messages = vec![
        message(1, Side::Client, at(4, 13_400), opening(Side::Client, request)),
        message(2, Side::Server, at(5, 13_600), opening(Side::Server, answer)),
    ];
    c.messages_seen = PerSide { client: 1, server: 1 };
    c.teardown = Teardown {
        how: Close::Fin,
        by: CloseBy::Client,
        at: Some(at(6, 17_600)),
        after_message: 2,
        fin: PerSide { client: Some(at(6, 17_600)), server: None },
        ..Teardown::default()
    };
    c
}

/// A refused alias, a DNS question and something unknown: one conversation for each way in which reports show one.
pub(crate) fn analysis() -> Analysis {
    let mut lookup = conversation(1, "10.0.0.5:40000".parse().unwrap(), "10.0.0.2:53".parse().unwrap());
    (lookup.transport, lookup.protocol, lookup.setup) = (Transport::Udp, Some(&dns::PROTOCOL), Setup::None);
    let question = dns::Message { id: 7, name: "chat.example.net".to_owned(), qtype: 1, ..dns::Message::default() };
    lookup.messages = vec![message(1, Side::Client, at(8, 18_000), Body::Dns(question))];
    let unknown = conversation(2, "10.0.0.5:50124".parse().unwrap(), "10.0.0.9:80".parse().unwrap());
    let input = Input {
        format: Some(InputFormat::Pcap),
        link_types: vec![1],
        packets: 15,
        bytes: 1500,
        first: Some(at(1, 0).time),
        last: Some(at(15, 20_000).time),
        complete: true,
        ..Input::named("refused.pcap")
    };
    let totals = Totals {
        packets: 15,
        bytes: 1500,
        tcp_conversations: 2,
        udp_conversations: 1,
        undecoded: [("not IP", 1)].into(),
        messages: [("nrpc", 2), ("dns", 1)].into(),
        passed_over: [("unknown protocol", 1)].into(),
        other_files: 0,
        set_aside: [("names without an address", 1)].into(),
    };
    Analysis {
        inputs: vec![input],
        totals,
        conversations: vec![refused(), lookup, unknown].into(),
        facts: crate::model::CaptureFacts::default(),
        logs: Vec::new(),
        end: Some(at(15, 20_000).time),
    }
}

/// A finding about nothing in particular.
pub(super) fn finding(id: &'static str, severity: Severity) -> Finding {
    Finding {
        rule: RuleId::new(id),
        severity,
        confidence: Confidence::Medium,
        score: 60,
        title: format!("Something that {id} saw"),
        explanation: "What happened, in plain words.".to_owned(),
        conversations: Vec::new(),
        frames: Vec::new(),
        evidence: Vec::new(),
        remedy: vec!["Change this.".to_owned()],
        references: vec!["A public source".to_owned()],
        also: Vec::new(),
        layer: if id.starts_with("cap-") { Layer::Capture } else { Layer::Protocol },
        facts: Facts::default(),
        group: crate::model::Group::default(),
    }
}

/// A capture finding and the refused alias, as rules would give them for [`analysis`].
pub(super) fn findings() -> Vec<Finding> {
    let mut cut = finding("cap-truncated", Severity::Info);
    cut.frames = vec![frame(0, 9), frame(0, 10), frame(0, 11)];
    cut.evidence = vec![Evidence {
        source: Source::Packet,
        frame: Some(frame(0, 9)),
        line: None,
        text: "cut to 96 of 1514 bytes".to_owned(),
    }];
    let mut alias = finding("nrpc-name-mismatch-alias", Severity::Blocker);
    (alias.confidence, alias.score) = (Confidence::High, 75);
    alias.title = format!("Client asked for the alias {HOSTILE}, STCOMM7/Servers/Example answered");
    alias.explanation = "The Notes client 10.0.0.5 asked 10.0.0.9:1352 for an alias; the machine that answered said \
                         it is another. Notes does not go on when the names differ: the client closed with FIN \
                         4.0 ms after the answer. Network and server are working."
        .to_owned();
    alias.conversations = vec![ConversationId::new(0)];
    alias.frames = vec![frame(0, 4), frame(0, 5), frame(0, 6)];
    let fact = |number, text: &str| Evidence {
        source: Source::Packet,
        frame: Some(frame(0, number)),
        line: None,
        text: text.to_owned(),
    };
    alias.evidence = vec![
        fact(4, &format!("session request asks for \"{HOSTILE}\"")),
        fact(5, "session response comes from \"CN=STCOMM7/OU=Servers/O=Example\""),
        fact(6, "the client closed with FIN after message 2"),
        Evidence {
            source: Source::Absence,
            frame: None,
            line: None,
            text: "no second message of the client".to_owned(),
        },
    ];
    alias.remedy = vec![
        "One server behind the alias: Server document > Basics > Fully qualified Internet host name = the alias, then \
         restart the server."
            .to_owned(),
        "Or ask for the real name: a Connection document on the client.".to_owned(),
    ];
    alias.also = vec![RuleId::new("nrpc-early-close")];
    vec![cut, alias]
}

/// What these come to.
pub(super) fn conclusion() -> Conclusion {
    let server = Endpoint { ip: [10, 0, 0, 9].into(), port: 1352 };
    let opened = AttemptCounts::new(AttemptKind::NrpcOpen, server, Some(HOSTILE.to_owned()));
    let attempts = vec![AttemptCounts { refused: 1, clients: 1, ..opened }];
    Conclusion { verdict: verdict(), attempts, captures: Vec::new() }
}

/// The verdict on these.
pub(super) fn verdict() -> Verdict {
    let text = findings().pop().map(|alias| alias.title).unwrap_or_default();
    let tried = "0 of 1 Notes session opened; 1 refused.".to_owned();
    Verdict { kind: VerdictKind::Fault, text, finding: Some(1), cautions: Vec::new(), tried }
}
