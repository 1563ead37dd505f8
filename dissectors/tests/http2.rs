//! HTTP/2: requests and responses out of frames, in any chunking, with gaps, and out of bytes that are none.

use nrpcsniff_dissectors::drive::Driver;
use nrpcsniff_dissectors::http::{self, Body, Request, Response};
use nrpcsniff_dissectors::{Message, Probe, Side};
use proptest::prelude::*;
use std::collections::VecDeque;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Length of a string in seven bits, or more (RFC 7541 section 5.1).
fn length(bytes: usize) -> Vec<u8> {
    match bytes.checked_sub(127) {
        None => vec![u8::try_from(bytes).unwrap()],
        Some(rest @ 0..128) => vec![127, u8::try_from(rest).unwrap()],
        Some(rest) => vec![127, u8::try_from(rest % 128).unwrap() | 128, u8::try_from(rest / 128).unwrap()],
    }
}

/// One direction: frames one after the other, with the table of its header fields.
struct Talker {
    /// What was said before, the latest first.
    table: VecDeque<(String, String)>,
    frames: Vec<Vec<u8>>,
}

impl Talker {
    fn client() -> Self {
        let frames = vec![PREFACE.to_vec(), frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])];
        Self { table: VecDeque::new(), frames }
    }

    fn server() -> Self {
        let settings = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0]);
        Self { table: VecDeque::new(), frames: vec![settings, frame(SETTINGS, 1, 0, &[])] }
    }

    /// Every field is told once, and then referred to (RFC 7541 sections 6.1 and 6.2.1).
    fn block(&mut self, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        for &(name, value) in fields {
            let field = (name.to_owned(), value.to_owned());
            if let Some(at) = self.table.iter().position(|known| *known == field) {
                block.push(0x80 | u8::try_from(62 + at).unwrap());
                continue;
            }
            let [name, value] = [name, value].map(|text| [&length(text.len())[..], text.as_bytes()].concat());
            block.extend([&[0x40][..], &name, &value].concat());
            self.table.push_front(field);
        }
        block
    }

    fn says(&mut self, stream: u32, flags: u8, fields: &[(&str, &str)]) -> &mut Self {
        let block = self.block(fields);
        self.frames.push(frame(HEADERS, END_HEADERS | flags, stream, &block));
        self
    }

    fn get(&mut self, stream: u32, path: &str, more: &[(&str, &str)]) -> &mut Self {
        let first = [(":method", "GET"), (":scheme", "https"), (":authority", "meet.acme.example"), (":path", path)];
        self.says(stream, END_STREAM, &[&first, more].concat())
    }

    fn data(&mut self, stream: u32, flags: u8, bytes: &[u8]) -> &mut Self {
        self.frames.push(frame(DATA, flags, stream, bytes));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        self.frames.concat()
    }
}

/// A browser that signs on: two requests of which the second returns the cookie, and a form between them.
fn session() -> (Talker, Talker) {
    let (mut client, mut server) = (Talker::client(), Talker::server());
    client.get(1, "/stmeetings/", &[("user-agent", "Mozilla/5.0"), ("cookie", "a=1"), ("cookie", "b=2")]);
    let login = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", "meet.acme.example"),
        (":path", "/names.nsf?Login"),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    client.says(3, 0, &login);
    client.data(5, END_STREAM, b"of another").data(3, 0, b"Username=ann&Pass").data(3, END_STREAM, b"word=secret");
    client.get(7, "/stmeetings/", &[("user-agent", "Mozilla/5.0"), ("cookie", "LtpaToken=undefined")]);
    server.says(1, 0, &[(":status", "200"), ("server", "Lotus-Domino"), ("content-length", "6")]);
    server.data(1, 0, b"<html>").says(1, END_STREAM, &[("x-trailer", "end")]);
    server.says(3, 0, &[(":status", "103"), ("link", "</a.css>")]);
    server.says(
        3,
        END_STREAM,
        &[(":status", "302"), ("location", "/stmeetings/"), ("set-cookie", "LtpaToken=abc; Path=/")],
    );
    server.says(
        7,
        END_STREAM,
        &[(":status", "401"), ("www-authenticate", "Basic realm=\"/\""), ("server", "Lotus-Domino")],
    );
    (client, server)
}

