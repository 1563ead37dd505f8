//! Whole conversations, in clear and with an opener that only takes a byte away.

use super::hello::tests::{client_hello, ext, server_hello, usual_extensions};
use super::*;
use crate::drive::Driver;
use crate::{Message as Any, Side};

fn record(kind: u8, fragment: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &u16::try_from(fragment.len()).unwrap().to_be_bytes(), fragment].concat()
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &u32::try_from(body.len()).unwrap().to_be_bytes()[1..], body].concat()
}

fn hello() -> Vec<u8> {
    handshake(1, &client_hello(&usual_extensions()))
}

fn answer12() -> Vec<u8> {
    handshake(2, &server_hello(0xC030, [7; 32], &[ext(23, &[])]))
}

fn answer13() -> Vec<u8> {
    handshake(2, &server_hello(0x1302, [7; 32], &[ext(43, &[3, 4])]))
}

const CHAIN: [u8; 12] = [11, 0, 0, 8, 0, 0, 5, 0, 0, 2, 0x30, 0];
const DONE: [u8; 4] = [14, 0, 0, 0];
const CCS: [u8; 6] = [20, 3, 3, 0, 1, 1];

fn drive(opener: Option<Box<dyn Opener>>, said: &[(Side, Vec<u8>)]) -> Driver {
    let mut driver = Driver::new(opener.map_or_else(stream::open, opened_by));
    for (side, bytes) in said {
        driver.data(*side, bytes);
    }
    driver
}

fn kinds(driver: &Driver) -> Vec<&'static str> {
    driver.messages.iter().map(|(_, message)| message.kind()).collect()
}

fn tls(message: &Any) -> &Message {
    match message {
        Any::Tls(message) => message,
        other => panic!("{other:?}"),
    }
}

/// "Protection" that puts the true type behind the content, and counts its records.
#[derive(Default)]
struct Trailing {
    lost: u64,
}

impl Opener for Trailing {
    fn handshake(&mut self, _: Side, _: &[u8]) {}
    fn change_cipher_spec(&mut self, _: Side) {}
    fn refuses(&mut self, _: Side) -> Option<Why> {
        None
    }
    fn open(&mut self, _: Side, record: &[u8]) -> Result<Opened, Why> {
        let (&kind, content) = record[HEADER..].split_last().unwrap();
        let kind = ContentType::of(kind).ok_or(Why::WrongKey)?;
        Ok(Opened { kind, bytes: content.to_vec(), lost: std::mem::take(&mut self.lost) })
    }
    fn lost(&mut self, _: Side, bytes: u64) {
        self.lost += bytes;
    }

    fn passed(&mut self, _: Side, _: u64) {}
}

fn sealed(kind: u8, content: &[u8]) -> Vec<u8> {
    record(23, &[content, &[kind]].concat())
}

#[test]
fn messages_split_and_coalesced_over_records() {
    let flight = [answer12(), CHAIN.to_vec(), DONE.to_vec()].concat();
    let coalesced = record(22, &flight);
    let split: Vec<u8> = flight.chunks(7).flat_map(|part| record(22, part)).collect();
    for server in [coalesced, split] {
        let driver = drive(None, &[(Side::Client, record(22, &hello())), (Side::Server, server)]);
        assert_eq!(
            kinds(&driver),
            ["tls.client_hello", "tls.server_hello", "tls.certificate", "tls.server_hello_done"]
        );
        assert!(driver.messages.iter().all(|(_, message)| tls(message).problems.is_empty()));
    }
}

#[test]
fn what_is_protected_is_passed_over_with_its_reason() {
    let said = [
        (Side::Client, record(22, &hello())),
        (Side::Server, [record(22, &answer12()), record(22, &DONE)].concat()),
        (Side::Client, [CCS.to_vec(), record(22, &[9; 40])].concat()),
        (Side::Server, [CCS.to_vec(), record(22, &[9; 40]), record(23, &[1; 400])].concat()),
        (Side::Client, record(21, &[5; 26])),
    ];
    let driver = drive(None, &said);
    assert_eq!(kinds(&driver), ["tls.client_hello", "tls.server_hello", "tls.server_hello_done", "tls.alert"]);
    assert_eq!(driver.messages[3].1.summary(), "an alert, encrypted");
    let layer = driver.layer().unwrap();
    assert_eq!((layer.records, layer.opened, layer.sealed), (9, 0, 1));
    assert_eq!(layer.why_opaque, Some(Why::NoKeysGiven));
}

