//! The pipeline over constructed captures: protocols by content, roles, gaps, limits, rotated files.

use super::{MessageRetention, Options, Pipeline};
use crate::capture::Reader;
use crate::diagnose::{Settings, diagnose};
use crate::model::{Analysis, Close, Conversation, DatagramFlow, FrameRef, Setup, Side, Stamp};
use nrpcsniff_dissectors::{PROTOCOLS, protocol};
use nrpcsniff_samples::{Network, Segment, Side as From, http, nrpc, other, stories};
use std::io::Cursor;

const SERVER_NAME: &str = "CN=Mail01/O=Acme";

fn analyse(captures: &[Vec<u8>], options: Options) -> Analysis {
    let mut pipeline = Pipeline::new(options);
    let mut inputs = Vec::new();
    for (input, capture) in (0..).zip(captures) {
        let mut reader = Reader::from_reader("test", Cursor::new(capture.clone())).unwrap();
        while let Some(frame) = reader.next(input) {
            pipeline.frame(&frame);
        }
        inputs.push(reader.into_input());
    }
    pipeline.finish(inputs)
}

fn of(net: &Network) -> Analysis {
    analyse(&[net.to_pcap()], Options::default())
}

fn kinds(conversation: &Conversation) -> Vec<&'static str> {
    conversation.messages.iter().map(|m| m.body.kind()).collect()
}

#[test]
fn content_tells_the_protocol_on_any_port() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    net.connect(&client, &server, 4711).session(SERVER_NAME, SERVER_NAME).client_fin();
    net.connect(&client, &server, 4712).client(other::http_get("acme.example", "/")).client_fin();
    net.connect(&client, &server, 4713).client(b"SSH-2.0-a\r\n").client_fin();
    let analysis = of(&net);
    assert_eq!((analysis.conversations.len(), analysis.totals.tcp_conversations), (2, 3));
    assert_eq!(kinds(&analysis.conversations[1]), ["http.request"]);
    let conversation = &analysis.conversations[0];
    assert_eq!((conversation.protocol, conversation.server.port), (protocol("nrpc"), 4711));
    assert_eq!(kinds(conversation), ["nrpc.session_request", "nrpc.session_response"]);
    assert_eq!(conversation.messages[0].frames, [FrameRef { input: 0, number: 4 }]);
}

#[test]
fn the_first_message_tells_who_is_who_where_no_syn_does() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    let tcp = net.dial(&client, &server, 4711).client_port(1024).midstream();
    tcp.session(SERVER_NAME, SERVER_NAME).client_fin();
    let conversation = &of(&net).conversations[0];
    assert!(conversation.roles_guessed && conversation.setup == Setup::Midstream);
    assert_eq!((conversation.client.port, conversation.server.port), (1024, 4711));
    assert_eq!(kinds(conversation), ["nrpc.session_request", "nrpc.session_response"]);
    assert_eq!(conversation.packets.client + conversation.packets.server, of(&net).totals.packets);
    assert_eq!(conversation.teardown.after_message, 2);
}

#[test]
fn a_capture_that_begins_inside_a_message_finds_the_next() {
    let net = Network::new();
    let tcp = net.dial(&net.host("10.1.0.5"), &net.host("10.1.0.9"), 1352).midstream();
    tcp.client([0xAA; 333]).ask(0x20, 40).answer(0x20, 0, 99);
    let conversation = &of(&net).conversations[0];
    assert_eq!((conversation.protocol, conversation.undissected.client), (protocol("nrpc"), 333));
    assert_eq!(kinds(conversation), ["nrpc.transaction"; 2]);
}

/// The response to a request that was not captured is not given to the next request.
/// The answer to HEAD announces a page that never comes: it is held until more is known, and stands where it was said all the same.
#[test]
fn an_answer_that_was_held_stands_before_what_followed() {
    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 80);
    let head = b"HEAD / HTTP/1.1\r\nHost: acme.example\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 900\r\n\r\n";
    tcp.client(head).server(answer).client(http::get("/a").host("acme.example"));
    tcp.server(http::response(200).html("hello"));
    let conversation = &of(&net).conversations[0];
    let numbers: Vec<u32> = conversation.messages.iter().map(|message| message.n).collect();
    let frames: Vec<u64> = conversation.messages.iter().map(|message| message.at.frame.number).collect();
    assert_eq!(kinds(conversation), ["http.request", "http.response", "http.request", "http.response"]);
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert!(frames.is_sorted(), "{frames:?}");
}