fn drive(streams: [&[u8]; 2], sizes: &[usize]) -> Driver {
    let mut driver = Driver::new((http::PROTOCOL.stream)());
    for (side, mut bytes) in [Side::Client, Side::Server].into_iter().zip(streams) {
        for &size in sizes.iter().cycle() {
            let (chunk, rest) = bytes.split_at(size.clamp(1, bytes.len().max(1)).min(bytes.len()));
            driver.data(side, chunk);
            bytes = rest;
            if bytes.is_empty() {
                break;
            }
        }
        driver.end(side);
    }
    driver
}

fn messages(driver: &Driver) -> Vec<&http::Message> {
    let all = driver.messages.iter().map(|(_, message)| message);
    all.filter_map(|message| if let Message::Http(http) = message { Some(http.as_ref()) } else { None }).collect()
}

fn requests(driver: &Driver) -> Vec<(Option<u32>, &Request)> {
    let mut found = Vec::new();
    for message in messages(driver) {
        if let Body::Request(request) = &message.body {
            found.push((message.exchange, request.as_ref()));
        }
    }
    found
}

fn responses(driver: &Driver) -> Vec<(Option<u32>, &Response)> {
    let mut found = Vec::new();
    for message in messages(driver) {
        if let Body::Response(response) = &message.body {
            found.push((message.exchange, response.as_ref()));
        }
    }
    found
}

#[test]
fn a_session_reads_as_over_http_1() {
    let (client, server) = session();
    let driver = drive([&client.bytes(), &server.bytes()], &[usize::MAX]);
    let all = messages(&driver);
    assert!(all.iter().all(|message| message.problems.is_empty()), "{all:#?}");
    let requests = requests(&driver);
    let shown: Vec<_> = requests.iter().map(|(n, r)| (n.unwrap(), r.method.as_str(), r.path.as_str())).collect();
    assert_eq!(shown, [(1, "GET", "/stmeetings/"), (2, "POST", "/names.nsf"), (4, "GET", "/stmeetings/")]);
    for (_, request) in &requests {
        assert_eq!((request.host.as_deref(), request.version), (Some("meet.acme.example"), (2, 0)));
    }
    let cookies = |at: usize| requests[at].1.cookies.iter().map(|cookie| cookie.name.as_str()).collect::<Vec<_>>();
    assert_eq!((cookies(0), cookies(2)), (vec!["a", "b"], vec!["LtpaToken"]));
    assert_eq!((requests[1].1.user(), requests[1].1.is_login()), (Some("ann"), true));
    let responses: Vec<_> = responses(&driver).iter().map(|(n, r)| (n.unwrap(), r.status)).collect();
    assert_eq!(responses, [(1, 200), (2, 103), (2, 302), (4, 401)]);
}

#[test]
fn both_sides_are_recognised_by_what_they_say_first() {
    let (client, server) = session();
    for (side, bytes) in [(Side::Client, client.bytes()), (Side::Server, server.bytes())] {
        let probe = |length: usize| (http::PROTOCOL.probe)(side, &bytes[..length], false);
        for length in 1..200 {
            let whole = if side == Side::Client { PREFACE.len() } else { 11 };
            match probe(length) {
                Probe::Yes => assert!(length >= whole),
                Probe::Need(total) => assert!(total > length && length < whole),
                Probe::No => panic!("{side:?} {length}"),
            }
        }
    }
    for other in [&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 99, 1, 1, 1, 1][..], &[0, 0, 7, 4, 0, 0, 0, 0, 0, 0, 1], &[0; 20]] {
        assert_eq!((http::PROTOCOL.probe)(Side::Server, other, true), Probe::No);
    }
}

#[test]
fn blocks_that_go_on_in_further_frames_with_padding_and_priority() {
    let mut client = Talker::client();
    let block = client.block(&[
        (":method", "GET"),
        (":path", "/long"),
        (":authority", "a.example"),
        ("cookie", &"x=y; ".repeat(99)),
    ]);
    let (first, rest) = block.split_at(20);
    let padded = [&[3][..], &[0x80, 0, 0, 0, 200], first, &[0; 3]].concat();
    client.frames.push(frame(HEADERS, END_STREAM | 0x08 | 0x20, 9, &padded));
    client.frames.push(frame(CONTINUATION, 0, 9, &rest[..100]));
    client.frames.push(frame(CONTINUATION, END_HEADERS, 9, &rest[100..]));
    client.get(11, "/next", &[]);
    let driver = drive([&client.bytes(), &[]], &[7]);
    let shown: Vec<_> = requests(&driver).iter().map(|(n, r)| (n.unwrap(), r.path.clone(), r.cookies.len())).collect();
    assert_eq!(shown, [(5, "/long".to_owned(), 99), (6, "/next".to_owned(), 0)]);
}