#[test]
fn in_the_middle_of_a_conversation_no_key_helps() {
    let mut driver = Driver::new(stream::open());
    driver.data(Side::Server, &[record(23, &[1; 50]), record(23, &[2; 60])].concat());
    assert_eq!(driver.layer().unwrap().why_opaque, Some(Why::HandshakeNotCaptured));
}

#[test]
fn the_first_protected_record_of_nineteen_bytes_is_an_alert() {
    let hellos = [(Side::Client, record(22, &hello())), (Side::Server, record(22, &answer13()))];
    let said = [&hellos[..], &[(Side::Client, record(23, &[1; 19]))]].concat();
    let driver = drive(None, &said);
    assert!(driver.messages[2].1.is_notable() && driver.messages[2].1.summary().starts_with("probably an alert"));
    let later = [&hellos[..], &[(Side::Client, [record(23, &[1; 53]), record(23, &[1; 19])].concat())]].concat();
    assert_eq!(drive(None, &later).messages.len(), 2);
}

#[test]
fn a_retry_and_an_alert_in_clear() {
    let retry = [
        0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2,
        0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
    ];
    let retry = handshake(2, &server_hello(0x1301, retry, &[ext(43, &[3, 4])]));
    let said = [
        (Side::Client, record(22, &hello())),
        (Side::Server, record(22, &retry)),
        (Side::Client, [CCS.to_vec(), record(22, &hello())].concat()),
        (Side::Server, record(21, &[2, 40])),
    ];
    let driver = drive(None, &said);
    assert_eq!(kinds(&driver), ["tls.client_hello", "tls.hello_retry_request", "tls.client_hello", "tls.alert"]);
    assert_eq!(driver.messages[3].1.summary(), "fatal alert handshake_failure (40)");
}

#[test]
fn opened_records_are_messages_and_content() {
    let finished = handshake(20, &[6; 12]);
    let said = [
        (Side::Client, record(22, &hello())),
        (Side::Server, record(22, &answer13())),
        (Side::Server, [sealed(22, &[8, 0, 0, 2, 0, 0, 20]), sealed(22, &finished[1..])].concat()),
        (Side::Client, [sealed(22, &finished), sealed(23, b"REGISTER"), sealed(23, b""), sealed(21, &[1, 0])].concat()),
    ];
    let driver = drive(Some(Box::<Trailing>::default()), &said);
    let expected = [
        "tls.client_hello",
        "tls.server_hello",
        "tls.encrypted_extensions",
        "tls.finished",
        "tls.finished",
        "tls.alert",
    ];
    assert_eq!(kinds(&driver), expected);
    assert!(driver.messages[2..].iter().all(|(_, message)| tls(message).opened));
    assert_eq!(driver.inner, [(Side::Client, b"REGISTER".to_vec())]);
    assert_eq!(driver.layer().unwrap().opened, 6);
}

#[test]
fn a_gap_costs_the_records_that_it_hits() {
    let stream: Vec<u8> = (0..6u8).flat_map(|n| sealed(23, &[b'a' + n; 40])).collect();
    let each = stream.len() / 6;
    for start in each..3 * each {
        for missing in 1..2 * each {
            let mut driver = drive(Some(Box::<Trailing>::default()), &[(Side::Client, record(22, &hello()))]);
            driver.data(Side::Server, &record(22, &answer13()));
            driver.data(Side::Client, &stream[..start]);
            driver.gap(Side::Client, missing as u64);
            driver.data(Side::Client, &stream[start + missing..]);
            let (first, last) = (start / each, (start + missing).div_ceil(each));
            let whole: Vec<_> = (0..6).filter(|n| *n < first || *n >= last).map(|n| vec![b'a' + n as u8; 40]).collect();
            let inner: Vec<_> = driver.inner.iter().map(|(_, bytes)| bytes.clone()).collect();
            assert_eq!(inner, whole, "{start} {missing}");
            assert_eq!(driver.lost, [(Side::Client, ((last - first) * each) as u64)], "{start} {missing}");
            assert!(kinds(&driver).len() == 2);
        }
    }
}

