//! Snapshots give what the file mode gives, and forgetting leaves what goes on.

use super::{Judge, Options, Pipeline};
use crate::capture::Reader;
use crate::diagnose::{Settings, diagnose};
use crate::model::{Analysis, Conversation, Finding, Frame, Stay, Timestamp};
use crate::stream::Limits;
use nrpcsniff_samples::dns::{A, Record};
use nrpcsniff_samples::{Network, SplitMix64, http, other, sip, stories};
use std::io::Cursor;

const SERVER_NAME: &str = "CN=Mail01/O=Acme";

/// Hands every frame of a capture to `take`.
fn frames(capture: &[u8], mut take: impl FnMut(&Frame<'_>)) {
    let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).unwrap();
    while let Some(frame) = reader.next(0) {
        take(&frame);
    }
}

/// A pipeline that knows the TLS secrets of the capture, as a key log that grows would tell them.
fn knowing(capture: &[u8]) -> Pipeline {
    let mut reader = Reader::from_reader("test", Cursor::new(capture.to_vec())).unwrap();
    let mut pipeline = Pipeline::new(Options::default());
    let mut known = 0;
    while let Some((_, secrets)) = reader.next_with_secrets(0) {
        for secret in &secrets[known..] {
            pipeline.tls_secrets(&secret.data);
        }
        known = secrets.len();
    }
    pipeline
}

fn whole(capture: &[u8], most: u64) -> Analysis {
    let mut pipeline = knowing(capture);
    frames(capture, |frame| {
        if frame.at.frame.number <= most {
            pipeline.frame(frame);
        }
    });
    pipeline.finish(Vec::new())
}

fn judged(analysis: &Analysis) -> Vec<Finding> {
    diagnose(analysis, &Settings::default())
}

/// A snapshot that is the analysis itself, or its copy.
fn copy(pipeline: &mut Pipeline) -> Analysis {
    let now = pipeline.now().unwrap_or_default();
    pipeline.snapshot(Vec::new(), now, Clone::clone)
}

#[test]
fn the_last_snapshot_gives_the_findings_of_the_file_however_many_came_before() {
    for sample in stories::all() {
        let capture = sample.bytes();
        let file = whole(&capture, u64::MAX);
        for every in [1, 7, u64::MAX] {
            let mut pipeline = knowing(&capture);
            frames(&capture, |frame| {
                pipeline.frame(frame);
                if frame.at.frame.number.is_multiple_of(every) {
                    copy(&mut pipeline);
                }
            });
            assert_eq!(judged(&copy(&mut pipeline)), judged(&file), "{} every {every}", sample.name);
            // Looking at it changed nothing.
            assert_eq!(pipeline.finish(Vec::new()), file, "{} every {every}", sample.name);
        }
    }
}

#[test]
fn every_snapshot_gives_the_findings_of_the_file_so_far() {
    for sample in stories::all() {
        let capture = sample.bytes();
        let mut pipeline = knowing(&capture);
        let mut count = 0;
        frames(&capture, |frame| {
            pipeline.frame(frame);
            count = frame.at.frame.number;
            // Of a long capture some will do.
            // What waits for earlier bytes is given up only when a capture ends: those bytes may still come.
            let waits = pipeline.usage().waiting_bytes > 0;
            if !waits && (count <= 60 || count.is_multiple_of(13)) {
                let (live, file) = (copy(&mut pipeline), whole(&capture, count));
                assert_eq!(judged(&live), judged(&file), "{} after {count}", sample.name);
                assert_eq!(live.totals.messages, file.totals.messages, "{} after {count}", sample.name);
                assert_eq!(live.facts, file.facts, "{} after {count}", sample.name);
            }
        });
    }
}

/// Packet time in seconds of a network's clock, as the pipeline sees it.
fn before(pipeline: &Pipeline, seconds: i64) -> Timestamp {
    Timestamp::new(pipeline.now().unwrap().nanos() - seconds * 1_000_000_000, 9)
}

/// Says that what was heard of since then stays, and nothing else.
struct Latest {
    since: Timestamp,
    gone: Vec<Conversation>,
}

impl Judge for Latest {
    fn judge(&mut self, analysis: &Analysis, _: &[bool]) -> Stay {
        let stays = analysis.conversations.iter().map(|c| c.last.time >= self.since).collect();
        Stay { conversations: stays, since: self.since, ..Stay::default() }
    }