#[test]
fn a_switch_from_http_1() {
    let upgrade = b"GET /a HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let switched = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let (mut client, mut server) = (Talker::client(), Talker::server());
    client.get(3, "/b", &[]);
    server.says(1, END_STREAM, &[(":status", "200")]).says(3, END_STREAM, &[(":status", "204")]);
    let driver = drive([&[&upgrade[..], &client.bytes()].concat(), &[&switched[..], &server.bytes()].concat()], &[11]);
    let paths: Vec<_> = requests(&driver).iter().map(|(n, r)| (n.unwrap(), r.path.clone())).collect();
    assert_eq!(paths, [(1, "/a".to_owned()), (2, "/b".to_owned())]);
    let statuses: Vec<_> = responses(&driver).iter().map(|(n, r)| (n.unwrap(), r.status)).collect();
    assert_eq!(statuses, [(1, 101), (1, 200), (2, 204)]);
}

#[test]
fn every_truncation_tells_what_was_read() {
    let (client, server) = session();
    for (side, bytes) in [(Side::Client, client.bytes()), (Side::Server, server.bytes())] {
        let whole = if side == Side::Client { [bytes.as_slice(), &[]] } else { [&[], bytes.as_slice()] };
        let all = drive(whole, &[usize::MAX]).messages;
        for length in 0..bytes.len() {
            let mut driver = Driver::new((http::PROTOCOL.stream)());
            driver.data(side, &bytes[..length]);
            driver.end(side);
            let sound = driver.messages.iter().filter(|(_, m)| matches!(m, Message::Http(h) if h.problems.is_empty()));
            let sound: Vec<_> = sound.collect();
            assert!(sound.iter().zip(&all).all(|(one, other)| **one == *other), "{length}");
        }
    }
}

/// Every frame is lost once. What is told of the rest is true: a message is as it was, or says what is missing in it.
#[test]
fn a_lost_frame_costs_itself_and_what_refers_to_it() {
    let (mut client, mut server) = session();
    client.get(9, "/last", &[("user-agent", "Mozilla/5.0")]).data(9, 0, &[0; 50]);
    server.data(7, 0, &[1; 300]).says(9, END_STREAM, &[(":status", "200"), ("server", "Lotus-Domino")]);
    let mut kept = 0;
    for (side, frames) in [(Side::Client, &client.frames), (Side::Server, &server.frames)] {
        let streams = |bytes: Vec<u8>| if side == Side::Client { [bytes, Vec::new()] } else { [Vec::new(), bytes] };
        let [one, other] = streams(frames.concat());
        let whole = drive([&one, &other], &[usize::MAX]);
        let whole = messages(&whole);
        for lost in 1..frames.len() {
            let mut driver = Driver::new((http::PROTOCOL.stream)());
            for (index, frame) in frames.iter().enumerate() {
                if index == lost {
                    driver.gap(side, frame.len() as u64);
                } else {
                    driver.data(side, frame);
                }
            }
            driver.end(side);
            for message in messages(&driver).iter().filter(|message| message.problems.is_empty()) {
                let same = |other: &&&http::Message| {
                    // A form is lost with the data.
                    let mut other = (**other).clone();
                    if let (Body::Request(a), Body::Request(b)) = (&mut other.body, &message.body) {
                        a.form.clone_from(&b.form);
                    }
                    other == **message
                };
                assert!(whole.iter().any(|m| same(&m)), "{side:?} without {lost}: {message:#?}");
                kept += 1;
            }
        }
    }
    assert!(kept > 40, "{kept}");
}