#[test]
fn http_exchanges_of_a_capture_that_begins_inside_one() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    let ok = || http::response(200).html("hello");
    let tcp = net.dial(&client, &server, 80).midstream();
    tcp.server(ok()).client(http::get("/a").host("acme.example")).server(ok());
    let tcp = net.connect(&client, &server, 80);
    tcp.client(http::get("/a").host("acme.example")).server(ok());
    let exchange = |message: &crate::model::Message| match &message.body {
        nrpcsniff_dissectors::Message::Http(message) => message.exchange,
        other => panic!("{other:?}"),
    };
    let analysis = of(&net);
    let exchanges: Vec<Vec<_>> =
        analysis.conversations.iter().map(|one| one.messages.iter().map(exchange).collect()).collect();
    assert_eq!(exchanges, [vec![None, Some(1), Some(1)], vec![Some(1), Some(1)]]);
}

#[test]
fn the_user_decides_what_a_port_is() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    net.connect(&client, &server, 1352).session(SERVER_NAME, SERVER_NAME);
    net.dial(&client, &server, 13520).midstream().ask(0x20, 40);
    let options = Options { decode_as: vec![(1352, None), (13520, protocol("nrpc"))], ..Options::default() };
    let analysis = analyse(&[net.to_pcap()], options);
    assert_eq!(analysis.conversations.len(), 1);
    assert_eq!((analysis.conversations[0].server.port, analysis.conversations[0].protocol), (13520, protocol("nrpc")));
}

#[test]
fn what_nobody_wants_is_counted_and_kept_if_asked_for() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    net.connect(&client, &server, 22).client(b"SSH-2.0-a\r\n").server(b"SSH-2.0-server\n").client_fin();
    net.udp(&client, 9999, &server, 9998, b"hello".to_vec());
    assert_eq!((of(&net).conversations.len(), of(&net).totals.passed_over.values().sum::<u64>()), (0, 2));
    let analysis = analyse(&[net.to_pcap()], Options { all: true, ..Options::default() });
    let [tcp, udp] = &analysis.conversations[..] else { panic!("{:?}", analysis.conversations) };
    assert_eq!((tcp.protocol, tcp.teardown.how, tcp.bytes.server), (None, Close::Fin, 15));
    assert_eq!((udp.protocol, udp.packets.client, udp.bytes.client), (None, 1, 5));
    assert!(analysis.totals.passed_over.is_empty());
}

#[test]
fn a_message_names_every_frame_that_carried_it() {
    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.5"), &net.host("10.1.0.9"), 1352);
    let request = tcp.request_for(SERVER_NAME).encode();
    let (first, rest) = request.split_at(50);
    tcp.segment(From::Client, Segment::data(50, rest)).segment(From::Client, Segment::data(0, first));
    let conversation = &of(&net).conversations[0];
    let message = &conversation.messages[0];
    assert_eq!(message.frames.iter().map(|f| f.number).collect::<Vec<_>>(), [4, 5]);
    assert_eq!((message.at.frame.number, message.length), (5, request.len() as u64));
    assert_eq!(conversation.quality.out_of_order, 1);
}

#[test]
fn a_hole_costs_the_message_it_hits_and_no_other() {
    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.5"), &net.host("10.1.0.9"), 1352);
    tcp.session(SERVER_NAME, SERVER_NAME).auth();
    let message = tcp.next_request(0x20, 400);
    tcp.client(&message[..100]).skip(From::Client, 300).client(&message[400..]);
    tcp.answer(0x20, 0, 50).ask(0x20, 40).answer(0x20, 0, 50).client_fin();
    let conversation = &of(&net).conversations[0];
    assert_eq!((conversation.quality.gaps, conversation.quality.missing_bytes), (1, 300));
    let transactions = kinds(conversation).iter().filter(|&&kind| kind == "nrpc.transaction").count();
    assert_eq!(transactions, 4, "{:?}", kinds(conversation));
}

