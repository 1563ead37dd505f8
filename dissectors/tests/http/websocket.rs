//! WebSocket behind an upgrade: SIP that it carries, and what is not read.

use super::{client, lines, open, problems, render, server};
use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::{Message, Side, sip};

/// A frame of a WebSocket (RFC 6455 section 5.2), masked if it has a mask.
pub(super) fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let flag = if mask.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(flag | u8::try_from(length).unwrap()),
        length @ 126..0x1_0000 => {
            bytes.push(flag + 126);
            bytes.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            bytes.push(flag + 127);
            bytes.extend(u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    bytes.extend(mask.iter().flatten());
    let mask = mask.unwrap_or_default();
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

pub(super) const REGISTER: &str = "REGISTER sip:acme.example SIP/2.0\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK1\r\n\
    From: <sip:ann@acme.example>;tag=1\r\nTo: <sip:ann@acme.example>\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\n\
    Cookie: LtpaToken=\"undefined\"\r\nContent-Length: 0\r\n\r\n";
pub(super) const ANSWER: &str = "SIP/2.0 200 OK\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK1\r\nFrom: <sip:ann@acme.example>;tag=1\r\n\
    To: <sip:ann@acme.example>;tag=2\r\nCall-ID: c1\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n";
pub(super) const MASK: Option<[u8; 4]> = Some([0x37, 0xFA, 0x21, 0x3D]);

fn upgrade(protocol: &str) -> (String, String) {
    (
        format!(
            "GET /ws HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
        ),
        format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"),
    )
}

/// What both sides send behind an upgrade to that subprotocol.
fn websocket(protocol: &str, from_client: &[u8], from_server: &[u8], size: usize) -> Driver {
    let (ask, answer) = upgrade(protocol);
    let mut driver = open();
    for (side, text, frames) in [(Side::Client, ask, from_client), (Side::Server, answer, from_server)] {
        [text.as_bytes(), frames].concat().chunks(size).for_each(|chunk| driver.data(side, chunk));
        driver.end(side);
    }
    driver
}

fn sip_messages(driver: &Driver) -> Vec<(Side, &sip::Message)> {
    let all = driver.messages.iter();
    all.filter_map(|(side, message)| match message {
        Message::Sip(message) => Some((*side, message.as_ref())),
        _ => None,
    })
    .collect()
}

#[test]
fn sip_over_websocket() {
    let (begin, end) = REGISTER.split_at(100);
    let from_client = [
        frame(0x82, MASK, b"\r\n\r\n"),
        frame(0x81, MASK, REGISTER.as_bytes()),
        frame(0x01, MASK, begin.as_bytes()),
        frame(0x89, MASK, b"ping"),
        frame(0x80, MASK, end.as_bytes()),
        frame(0x88, MASK, b""),
    ]
    .concat();
    let from_server =
        [frame(0x81, None, b""), frame(0x8A, None, b"ping"), frame(0x82, None, ANSWER.as_bytes())].concat();
    for size in [1, 2, 7, 10_000] {
        let driver = websocket("sip", &from_client, &from_server, size);
        assert_eq!(lines(&driver), ["1 /ws", "1 101"]);
        let found = sip_messages(&driver);
        assert!(found.iter().all(|(_, message)| message.transport == sip::Transport::Ws));
        let methods: Vec<_> =
            found.iter().map(|(side, message)| (*side, message.status(), message.call_id.as_deref())).collect();
        assert_eq!(
            methods,
            [(Side::Client, None, Some("c1")), (Side::Client, None, Some("c1")), (Side::Server, Some(200), Some("c1"))]
        );
        assert_eq!(found[0].1.cookies[0].value.expose(), "\"undefined\"");
    }
}

#[test]
fn other_websockets_are_passed_over() {
    let frames = frame(0x81, MASK, REGISTER.as_bytes());
    for protocol in ["chat", "mqtt", "sips"] {
        let driver = websocket(protocol, &frames, &frame(0x81, None, ANSWER.as_bytes()), 9);
        assert_eq!((lines(&driver), sip_messages(&driver).len()), (vec!["1 /ws".into(), "1 101".into()], 0));
    }
}

#[test]
fn websocket_messages_that_are_not_read_are_told() {
    let compressed = [
        frame(0xC1, None, b"zzzz"),
        frame(0x41, None, b"zz"),
        frame(0x80, None, b"z"),
        frame(0x81, None, ANSWER.as_bytes()),
    ]
    .concat();
    let driver = websocket("sip", b"", &compressed, 5);
    assert_eq!(problems(&driver), ["WebSocket messages are compressed (permessage-deflate): they are not read"]);
    assert_eq!(sip_messages(&driver).len(), 1);
    let large = [
        frame(0x01, None, &vec![b'x'; 60_000]),
        frame(0x80, None, &vec![b'x'; 70_000]),
        frame(0x81, None, ANSWER.as_bytes()),
    ]
    .concat();
    let driver = websocket("sip", b"", &large, 1460);
    assert_eq!(problems(&driver), ["a WebSocket message too large for SIP: it is not read"]);
    assert_eq!(sip_messages(&driver).len(), 1);
    let endless = [&[0x82, 127][..], &[0xFF; 8], ANSWER.as_bytes()].concat();
    let driver = websocket("sip", b"", &endless, 3);
    assert_eq!(problems(&driver), ["a WebSocket frame of more bytes than there can be: the rest is not read"]);
}

#[test]
fn a_gap_inside_a_frame_keeps_a_websocket_in_step() {
    let frames = frame(0x81, None, ANSWER.as_bytes());
    let (_, answer) = upgrade("sip");
    for cut in 0..=frames.len() {
        for missing in [1, 10, frames.len()] {
            let mut driver = server(&answer);
            driver.data(Side::Server, &frames[..cut]);
            driver.gap(Side::Server, u64::try_from(missing).unwrap());
            let twice = [&frames[..], &frames].concat();
            driver.data(Side::Server, &twice[cut + missing..]);
            driver.data(Side::Server, &frames);
            driver.end(Side::Server);
            let header = 4;
            let inside = cut >= header && cut < frames.len() && cut + missing <= frames.len();
            let expected = if inside { 2 } else { usize::from(cut == frames.len()) };
            assert_eq!(sip_messages(&driver).len(), expected, "{cut} {missing}");
        }
    }
}

#[test]
fn a_websocket_at_every_truncation_and_with_every_byte_damaged() {
    let (ask, _) = upgrade("sip");
    let text = [
        ask.as_bytes(),
        &frame(0x01, MASK, b"REGISTER"),
        &frame(0x80, MASK, b" x"),
        &frame(0x81, MASK, REGISTER.as_bytes()),
    ]
    .concat();
    for length in 0..=text.len() {
        let mut driver = client(&text[..length]);
        driver.end(Side::Client);
        assert_eq!(
            sip_messages(&driver).iter().filter(|(_, message)| message.call_id.is_some()).count(),
            usize::from(length == text.len())
        );
    }
    for at in 0..text.len() {
        for value in [0, 0x7F, 0x80, 0xFE, 0xFF] {
            let mut damaged = text.clone();
            damaged[at] = value;
            let mut driver = client(&damaged);
            driver.end(Side::Client);
            assert!(driver.messages.iter().all(|(_, message)| !render(message).is_empty()));
        }
    }
}
