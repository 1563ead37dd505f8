//! DNS (RFC 1035) over UDP, and over TCP with a length in front of each message (RFC 1035 4.2.2).
//!
//! Kept small: what a name was asked for, and what it resolved to. Multicast DNS and LLMNR are left alone on purpose: their
//! queries go without an answer as a rule, and would look like failures.

mod fields;
mod meaning;
mod message;
mod name;
mod stream;

pub use message::{Answer, Data, Message};

use crate::{Dialogues, Probe, Protocol, Side};

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    ends: ("client", "DNS server"),
    tcp_ports: &[53],
    udp_ports: &[53],
    datagram,
    dialogues: Dialogues::Client,
    roles: meaning::ROLES,
    ..Protocol::new("dns", "DNS", probe, stream::open)
};

fn datagram(bytes: &[u8]) -> Option<crate::Message> {
    message::parse(bytes, false).map(crate::Message::Dns)
}

/// On the usual port only: twelve bytes of header leave too much to chance.
fn probe(_: Side, input: &[u8], usual_port: bool) -> Probe {
    const NEED: usize = stream::LENGTH + message::HEADER;
    if !usual_port {
        return Probe::No;
    }
    match input.get(stream::LENGTH..NEED) {
        Some(header) if stream::length(input) >= message::HEADER && message::plausible(header) => Probe::Yes,
        Some(_) => Probe::No,
        None => Probe::Need(NEED),
    }
}

#[cfg(test)]
mod tests {
    use super::message::tests::{query, response};
    use super::*;

    #[test]
    fn the_probe_wants_the_usual_port_and_a_header() {
        let bytes = stream::tests::framed(&query("mail01.acme.example", 1));
        for length in 1..14 {
            assert_eq!(probe(Side::Client, &bytes[..length], true), Probe::Need(14));
        }
        assert_eq!(probe(Side::Client, &bytes[..14], true), Probe::Yes);
        assert_eq!(probe(Side::Client, &bytes, false), Probe::No);
        assert_eq!(probe(Side::Client, b"GET / HTTP/1.1\r\n", true), Probe::No);
        assert_eq!(probe(Side::Client, &[0; 14], true), Probe::No);
    }

    #[test]
    fn datagrams() {
        assert!(datagram(&query("a.example", 28)).is_some());
        assert!(datagram(&response()).is_some());
        assert_eq!(datagram(b""), None);
        assert_eq!(datagram(&[0; 40]), None);
    }
}
