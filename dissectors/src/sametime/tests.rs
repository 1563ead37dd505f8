//! Messages built from the field tables, read back.

use super::*;
use crate::drive::Driver;
use crate::{Message as Any, Presentation, Probe, Reading, Semantics, Side};
use std::net::Ipv4Addr;

/// A message: header, then the parts of its body.
pub(super) fn frame(kind: u16, options: u16, channel: u32, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut bytes = u32::try_from(8 + body.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(kind.to_be_bytes());
    bytes.extend(options.to_be_bytes());
    bytes.extend(channel.to_be_bytes());
    bytes.extend(body);
    bytes
}

fn string(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}

fn opaque(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

fn handshake(host: &str) -> Vec<u8> {
    let fixed = [0, 0x1E, 0, 0x1D, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x14, 10, 1, 0, 50, 1, 0, 0, 0, 0, 0];
    frame(0, 0, 0, &[&fixed, &string(host)])
}

fn handshake_ack() -> Vec<u8> {
    let fixed = [0, 0x1E, 0, 0x1D, 192, 0, 2, 7, 0, 0, 0, 9];
    frame(0x8000, 0, 0, &[&fixed, &opaque(&[7; 64])])
}

fn login(user: &str, data: &[u8], kind: u16) -> Vec<u8> {
    frame(1, 0, 0, &[&[0x12, 0x14], &string(user), &opaque(data), &kind.to_be_bytes(), &[0, 0]])
}

fn login_ack(full: bool) -> Vec<u8> {
    let id = [string("7.AB"), vec![0x12, 0x14], string("CN=Ann/O=Acme"), string("Ann"), string("acme")].concat();
    let more = if full { [&[1][..], &string("d"), &[10, 0, 0, 1], &string("srv")].concat() } else { vec![0] };
    frame(0x8001, 0, 0, &[&id, &more, &[0, 0], &[0, 0, 0, 0, 0], &[0, 0x20, 0, 0, 0, 0], &string("here")])
}

fn destroy(channel: u32, reason: u32) -> Vec<u8> {
    frame(3, 0, channel, &[&reason.to_be_bytes(), &opaque(b"")])
}

fn read(from: Side, bytes: &[u8]) -> Vec<Message> {
    let mut driver = Driver::new((PROTOCOL.stream)());
    driver.data(from, bytes);
    driver.end(from);
    driver.messages.into_iter().map(|(_, message)| own(message)).collect()
}

fn own(message: Any) -> Message {
    match message {
        Any::Sametime(message) => *message,
        other => panic!("{other:?}"),
    }
}

fn one(from: Side, bytes: &[u8]) -> Message {
    let mut messages = read(from, bytes);
    assert_eq!(messages.len(), 1, "{messages:?}");
    messages.remove(0)
}

fn text(message: &Message) -> String {
    let fields = Any::Sametime(Box::new(message.clone())).fields(&Reading::masked(0));
    format!("{} {} {fields:?}", message.kind(), message.summary())
}

#[test]
fn a_handshake_and_its_answer() {
    let message = one(Side::Client, &handshake("ann-pc"));
    let own_address = Ipv4Addr::new(10, 1, 0, 50);
    let body =
        Body::Handshake { version: (0x1E, 0x1D), login_type: 0x1214, own_address, host: Some("ann-pc".to_owned()) };
    assert_eq!((message.body, message.problems), (body, vec![]));
    let message = one(Side::Server, &handshake_ack());
    let seen_address = Ipv4Addr::new(192, 0, 2, 7);
    assert_eq!(message.body, Body::HandshakeAck { version: (0x1E, 0x1D), seen_address });
    assert!(text(&message).contains("192.0.2.7"));
}

#[test]
fn an_old_handshake_has_no_host_and_a_new_one_has_more() {
    let old = frame(0, 0, 0, &[&[0, 0x1E, 0, 0x1C, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0]]);
    let new = frame(0, 0, 0, &[&handshake("")[12..], &[9; 8], &string("more")]);
    for bytes in [old, new] {
        let message = one(Side::Client, &bytes);
        assert!(
            matches!(message.body, Body::Handshake { host: None, .. }) && message.problems.is_empty(),
            "{message:?}"
        );
    }
}

#[test]
fn logins_of_each_kind() {
    for (kind, name) in [(0, "plain"), (1, "token"), (2, "RC2_40"), (4, "RC2_128")] {
        let message = one(Side::Client, &login("CN=Ann/O=Acme", b"s3cret-word", kind));
        let Body::Login { login_type: 0x1214, user, auth } = &message.body else { panic!("{message:?}") };
        assert_eq!((user.as_str(), auth.kind, auth.name(), auth.length), ("CN=Ann/O=Acme", kind, Some(name), 11));
        assert!(!text(&message).contains("s3cret"), "{}", text(&message));
        assert_eq!(text(&message).contains("as good as in clear"), kind == 2);
        assert_eq!((auth.is_token(), auth.is_password()), (kind == 1, kind != 1));
    }
}

#[test]
fn a_login_whose_proof_is_cut_still_has_a_user() {
    let whole = login("CN=Ann/O=Acme", &[0; 100], 1);
    let message = one(Side::Client, &whole[..60]);
    let Body::Login { user, auth, .. } = &message.body else { panic!("{message:?}") };
    assert_eq!((user.as_str(), auth.kind), ("CN=Ann/O=Acme", Auth::UNSEEN));
    assert!(message.problems[0].what.contains("60 of"));
    assert!(text(&message).contains("(\"auth_type\", Null)"));
}

#[test]
fn the_server_says_whom_it_takes_the_user_for() {
    for full in [false, true] {
        let message = one(Side::Server, &login_ack(full));
        let Body::LoginAck { login_id, user_id, user_name, community, server_id, .. } = &message.body else {
            panic!("{message:?}")
        };
        assert_eq!([login_id, user_id, user_name, community], ["7.AB", "CN=Ann/O=Acme", "Ann", "acme"]);
        assert_eq!(server_id.as_deref(), full.then_some("srv"));
        assert!(message.problems.is_empty());
    }
}

#[test]
fn a_redirect_and_staying() {
    let message = one(Side::Server, &frame(0x18, 0, 0, &[&string("st2.acme.example"), &string("id2")]));
    let body = Body::LoginRedirect { host: "st2.acme.example".to_owned(), server_id: Some("id2".to_owned()) };
    assert_eq!(message.body, body);
    assert_eq!(one(Side::Client, &frame(0x16, 0, 0, &[])).body, Body::LoginContinue);
}

#[test]
fn an_end_has_a_reason() {
    let message = one(Side::Server, &destroy(0, 0x8000_0016));
    assert_eq!(message.session_end(), Some(0x8000_0016));
    let text = text(&message);
    for part in ["TOKEN_EXPIRED", "past its end", "2147483670"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(one(Side::Server, &destroy(5, 0)).session_end(), None);
}

#[test]
fn messages_of_channels() {
    let service = [0, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0, 0, 3];
    let parts: [&[u8]; 9] =
        [&[0; 4], &[0, 0, 0, 9], &string("Bob"), &string(""), &service, &[0; 4], &opaque(b"hello"), &[0], &[0, 1]];
    let create = one(Side::Client, &frame(2, 0, 0, &parts));
    let Body::ChannelCreate(found) = &create.body else { panic!("{create:?}") };
    assert_eq!((found.channel, found.user.as_str(), found.service.service), (9, "Bob", 0x1000));
    assert_eq!((found.data_length, found.encryption), (5, Some(1)));
    assert!(text(&create).contains("channel 9 opened for instant messages"));
    let accept = one(Side::Server, &frame(6, 0, 9, &[&service, &opaque(b""), &[0]]));
    assert!(matches!(accept.body, Body::ChannelAccept(Service { service: 0x1000, protocol: 0x1000, version: 3 })));
    let send = one(Side::Client, &frame(4, 0, 9, &[&[0, 100], &opaque(b"secret words")]));
    assert_eq!(send.body, Body::ChannelSend { kind: 100, length: 12 });
    assert!(!text(&send).contains("secret"));
}

#[test]
fn the_other_messages() {
    let cases = [
        (frame(9, 0, 0, &[&[0, 0x60], &[0; 4], &string("lunch")]), "status away lunch"),
        (frame(0xB, 0, 0, &[&[1, 0, 0, 0, 2]]), "privacy list of 2, shut out"),
        (frame(0x11, 0, 0, &[&[0, 0, 0, 0x11]]), "asks for the service awareness"),
        (frame(0x19, 0, 0, &[&string("restart at noon")]), "message of the administrator: restart at noon"),
        (frame(0x22, 0, 0, &[&[0, 0, 0, 0], &string("hello")]), "announcement: hello"),
        (frame(0x25, 0, 0, &[&[1, 2, 3]]), "message of type 0x0025"),
        (frame(4, 0x4000, 3, &[&[0xEE; 24]]), "encrypted message of type 0x0004"),
    ];
    for (bytes, summary) in cases {
        let message = one(Side::Client, &bytes);
        assert_eq!((message.summary().as_str(), message.problems.len()), (summary, 0));
    }
}

#[test]
fn attributes_stand_in_front_of_the_body() {
    let body = 0x8000_0015_u32.to_be_bytes();
    let message = one(Side::Server, &frame(3, 0x8000, 0, &[&opaque(b"attribs"), &body]));
    assert_eq!((message.session_end(), message.options), (Some(0x8000_0015), 0x8000));
    let message = one(Side::Server, &frame(3, 0x8000, 0, &[&[0, 0, 1, 0], &body]));
    assert_eq!((message.session_end(), message.problems.len()), (None, 1));
}

#[test]
fn a_series_that_leaves_out_a_step_is_noted() {
    let session = |series: &[u8]| {
        let bytes: Vec<u8> = [handshake("pc"), login("ann", b"", 0)]
            .into_iter()
            .chain(std::iter::repeat_with(|| frame(4, 0, 0, &[&[0; 6]])).take(series.len()))
            .enumerate()
            .flat_map(|(at, message)| match at.checked_sub(2).and_then(|at| series.get(at)) {
                Some(&byte) if byte > 0 => [vec![byte], message].concat(),
                _ => message,
            })
            .collect();
        read(Side::Client, &bytes).iter().filter(|m| m.problems.iter().any(|p| p.what.contains("series byte"))).count()
    };
    assert_eq!(session(&[0x91, 0x92, 0x94, 0x95]), 1);
    for whole in [&[0x91, 0x92, 0x93][..], &[0xFE, 0xFF, 0x81], &[0x91, 0, 0x95], &[0, 0, 0], &[]] {
        assert_eq!(session(whole), 0, "{whole:02x?}");
    }
}

#[test]
fn keep_alives_series_bytes_and_empty_messages_stand_between_messages() {
    let bytes = [&[0x80, 0x81, 0xFE][..], &destroy(1, 0), &[0, 0, 0, 0, 0x80], &destroy(0, 0)].concat();
    let kinds: Vec<_> = read(Side::Client, &bytes).iter().map(Presentation::kind).collect();
    let [alive, destroyed] = ["sametime.keep_alive", "sametime.channel_destroy"];
    assert_eq!(kinds, [alive, destroyed, alive, destroyed]);
}

#[test]
fn a_length_that_cannot_be_true_is_told_and_the_rest_is_read() {
    for length in [0x0010_0001_u32, 0x7FFF_FFFF, 0xFFFF_FFF0, 0xFFFF_FFFF, 3] {
        let mut huge = login("x", b"y", 1);
        huge[..4].copy_from_slice(&length.to_be_bytes());
        let bytes = [handshake("pc"), huge, destroy(0, 0x8000_0211), destroy(0, 0)].concat();
        let messages = read(Side::Client, &bytes);
        let kinds: Vec<_> = messages.iter().map(Presentation::kind).collect();
        let end = "sametime.channel_destroy";
        assert_eq!(kinds, ["sametime.handshake", "sametime.malformed", end, end], "{length:x}");
        assert!(messages[1].is_notable() && text(&messages[1]).contains(&format!("{length} bytes")), "{length:x}");
    }
}

#[test]
fn the_first_length_may_be_the_wrong_one() {
    for length in [0x7FFF_FFFF_u32, 0xFFFF_FFFF, 9] {
        let mut first = handshake("pc");
        first[..4].copy_from_slice(&length.to_be_bytes());
        let messages = read(Side::Client, &[first, login("Ann", b"", 1), destroy(0, 0)].concat());
        let kinds: Vec<_> = messages.iter().map(Presentation::kind).collect();
        assert_eq!(kinds, ["sametime.malformed", "sametime.login", "sametime.channel_destroy"], "{length:x}");
    }
    let mut driver = Driver::new((PROTOCOL.stream)());
    driver.data(Side::Client, b"GET / HTTP/1.1\r\n\r\n");
    assert!(driver.not_mine() && driver.messages.is_empty());
}

#[test]
fn a_newer_message_type_is_passed_over_by_its_length() {
    let bytes = [handshake("pc"), frame(0x77, 0, 5, &[b"????"]), login("Ann", b"", 1), destroy(0, 0)].concat();
    let messages = read(Side::Client, &bytes);
    assert_eq!(messages.len(), 4);
    assert_eq!((&messages[1].body, messages[1].problems.len()), (&Body::Other { kind: 0x77 }, 1));
}

#[test]
fn messages_behind_a_gap_are_found() {
    let stream = [handshake("pc"), login("Ann", &[0; 300], 1), destroy(3, 0), destroy(0, 0x8000_0015)].concat();
    for cut in 1..200 {
        for missing in [1, 30, 150] {
            let mut driver = Driver::new((PROTOCOL.stream)());
            driver.data(Side::Client, &stream[..cut]);
            driver.gap(Side::Client, u64::try_from(missing).unwrap());
            driver.data(Side::Client, &stream[cut + missing..]);
            driver.end(Side::Client);
            let last = own(driver.messages.pop().unwrap().1);
            assert_eq!(last.session_end(), Some(0x8000_0015), "{cut} {missing}");
        }
    }
}

#[test]
fn a_search_for_a_header_is_bounded() {
    let junk = vec![0x55u8; 3 << 20];
    for size in [1460, junk.len()] {
        let mut driver = Driver::new((PROTOCOL.stream)());
        driver.gap(Side::Client, 1);
        junk.chunks(size).for_each(|chunk| driver.data(Side::Client, chunk));
        assert!(driver.messages.is_empty());
        assert!(driver.calls <= 2 * (1 << 20) / size + 8, "{} calls", driver.calls);
    }
}

fn ask(from: Side, bytes: &[u8], usual_port: bool) -> Probe {
    (PROTOCOL.probe)(from, bytes, usual_port)
}

#[test]
fn a_handshake_is_known_on_any_port() {
    for usual_port in [false, true] {
        assert_eq!(ask(Side::Client, &handshake("pc"), usual_port), Probe::Yes);
        assert_eq!(ask(Side::Server, &handshake_ack(), usual_port), Probe::Yes);
        assert_eq!(ask(Side::Server, &handshake("pc"), usual_port), Probe::No);
        assert_eq!(ask(Side::Client, &handshake_ack(), usual_port), Probe::No);
    }
    for length in 1..20 {
        assert!(matches!(ask(Side::Client, &handshake("pc")[..length], false), Probe::Need(_)), "{length}");
    }
}

#[test]
fn a_login_is_known_on_any_port() {
    let whole = login("Ann", b"token", 1);
    for bytes in [whole.clone(), [&[0x80, 0x91][..], &whole].concat()] {
        for usual_port in [false, true] {
            assert_eq!(ask(Side::Client, &bytes, usual_port), Probe::Yes);
            assert_eq!(ask(Side::Server, &bytes, usual_port), Probe::No);
        }
        for length in 1..bytes.len() {
            assert!(matches!(ask(Side::Client, &bytes[..length], false), Probe::Need(_)), "{length}");
        }
    }
    let mut flawed = whole;
    flawed[15] = 0xFF; // the name is longer than the message
    assert_eq!(ask(Side::Client, &flawed, false), Probe::No);
}

#[test]
fn anything_else_is_known_on_the_usual_port_only() {
    let mut huge = login("x", b"y", 1);
    huge[..4].copy_from_slice(&[0xFF; 4]);
    let behind_series = [&[0x80, 0x91][..], &destroy(0, 0)].concat();
    for bytes in [destroy(0, 0), huge, behind_series, vec![0x80; 5]] {
        assert_eq!(ask(Side::Client, &bytes, true), Probe::Yes, "{bytes:x?}");
        assert_eq!(ask(Side::Client, &bytes, false), Probe::No, "{bytes:x?}");
    }
    assert_eq!(ask(Side::Client, &[0x80, 0x80], true), Probe::Need(3));
}

#[test]
fn other_protocols_are_refused() {
    let ssl2 = [0x80, 0x2E, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, 1, 0, 0x80];
    let postgres = [0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let smb = *b"\0\0\0\x64\xFFSMB\0\0\0\0\0\0\0\0\0\0\0\0";
    let kafka = *b"\0\0\0\x20\0\0\0\0\0\0\0\0\0\x07console\0";
    let tls = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3, 0, 0, 0];
    for bytes in [&ssl2[..], &postgres, &smb, &kafka, &tls, &[0; 24], b"GET / HTTP/1.1\r\n\r\n"] {
        for usual_port in [false, true] {
            let weak = usual_port && bytes == kafka;
            assert!(weak || ask(Side::Client, bytes, usual_port) == Probe::No, "{bytes:x?}");
        }
    }
    assert_eq!(ask(Side::Client, &tls[..1], true), Probe::No);
}