#[test]
fn ports_used_again_make_two_conversations() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    for name in [SERVER_NAME, "CN=Mail02/O=Acme"] {
        net.dial(&client, &server, 1352).client_port(50_000).open().session(name, name).client_fin();
        net.wait_secs(2);
    }
    let analysis = of(&net);
    assert_eq!(analysis.totals.tcp_conversations, 2);
    assert!(analysis.conversations.iter().all(|c| c.ports_reused && c.teardown.how == Close::Fin));
    assert_eq!(analysis.conversations.iter().map(|c| c.stream).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn packets_after_the_end_belong_to_the_conversation_that_ended() {
    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.5"), &net.host("10.1.0.9"), 1352);
    tcp.session(SERVER_NAME, SERVER_NAME).client_fin().wait(5).rst(From::Server);
    let analysis = of(&net);
    assert_eq!((analysis.totals.tcp_conversations, analysis.conversations.len()), (1, 1));
    let conversation = &analysis.conversations[0];
    assert_eq!(conversation.packets.client + conversation.packets.server, analysis.totals.packets);
    assert_eq!(conversation.teardown.how, Close::Fin);
    assert!(conversation.teardown.rst.server.is_some());
}

#[test]
fn a_conversation_crosses_from_one_file_to_the_next() {
    let story = stories::find("nrpc-alias").unwrap().bytes();
    let whole = analyse(std::slice::from_ref(&story), Options::default());
    let net = |half: bool| {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.5"), &net.host("10.1.0.9"), 1352);
        tcp.session(SERVER_NAME, SERVER_NAME);
        if half {
            net
        } else {
            tcp.client_fin();
            net
        }
    };
    assert!(whole.conversations.iter().all(|c| c.messages.iter().all(|m| m.frames.iter().all(|f| f.input == 0))));
    let (first, both) = (net(true).to_pcap(), net(false).to_pcap());
    // The second file: the header of the first, and the records behind those of the first.
    let second: Vec<u8> = both[..24].iter().chain(&both[first.len()..]).copied().collect();
    let analysis = analyse(&[first, second], Options::default());
    assert_eq!(analysis.conversations.len(), 1);
    let teardown = &analysis.conversations[0].teardown;
    assert_eq!((teardown.how, teardown.at.unwrap().frame.input), (Close::Fin, 1));
}

#[test]
fn limits_are_kept_and_told() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    let old = net.connect(&client, &server, 1352);
    old.session(SERVER_NAME, SERVER_NAME);
    for _ in 0..40 {
        net.connect(&client, &server, 1352).works(SERVER_NAME, 30);
    }
    let mut options = Options { conversations: 20, retention: MessageRetention::Essential, ..Options::default() };
    options.limits.flows = 8;
    let analysis = analyse(&[net.to_pcap()], options);
    assert_eq!((analysis.totals.tcp_conversations, analysis.conversations.len()), (41, 20));
    assert!(analysis.facts.evicted > 0 && analysis.totals.passed_over.values().sum::<u64>() == 21);
    let first = &analysis.conversations[0];
    assert!(first.given_up.is_some() && first.messages.len() == 2);
    for conversation in &analysis.conversations[1..] {
        assert!(conversation.messages_seen.client >= 30 && conversation.messages.len() <= 24);
    }
}

#[test]
fn a_quiet_session_outlives_the_crowd() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    let quiet = net.connect(&client, &server, 1352);
    quiet.session(SERVER_NAME, SERVER_NAME);
    for _ in 0..200 {
        net.connect(&client, &server, 22).client(b"SSH-2.0-a\r\n").client_fin();
    }
    quiet.ask(0x20, 40).answer(0x20, 0, 50).client_fin();
    let mut options = Options::default();
    options.limits.flows = 8;
    let analysis = analyse(&[net.to_pcap()], options);
    assert_eq!(analysis.conversations.len(), 1);
    let conversation = &analysis.conversations[0];
    assert_eq!((conversation.given_up, conversation.teardown.how), (None, Close::Fin));
    assert_eq!(conversation.messages_seen.client, 2);
}