#[test]
fn a_gap_in_a_handshake_message_shows_what_was_there() {
    let bytes = record(22, &hello());
    let mut driver = Driver::new(stream::open());
    driver.data(Side::Client, &bytes[..120]);
    driver.gap(Side::Client, (bytes.len() - 120) as u64);
    driver.data(Side::Client, &CCS);
    assert!(driver.messages[0].1.summary().contains("chat.acme.example") && tls(&driver.messages[0].1).incomplete);
    assert_eq!(driver.layer().unwrap().records, 1);
}

#[test]
fn a_message_of_16_mib_and_a_chain_of_10_000_are_bounded() {
    let mut driver = drive(None, &[(Side::Client, record(22, &hello())), (Side::Server, record(22, &answer12()))]);
    driver.data(Side::Server, &record(22, &[&[11, 0xFF, 0xFF, 0xFF][..], &[0; 16_000]].concat()));
    for _ in 0..1048 {
        driver.data(Side::Server, &record(22, &[0; 16_000]));
    }
    // 16,777,215 bytes of body: the rest of the last record is the next message.
    let used = 1049 * 16_000 - 0xFF_FFFF;
    assert!(tls(&driver.messages[2].1).problems[0].what.contains("16777215 bytes: it is not read"));
    assert!(used > 0 && driver.messages[3].1.kind() == "tls.hello_request");

    let chain = [0, 0, 2, 0x30, 0].repeat(10_000);
    let body = [&u32::try_from(chain.len()).unwrap().to_be_bytes()[1..], &chain].concat();
    let mut driver = drive(None, &[(Side::Client, record(22, &hello())), (Side::Server, record(22, &answer12()))]);
    for part in handshake(11, &body).chunks(16_000) {
        driver.data(Side::Server, &record(22, part));
    }
    let message = tls(&driver.messages[2].1);
    assert!(message.problems[0].what.contains("10000 certificates"), "{message:?}");
}

#[test]
fn an_answer_that_is_no_tls() {
    let said = [(Side::Client, record(22, &hello())), (Side::Server, b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())];
    let driver = drive(None, &said);
    assert_eq!(kinds(&driver), ["tls.client_hello", "tls.malformed"]);
    let mut other = Driver::new(stream::open());
    other.data(Side::Client, b"GET / HTTP/1.1\r\n\r\n");
    assert!(other.not_mine());
    // A record of bad length in the middle: told once, and the next record is found.
    let stream = [record(22, &hello()), vec![22, 3, 3, 0xFF, 0xFF, 1, 2, 3], record(21, &[2, 80])].concat();
    let driver = drive(None, &[(Side::Client, stream)]);
    assert_eq!(kinds(&driver), ["tls.client_hello", "tls.malformed", "tls.alert"]);
}

#[test]
fn a_conversation_is_known_by_its_first_bytes() {
    let ask = |side, bytes: &[u8], usual| (PROTOCOL.probe)(side, bytes, usual);
    let (hello, answer) = (record(22, &hello()), record(22, &answer12()));
    for (side, bytes) in [(Side::Client, &hello), (Side::Server, &answer)] {
        for length in 1..6 {
            assert!(matches!(ask(side, &bytes[..length], false), Probe::Need(total) if total > length));
        }
        assert_eq!((ask(side, bytes, false), ask(side.peer(), bytes, false)), (Probe::Yes, Probe::No));
    }
    assert_eq!(ask(Side::Server, &record(21, &[2, 40]), false), Probe::Yes);
    let data = record(23, &[0; 40]);
    assert_eq!((ask(Side::Server, &data, true), ask(Side::Server, &data, false)), (Probe::Yes, Probe::No));
    assert_eq!(ask(Side::Client, b"REGISTER", true), Probe::No);
}