    fn goes(&mut self, conversation: &Conversation) {
        self.gone.push(conversation.clone());
    }
}

fn retire(pipeline: &mut Pipeline, seconds: i64) -> Vec<Conversation> {
    let mut latest = Latest { since: before(pipeline, seconds), gone: Vec::new() };
    pipeline.let_go(Vec::new(), &mut latest);
    latest.gone
}

#[test]
fn what_is_over_and_old_is_forgotten_and_what_is_open_stays() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    let open = net.connect(&client, &server, 1352);
    open.session(SERVER_NAME, SERVER_NAME);
    for _ in 0..3 {
        net.connect(&client, &server, 1352).session(SERVER_NAME, SERVER_NAME).client_fin();
    }
    net.wait_secs(100);
    net.connect(&client, &server, 1352).session(SERVER_NAME, SERVER_NAME).client_fin();
    let mut pipeline = Pipeline::new(Options::default());
    frames(&net.to_pcap(), |frame| {
        pipeline.frame(frame);
        copy(&mut pipeline);
    });
    assert_eq!(retire(&mut pipeline, 200).len(), 0);
    let retired = retire(&mut pipeline, 50);
    assert_eq!(retired.iter().map(|c| c.stream).collect::<Vec<_>>(), [1, 2, 3]);
    let left = copy(&mut pipeline);
    assert_eq!(left.conversations.iter().map(|c| (c.id.number(), c.stream)).collect::<Vec<_>>(), [(0, 0), (1, 4)]);
    assert_eq!(left.totals.tcp_conversations, 5);
    let end = pipeline.finish(Vec::new());
    assert_eq!(end.conversations.iter().map(|c| c.stream).collect::<Vec<_>>(), [0, 4]);
    assert_eq!(end.totals.messages["nrpc"], whole(&net.to_pcap(), u64::MAX).totals.messages["nrpc"]);
}

#[test]
fn packets_find_their_conversation_wherever_it_was_moved() {
    let net = Network::new();
    let (client, server, resolver) = (net.host("10.1.0.5"), net.host("10.1.0.9"), net.host("10.1.0.53"));
    let talks: Vec<_> = (0..6).map(|_| net.connect(&client, &server, 1352)).collect();
    for (index, talk) in talks.iter().enumerate() {
        net.wait_secs(10);
        talk.session(SERVER_NAME, SERVER_NAME);
        let name = format!("host{index}.acme.example");
        net.resolve(&client, &resolver, &name, A, &[Record::address(&name, "10.1.0.9")]);
        if index % 2 == 0 {
            talk.client_fin();
        }
    }
    net.wait_secs(40);
    for talk in talks.iter().skip(1).step_by(2) {
        talk.transactions(1).client_fin();
    }
    let capture = net.to_pcap();
    let mut pipeline = Pipeline::new(Options::default());
    frames(&capture, |frame| {
        pipeline.frame(frame);
        retire(&mut pipeline, 30);
        copy(&mut pipeline);
    });
    let file = whole(&capture, u64::MAX);
    let end = pipeline.finish(Vec::new());
    assert_eq!(end.conversations.len(), 3);
    for conversation in &end.conversations {
        let known = file.conversations.iter().find(|c| c.stream == conversation.stream).unwrap();
        let same = Conversation { id: known.id, skipped: known.skipped, ..conversation.clone() };
        assert_eq!(&same, known);
    }
}

#[test]
fn a_connection_on_a_port_of_the_report_that_nobody_wants_is_not_shown() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    let tcp = net.connect(&client, &server, 80);
    let mut pipeline = Pipeline::new(Options::default());
    tcp.client(b"SSH-2.0-nothing that HTTP would say\r\n").wait(5).server(b"SSH-2.0-b\r\n").client_fin();
    let mut most = 0;
    frames(&net.to_pcap(), |frame| {
        pipeline.frame(frame);
        most = most.max(copy(&mut pipeline).conversations.len());
    });
    let file = whole(&net.to_pcap(), u64::MAX);
    assert_eq!(copy(&mut pipeline).conversations.len(), file.conversations.len());
    assert_eq!(pipeline.finish(Vec::new()), file);
    assert_eq!(most, 1, "while nobody had spoken, its port was all there was");
}