#[test]
fn a_gap_in_data_costs_no_header() {
    let mut client = Talker::client();
    client.get(1, "/a", &[("user-agent", "x")]).data(1, 0, &[7; 2000]).get(3, "/b", &[("user-agent", "x")]);
    let bytes = client.bytes();
    let at = bytes.windows(100).position(|w| w == [7; 100]).unwrap();
    let mut driver = Driver::new((http::PROTOCOL.stream)());
    driver.data(Side::Client, &bytes[..at + 100]);
    driver.gap(Side::Client, 1500);
    driver.data(Side::Client, &bytes[at + 1600..]);
    let agents: Vec<_> = requests(&driver).iter().map(|(_, r)| r.user_agent.clone().unwrap()).collect();
    assert_eq!(agents, ["x", "x"]);
}

#[test]
fn a_flood_of_continuations_and_huge_blocks_are_bounded() {
    let mut client = Talker::client();
    client.frames.push(frame(HEADERS, 0, 1, &[0x82]));
    client.frames.extend((0..100_000).map(|_| frame(CONTINUATION, 0, 1, &[0x84])));
    client.get(3, "/behind", &[]);
    let bytes = client.bytes();
    let driver = drive([&bytes, &[]], &[1000]);
    let all = messages(&driver);
    assert!(matches!(all[0].body, Body::Malformed { .. }) && all.len() == 2, "{all:?}");
    assert!(driver.offered < bytes.len() * 600, "{} for {}", driver.offered, bytes.len());
    let mut client = Talker::client();
    client.frames.push(frame(HEADERS, END_HEADERS, 1, &vec![0x82; 1 << 20]));
    client.get(3, "/behind", &[]);
    let driver = drive([&client.bytes(), &[]], &[100_000]);
    assert_eq!(requests(&driver).len(), 1);
    // A form that never ends is not waited for.
    let mut client = Talker::client();
    client.says(1, 0, &[(":method", "POST"), (":path", "/x"), ("content-type", "application/json")]);
    for _ in 0..20_000 {
        client.data(1, 0, b"{}");
    }
    client.get(3, "/behind", &[]);
    let driver = drive([&client.bytes(), &[]], &[50_000]);
    assert_eq!(requests(&driver).len(), 2);
}

#[test]
fn what_is_no_frame_is_told_and_the_next_one_is_found() {
    let mut client = Talker::client();
    client.get(1, "/a", &[]);
    client.frames.push(b"GET / HTTP/1.1\r\n\r\n".to_vec());
    client.frames.push(frame(SETTINGS, 1, 0, &[]));
    client.get(3, "/b", &[]);
    let driver = drive([&client.bytes(), &[]], &[5]);
    let kinds: Vec<_> = driver.messages.iter().map(|(_, message)| message.kind()).collect();
    assert_eq!(kinds[..2], ["http.request", "http.malformed"]);
    // What was told before is not known any more.
    let last = messages(&driver).last().copied().unwrap().clone();
    assert!(!last.problems.is_empty() && driver.messages.len() == 3, "{last:?}");
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same(sizes in prop::collection::vec(1usize..60, 1..12)) {
        let (client, server) = session();
        let streams = [client.bytes(), server.bytes()];
        let whole = drive([&streams[0], &streams[1]], &[usize::MAX]);
        let other = drive([&streams[0], &streams[1]], &sizes);
        prop_assert_eq!(whole.messages, other.messages);
    }

    #[test]
    fn damage_does_no_harm(
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        gap in any::<prop::sample::Index>(),
        missing in 1u64..500,
        sizes in prop::collection::vec(1usize..200, 1..6)
    ) {
        let (client, server) = session();
        let mut streams = [client.bytes(), server.bytes()];
        for (index, byte) in hits {
            for stream in &mut streams {
                let at = index.index(stream.len());
                stream[at] = byte;
            }
        }
        let one = drive([&streams[0], &streams[1]], &[usize::MAX]);
        let other = drive([&streams[0], &streams[1]], &sizes);
        if !one.not_mine() && !other.not_mine() {
            prop_assert_eq!(one.messages, other.messages);
        }
        let mut driver = Driver::new((http::PROTOCOL.stream)());
        for (side, stream) in [Side::Client, Side::Server].into_iter().zip(&streams) {
            let at = gap.index(stream.len());
            driver.data(side, &stream[..at]);
            driver.gap(side, missing);
            driver.data(side, stream.get(at + usize::try_from(missing).unwrap()..).unwrap_or_default());
            driver.end(side);
        }
    }
}
