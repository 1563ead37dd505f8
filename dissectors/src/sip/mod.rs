//! SIP (RFC 3261) over UDP, TCP and WebSocket (RFC 7118).
//!
//! Kept is what tells why a registration or a call failed: who, where to, by which route, with which cookies, challenges
//! and credentials, and where the media should go. A message that breaks the rules is read as far as it goes, and says what
//! is wrong with it ([`Message::problems`]): other people's parsers may have stopped there.

mod fields;
mod header;
mod meaning;
mod message;
mod parse;
mod sdp;
mod start;
mod stream;
mod syntax;
mod uri;
mod via;

pub use message::{Address, CSeq, Media, Message, Start, Transport, Uri, Via};
pub(crate) use parse::parse;

use crate::{Probe, Protocol, Side, SignOn, Success};
use start::Look;

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    ends: ("softphone", "SIP server"),
    tcp_ports: &[5060, 5080],
    tls_ports: &[5061, 5081],
    udp_ports: &[5060, 5080],
    claims_ports: true,
    datagram,
    datagram_probe,
    both_sides_ask: true,
    sign_on: Some(SignOn { told_by: Success::Granted, dedicated: true }),
    roles: meaning::ROLES,
    ..Protocol::new("sip", "SIP", probe, stream::open)
};

/// Bytes that a probe looks at.
const PROBED: usize = 2048;

fn datagram(bytes: &[u8]) -> Option<crate::Message> {
    parse(bytes, Transport::Udp).map(|message| crate::Message::Sip(Box::new(message)))
}

fn datagram_probe(bytes: &[u8], _: bool) -> bool {
    look(bytes) == Look::Yes
}

/// By the first line; on the usual port also by one further on, behind the end of a message whose start is missing.
fn probe(_: Side, input: &[u8], usual_port: bool) -> Probe {
    let answer = match look(input) {
        Look::No if usual_port => look_further(input),
        answer => answer,
    };
    match answer {
        Look::Yes => Probe::Yes,
        Look::Open if input.len() < PROBED => Probe::Need(input.len().saturating_add(1)),
        Look::Open | Look::No => Probe::No,
    }
}

/// Judges the first line behind keep-alives.
fn look(input: &[u8]) -> Look {
    let input = input.get(..PROBED).unwrap_or(input);
    let ends = input.iter().take_while(|&&b| matches!(b, b'\r' | b'\n')).count();
    input.get(ends..).map_or(Look::Open, start::look)
}

fn look_further(input: &[u8]) -> Look {
    let input = input.get(..PROBED).unwrap_or(input);
    if input.iter().any(|&b| b < b' ' && !matches!(b, b'\r' | b'\n' | b'\t')) {
        return Look::No;
    }
    let lines = input.split_inclusive(|&b| b == b'\n').filter(|line| line.ends_with(b"\n"));
    let is_http = |line: &[u8]| line.starts_with(b"HTTP/1.") || line.trim_ascii_end().ends_with(b" HTTP/1.1");
    for line in lines {
        if start::find(line).is_some() {
            return Look::Yes;
        }
        if is_http(line) {
            return Look::No;
        }
    }
    Look::Open
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &str = "OPTIONS sip:acme.example SIP/2.0\r\nCall-ID: a\r\n\r\n";

    #[test]
    fn the_probe_reads_the_first_line() {
        for usual in [false, true] {
            for length in 0..34 {
                let probe = probe(Side::Client, &OPTIONS.as_bytes()[..length], usual);
                let expected = if length < 33 { Probe::Need(length + 1) } else { Probe::Yes };
                assert_eq!(probe, expected, "{length}");
            }
            assert_eq!(probe(Side::Server, format!("\r\n\r\n{OPTIONS}").as_bytes(), usual), Probe::Yes);
            assert_eq!(probe(Side::Client, b"GET / HTTP/1.1\r\n", usual), Probe::No);
            assert_eq!(probe(Side::Client, b"\x16\x03\x01", usual), Probe::No);
            assert_eq!(probe(Side::Client, format!("INVITE sip:{}", "a".repeat(4000)).as_bytes(), usual), Probe::No);
        }
    }

    #[test]
    fn on_the_usual_port_a_message_may_begin_further_on() {
        let middle = "tag=1\r\nCall-ID: b\r\n\r\n";
        assert_eq!(probe(Side::Client, middle.as_bytes(), false), Probe::No);
        assert_eq!(probe(Side::Client, middle.as_bytes(), true), Probe::Need(middle.len() + 1));
        assert_eq!(probe(Side::Client, format!("{middle}{OPTIONS}").as_bytes(), true), Probe::Yes);
        assert_eq!(probe(Side::Client, middle.repeat(200).as_bytes(), true), Probe::No);
    }

    #[test]
    fn datagrams_beyond_doubt() {
        assert!(datagram_probe(OPTIONS.as_bytes(), false));
        assert!(datagram_probe(b"SIP/2.0 100 Trying\r\n", false));
        for other in ["", "\r\n\r\n", "\0\0\0\0", "OPTIONS sip:acme", "M-SEARCH * HTTP/1.1\r\n", "hello", "SIP/2.0"] {
            assert!(!datagram_probe(other.as_bytes(), true), "{other}");
        }
    }

    #[test]
    fn keep_alives_and_junk_are_no_messages() {
        for other in ["", "\r\n", "\r\n\r\n", "\0\0\0\0", "junk", "a\r\nb\r\n"] {
            assert_eq!(datagram(other.as_bytes()), None, "{other:?}");
        }
        assert!(datagram(format!("\r\n{OPTIONS}").as_bytes()).is_some());
    }
}
