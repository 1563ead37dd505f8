//! Conversations that were open before the capture, whose frames are cut, or that go through a proxy: known at their next message.

use crate::model::Conversation;
use crate::testing::analysis;
use nrpcsniff_dissectors::protocol;
use nrpcsniff_samples::sametime::{self, Login};
use nrpcsniff_samples::tls::Tls;
use nrpcsniff_samples::{Format, Network, Side, Tcp, http, sip};

fn kinds(conversation: &Conversation) -> Vec<&'static str> {
    conversation.messages.iter().map(|message| message.body.kind()).collect()
}

/// What the only conversation of that protocol says.
fn said(net: &Network, name: &str) -> Vec<&'static str> {
    let analysis = analysis(&net.to_pcap());
    let [conversation] = &analysis.conversations[..] else { panic!("{}", analysis.conversations.len()) };
    assert_eq!(conversation.protocol, protocol(name));
    kinds(conversation)
}

fn begun(net: &Network, port: u16) -> Tcp {
    net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.22"), port).midstream()
}

fn get() -> http::Message {
    http::get("/mail.nsf").host("mail.example.com")
}

const EXCHANGE: [&str; 2] = ["http.request", "http.response"];

#[test]
fn http_begun_in_a_long_body() {
    for port in [80, 9999] {
        for body in [vec![b'z'; 300_000], b"many words of a text, and GET is one of them ".repeat(6000)] {
            let net = Network::new();
            begun(&net, port).server(&body).client(get()).server(http::response(200).html("hello"));
            assert_eq!(said(&net, "http"), EXCHANGE, "{port}");
        }
    }
}

#[test]
fn http_begun_in_what_the_client_uploads() {
    let net = Network::new();
    begun(&net, 8080).client(vec![b'0'; 200_000]).server(http::response(201)).client(get()).server(http::response(403));
    assert_eq!(said(&net, "http"), ["http.response", "http.request", "http.response"]);
}

/// Two bytes of a body might be the beginning of a method; they are no part of the next request.
#[test]
fn the_rest_of_a_body_is_no_part_of_a_request() {
    let net = Network::new();
    begun(&net, 9999).client("ab").server(http::response(200).html("a")).client(get()).server(http::response(403));
    let analysis = analysis(&net.to_pcap());
    let conversation = &analysis.conversations[0];
    assert_eq!(kinds(conversation), ["http.response", "http.request", "http.response"]);
    assert_eq!(conversation.messages[1].body.summary(), "GET /mail.nsf");
}

#[test]
fn one_side_alone_is_enough_on_a_usual_port() {
    let net = Network::new();
    let tcp = net.dial(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 80).only(Side::Server).midstream();
    tcp.server(vec![7; 400_000]).client(get()).server(http::response(401));
    assert_eq!(said(&net, "http"), ["http.response"]);
}

#[test]
fn what_never_says_anything_known_is_passed_over() {
    let net = Network::new();
    let tcp = begun(&net, 9999);
    for _ in 0..200 {
        tcp.client("some words, a line\r\n").server("GETTING on");
    }
    assert!(analysis(&net.to_pcap()).conversations.is_empty());
}

#[test]
fn sip_begun_in_a_message_or_in_silence() {
    for port in [5060, 5070] {
        for before in ["o=- 1 1 IN IP4 10.1.0.50\r\ns=-\r\n", "\r\n\r\n", ""] {
            let net = Network::new();
            let tcp = begun(&net, port);
            for _ in 0..80 {
                tcp.wait(9000).client("\r\n\r\n").server("\r\n");
            }
            tcp.client(before).wait(50);
            let register = sip::Phone::over(&tcp, "ann@example.com").register();
            tcp.client(&register).server(register.response(403));
            assert_eq!(said(&net, "sip"), ["sip.request", "sip.response"], "{port} {before}");
        }
    }
}

#[test]
fn keep_alives_over_udp_do_not_hide_what_follows() {
    let stun = [&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], &[7; 12]].concat();
    for ping in [b"\r\n\r\n".to_vec(), b"\0".to_vec(), stun] {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9"));
        (0..20).for_each(|_| net.wait(20_000).udp(&client, 40_001, &server, 5070, ping.clone()));
        let phone = sip::Phone::new(&client, 40_001, &server, 5070, "ann@example.com");
        let register = phone.register();
        phone.sends(&register).hears(register.response(403));
        assert_eq!(said(&net, "sip"), ["sip.request", "sip.response"]);
    }
}

/// On the ports of a video bridge others have their media; elsewhere only who asks for a relay speaks TURN.
#[test]
fn ways_of_media_are_known_by_what_they_say() {
    let said_on = |port: u16, number: u8| {
        let net = Network::new();
        let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9"));
        net.udp(&client, 40_001, &server, port, [0x80; 172]);
        let message = [&[0, number, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], &[7; 12]].concat();
        net.udp(&client, 40_001, &server, port, message);
        let conversations = analysis(&net.to_pcapng()).conversations;
        conversations.iter().map(|conversation| conversation.messages.len()).sum::<usize>()
    };
    for (port, number, is_known) in [(10_000, 1, true), (30_000, 1, true), (5_004, 1, false), (5_004, 3, true)] {
        assert_eq!(said_on(port, number), usize::from(is_known), "{port} {number}");
    }
}