#[test]
fn what_waits_in_all_connections_together_is_bounded() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    for _ in 0..20 {
        let tcp = net.connect(&client, &server, 1352);
        tcp.session(SERVER_NAME, SERVER_NAME);
        let request = tcp.next_request(0x20, 600);
        tcp.client(&request[..200]).segment(From::Client, Segment::data(100, &request[300..]));
    }
    let of = |total_bytes| {
        let mut options = Options::default();
        options.limits.total_bytes = total_bytes;
        analyse(&[net.to_pcap()], options).conversations
    };
    let (roomy, tight) = (of(1 << 20), of(5000));
    assert!(roomy.iter().all(|c| c.given_up.is_none()));
    let let_go = tight.iter().filter(|c| c.given_up.is_some()).count();
    assert!((5..=15).contains(&let_go), "{let_go}");
    for conversation in roomy.iter().chain(&tight) {
        assert_eq!(kinds(conversation)[..2], ["nrpc.session_request", "nrpc.session_response"]);
        assert_eq!((conversation.quality.gaps, conversation.quality.missing_bytes), (1, 100));
        assert_eq!(conversation.messages_seen.client, 2, "{:?}", kinds(conversation));
    }
}

#[test]
fn findings_do_not_depend_on_how_many_messages_are_kept() {
    for story in stories::all() {
        let findings = |keep| {
            let analysis = analyse(&[story.bytes()], Options { retention: keep, ..Options::default() });
            diagnose(&analysis, &Settings::default())
        };
        assert_eq!(findings(MessageRetention::Essential), findings(MessageRetention::All(10_000)), "{}", story.name);
    }
}

#[test]
fn an_opaque_frame_is_not_silence() {
    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.5"), &net.host("10.1.0.9"), 1352);
    tcp.session(SERVER_NAME, SERVER_NAME).client(nrpc::sealed(&[0x5A; 200]));
    let conversation = &of(&net).conversations[0];
    assert_eq!(kinds(conversation).last(), Some(&"nrpc.opaque"));
    assert_eq!(conversation.messages_seen[Side::Client], 2);
}

#[test]
fn lookups_do_not_crowd_out_the_rest() {
    let net = Network::new();
    let (client, resolver, server) = (net.host("10.1.0.50"), net.host("10.1.0.53"), net.host("10.1.0.9"));
    for _ in 0..20 {
        net.resolve(&client, &resolver, "mail01.acme.example", 1, &[]);
    }
    net.connect(&client, &server, 1352).works(SERVER_NAME, 1).client_fin();
    let analysis = analyse(&[net.to_pcap()], Options { conversations: 8, ..Options::default() });
    let protocols: Vec<_> = analysis.conversations.iter().map(|c| c.protocol).collect();
    assert_eq!(protocols, [protocol("dns"), protocol("dns"), protocol("nrpc")]);
    assert_eq!(analysis.totals.passed_over["limit of conversations kept"], 18);
}