#[test]
fn a_conversation_without_end_keeps_its_latest_messages() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    let tcp = net.connect(&client, &server, 80);
    let options = Options { messages: 60, retention: super::MessageRetention::Essential, ..Options::default() };
    for n in 0..300 {
        net.wait_secs(1);
        tcp.client(other::http_get("acme.example", &format!("/{n}"))).server(http::response(200).html("x"));
    }
    let mut pipeline = Pipeline::new(options);
    frames(&net.to_pcap(), |frame| {
        pipeline.frame(frame);
        if frame.at.frame.number.is_multiple_of(10) {
            retire(&mut pipeline, 15);
            copy(&mut pipeline);
        }
    });
    let analysis = copy(&mut pipeline);
    let [conversation] = &analysis.conversations[..] else { panic!("{analysis:?}") };
    let numbers: Vec<_> = conversation.messages.iter().map(|m| m.n).collect();
    assert!(numbers.starts_with(&[1, 2, 3]) && numbers.ends_with(&[598, 599, 600]), "{numbers:?}");
    assert!(numbers.len() < 300 && numbers.iter().filter(|&&n| n > 570).count() == 30, "{numbers:?}");
    assert_eq!(conversation.messages_seen.client, 300);
}

#[test]
fn a_datagram_conversation_that_was_forgotten_begins_anew() {
    let net = Network::new();
    let (phone, server) = (net.host("10.1.0.50"), net.host("10.1.0.9"));
    let phone = sip::Phone::new(&phone, 5060, &server, 5060, "ann@example.com");
    let register = |phone: &sip::Phone| {
        let request = phone.register();
        phone.sends(&request).hears(request.response(200).expires(60));
    };
    register(&phone);
    net.wait_secs(100);
    net.udp(&net.host("10.1.0.7"), 9999, &net.host("10.1.0.8"), 9998, [0; 4]);
    net.wait_secs(100);
    register(&phone);
    let mut pipeline = Pipeline::new(Options::default());
    frames(&net.to_pcap(), |frame| {
        pipeline.frame(frame);
        retire(&mut pipeline, 50);
    });
    let analysis = copy(&mut pipeline);
    assert_eq!(analysis.conversations.len(), 1);
    assert_eq!((analysis.totals.udp_conversations, analysis.totals.messages["sip"]), (2, 4));
    assert_eq!(analysis.conversations[0].messages.len(), 2);
    let pairs: Vec<_> = analysis.facts.datagrams.iter().map(|flow| (flow.ends.client.port, flow.sent)).collect();
    let [(5060, sent), (9999, _)] = pairs.as_slice() else { panic!("{pairs:?}") };
    assert_eq!(sent.client.map(|sent| sent.count), Some(2), "what its datagrams are counted in stays");
}

#[test]
fn memory_follows_the_window_whatever_comes() {
    let mut random = SplitMix64::new(7);
    let limits = Limits { flows: 64, ..Limits::default() };
    let mut pipeline = Pipeline::new(Options { limits, conversations: 2000, ..Options::default() });
    let mut most = 0;
    for round in 0..40 {
        let net = Network::new();
        net.wait_secs(round * 300);
        for _ in 0..100 {
            let client = net.host(&format!("10.{}.{}.7", random.below(256), random.below(256)));
            let server = net.host("10.1.0.9");
            match random.below(4) {
                0 => net.dial(&client, &server, 1352).silent(&[1, 3, 7]),
                1 => net.dial(&client, &server, 4711).refused(2),
                2 => {
                    net.connect(&client, &server, 1352).session(SERVER_NAME, SERVER_NAME);
                }
                _ => {
                    net.connect(&client, &server, 1352).session(SERVER_NAME, SERVER_NAME).server_fin();
                }
            }
            net.udp(&client, 9999, &server, 9998, [0; 4]);
        }
        frames(&net.to_pcap(), |frame| {
            pipeline.frame(frame);
        });
        retire(&mut pipeline, 60);
        copy(&mut pipeline);
        most = most.max(pipeline.usage().conversations);
    }
    let held = pipeline.usage();
    assert!(most <= 400, "{most}");
    assert!(held.flows <= 4 * 64 * 2, "{held:?}");
    let facts = (pipeline.state.facts.failed.len(), pipeline.state.facts.datagrams.len());
    assert!(!pipeline.forget_facts(before(&pipeline, 60)), "there is room for all of them");
    assert_eq!((pipeline.state.facts.failed.len(), pipeline.state.facts.datagrams.len()), facts);
    assert!(held.evicted > 0);
}