#[test]
fn sametime_begun_in_a_message_or_behind_a_keep_alive() {
    for (port, before) in [(1533, &[0x55; 90][..]), (1516, &[0x80]), (11_533, &[0x80, 0x81]), (11_533, &[])] {
        let net = Network::new();
        let tcp = begun(&net, port);
        tcp.client(before).wait(50).client(Login::plain("ann", "x").encode()).server(sametime::destroy(0, 0x8000_0015));
        let kinds = said(&net, "sametime");
        let logins: Vec<_> = kinds.into_iter().filter(|kind| *kind != "sametime.keep_alive").collect();
        assert_eq!(logins, ["sametime.login", "sametime.channel_destroy"], "{port} {before:?}");
    }
}

/// A frame that is cut says what it holds: the method and the path, if no more. Six bytes of an answer tell nothing.
#[test]
fn requests_in_cut_frames_as_far_as_they_go() {
    let all = [EXCHANGE; 2].concat();
    let requests = vec!["http.request"; 2];
    for (length, path, expected) in
        [(60, "/m", &requests), (70, "/mail/ann.ns", &all), (96, "/mail/ann.nsf", &all), (110, "/mail/ann.nsf", &all)]
    {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 8888);
        let request = http::get("/mail/ann.nsf?OpenDatabase&secret=abcdefghijklmnopqrstuvw").host("mail.example.com");
        tcp.client(request).server(http::response(401)).client(get()).server(http::response(404)).client_fin();
        let analysis = analysis(&net.write(&Format::pcap().snaplen(length)));
        let conversation = &analysis.conversations[0];
        assert_eq!(&kinds(conversation), expected, "{length}");
        let nrpcsniff_dissectors::Message::Http(first) = &conversation.messages[0].body else { panic!() };
        let request = first.request().unwrap();
        assert_eq!(request.path, path, "{length}");
        assert!(request.parameter("secret").is_none() && !first.problems.is_empty());
    }
}

/// What is no message is shown, and not counted as one.
#[test]
fn totals_hold_messages_only() {
    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 80);
    tcp.client(get()).server("this is no answer of HTTP\r\n").server(http::response(200).html("a"));
    let analysis = analysis(&net.to_pcap());
    assert_eq!(kinds(&analysis.conversations[0]), ["http.request", "http.malformed", "http.response"]);
    assert_eq!(analysis.totals.messages["http"], 2);
}

/// What a SOCKS proxy and its client say to each other, and the way through.
fn through_socks(tcp: &Tcp, steps: &[(&[u8], &[u8])]) {
    for (client, server) in steps {
        tcp.client(client).server(server);
    }
}

#[test]
fn http_behind_socks() {
    let four_a: &[u8] = b"\x04\x01\x00\x50\x00\x00\x00\x07ann\0mail.example.com\0";
    let granted: &[u8] = &[0, 0x5A, 0, 80, 10, 1, 0, 22];
    let to_name: &[u8] = b"\x05\x01\x00\x03\x10mail.example.com\x00\x50";
    let done: &[u8] = &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let ways: [&[(&[u8], &[u8])]; 4] = [
        &[(&[4, 1, 0, 80, 10, 1, 0, 22, 0], granted)],
        &[(four_a, granted)],
        &[(&[5, 1, 0], &[5, 0]), (to_name, done)],
        &[(&[5, 2, 0, 2], &[5, 2]), (b"\x01\x03ann\x02pw", &[1, 0]), (to_name, done)],
    ];
    for way in ways {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 1080);
        through_socks(&tcp, way);
        tcp.client(get()).server(http::response(403));
        assert_eq!(said(&net, "http"), EXCHANGE);
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 1080);
        through_socks(&tcp, way);
        tcp.session("CN=Mail01/O=Acme", "CN=Mail01/O=Acme");
        assert_eq!(said(&net, "nrpc"), ["nrpc.session_request", "nrpc.session_response"]);
    }
}

#[test]
fn a_socks_proxy_that_refuses_or_carries_something_else() {
    for answer in [&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0][..], b"SSH-2.0-x\r\n"] {
        let net = Network::new();
        let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 1080);
        tcp.client([5, 1, 0]).server([5, 0]).client([5, 1, 0, 1, 10, 0, 0, 9, 0, 22]).server(answer).client_fin();
        assert!(analysis(&net.to_pcap()).conversations.is_empty());
    }
}

/// Behind CONNECT a proxy carries HTTP in clear, or TLS with HTTP in it.
#[test]
fn http_behind_connect() {
    let connect = || http::request("CONNECT", "meet.example.com:443").host("meet.example.com:443");
    let established = "HTTP/1.1 200 Connection established\r\n\r\n";
    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 3128);
    tcp.client(connect()).server(established).client(get()).server(http::response(403));
    assert_eq!(said(&net, "http"), [EXCHANGE; 2].concat());

    let net = Network::new();
    let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 3128);
    tcp.client(connect()).server(established);
    tcp.tls(&Tls::v13("meet.example.com")).client(get()).server(http::response(403)).client_fin();
    let analysis = analysis(&net.write(&Format::pcapng().keys()));
    let conversation = &analysis.conversations[0];
    assert!(conversation.protocol == protocol("http") && conversation.over_tls);
    let http: Vec<_> = kinds(conversation).into_iter().filter(|kind| kind.starts_with("http.")).collect();
    assert_eq!(http, [EXCHANGE; 2].concat());
}