#[test]
fn datagrams_are_counted_by_their_ends() {
    let net = Network::new();
    let (phone, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    let rtp = [[0x80, 0].as_slice(), &[7; 170]].concat();
    for _ in 0..3 {
        net.udp(&phone, 4000, &server, 30_000, rtp.clone());
    }
    net.udp(&server, 30_000, &phone, 4000, [0; 20]);
    net.resolve(&phone, &server, "acme.example", nrpcsniff_samples::dns::A, &[]);
    let facts = of(&net).facts;
    let [flow, lookup] = facts.datagrams.as_slice() else { panic!("{:?}", facts.datagrams) };
    assert_eq!((flow.ends.client.port, flow.ends.server.port), (4000, 30_000));
    let counts = |flow: &DatagramFlow, side| flow.sent[side].map(|sent| (sent.count, sent.first.frame.number));
    assert_eq!(counts(flow, Side::Client), Some((3, 1)));
    assert_eq!(counts(flow, Side::Server), Some((1, 4)));
    assert_eq!(flow.sent.client.map(|sent| (sent.media, sent.last.frame.number)), Some((3, 3)));
    assert_eq!(flow.sent.server.map(|sent| sent.media), Some(0));
    // A port that a dissector knows makes no difference.
    assert_eq!((lookup.ends.server.port, counts(lookup, Side::Client)), (53, Some((1, 5))));
}

#[test]
fn connections_that_never_came_about_are_noted_by_who_tried_and_what() {
    let net = Network::new();
    let (client, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    net.dial(&client, &server, 4711).refused(2);
    net.wait_secs(5).dial(&client, &server, 4711).refused(1);
    net.dial(&client, &server, 4712).silent(&[1, 3]);
    net.wait_secs(60).dial(&client, &server, 4711).refused(1);
    net.dial(&client, &server, 1352).refused(1);
    net.connect(&client, &server, 4711).client(b"SSH-2.0-a\r\n").client_fin();
    for options in [Options::default(), Options { all: true, ..Options::default() }] {
        let facts = analyse(&[net.to_pcap()], options).facts;
        let frame = |stamp: Stamp| stamp.frame.number;
        let told = facts.failed.iter().map(|f| {
            let ends = [f.first, f.last].map(|attempt| (frame(attempt.syn), attempt.reset.map(frame)));
            assert_eq!((f.client, f.server.ip), (client.ip(), server.ip()));
            (f.server.port, f.setup, f.count, ends)
        });
        let expected = [
            (4711, Setup::Refused, 2, [(1, Some(2)), (5, Some(6))]),
            (4712, Setup::NoAnswer, 1, [(7, None), (7, None)]),
            (4711, Setup::Refused, 1, [(10, Some(11)), (10, Some(11))]),
            (1352, Setup::Refused, 1, [(12, Some(13)), (12, Some(13))]),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!(facts.failed_left_out, 0);
    }
}

/// Whoever asks for the facts need not know which ports are dissected today.
#[test]
fn facts_are_the_same_whether_or_not_a_dissector_knows_the_port() {
    let ports = PROTOCOLS.iter().flat_map(|protocol| [protocol.tcp_ports, protocol.tls_ports].concat());
    let nothing = Options { decode_as: ports.map(|port| (port, None)).collect(), ..Options::default() };
    let named = Options { decode_as: vec![(389, protocol("http")), (4711, protocol("nrpc"))], ..Options::default() };
    let (mut failed, mut datagrams) = (0, 0);
    for sample in stories::all() {
        let with = analyse(&[sample.bytes()], Options::default()).facts;
        for options in [&nothing, &named] {
            assert_eq!(analyse(&[sample.bytes()], options.clone()).facts, with, "{}", sample.name);
        }
        failed += with.failed.len();
        datagrams += with.datagrams.len();
    }
    assert!(failed > 10 && datagrams > 10, "{failed} {datagrams}");
}

/// One port may take 16,384 pairs, and it is known that some of its pairs were left out.
#[test]
fn lookups_leave_room_for_datagrams_on_other_ports() {
    let net = Network::new();
    let (client, resolver) = (net.host("10.1.0.5"), net.host("10.1.0.53"));
    for n in 0..16_390 {
        net.udp(&client, 20_000 + n, &resolver, 53, [0; 4]);
    }
    net.udp(&net.host("10.1.0.6"), 4000, &client, 30_000, [0; 4]);
    let facts = of(&net).facts;
    assert_eq!((facts.datagrams.len(), facts.datagrams_left_out), (16_385, 0));
    assert_eq!(facts.datagrams.last().map(|flow| flow.ends.client.port), Some(4000));
    assert_eq!(facts.datagram_ports_cut.iter().copied().collect::<Vec<_>>(), [53]);
}

#[test]
fn datagrams_are_known_by_content_and_roles_by_who_answers() {
    let net = Network::new();
    let (phone, server) = (net.host("10.1.0.5"), net.host("10.1.0.9"));
    let register = nrpcsniff_samples::sip::Phone::new(&phone, 5060, &server, 5060, "ann").register();
    let ok = register.response(200);
    net.udp(&phone, 7070, &server, 7071, b"\r\n\r\n".to_vec());
    net.udp(&phone, 7070, &server, 7071, register.as_ref().to_vec());
    net.udp(&server, 5060, &phone, 5060, ok.as_ref().to_vec());
    net.udp(&phone, 5060, &server, 5060, register.as_ref().to_vec());
    let analysis = of(&net);
    let [odd, usual] = &analysis.conversations[..] else { panic!("{:?}", analysis.conversations) };
    assert_eq!(
        (odd.protocol, odd.client.port, odd.packets.client, odd.messages_seen.client),
        (protocol("sip"), 7070, 2, 1)
    );
    assert!(!odd.roles_guessed && usual.roles_guessed);
    assert_eq!((usual.client.ip, usual.messages_seen.client, usual.packets.server), (odd.client.ip, 1, 1));
    assert_eq!((analysis.totals.messages["sip"], analysis.totals.passed_over.len()), (3, 0));
}
