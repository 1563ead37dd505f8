//! Sametime community protocol (VP, TCP 1533 and 1516).

mod message;

pub use message::{Auth, Body, Message};

use crate::{Dissector, Probe, Protocol, Side, Verdict};

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    name: "sametime",
    tcp_ports: &[1533, 1516],
    udp_ports: &[],
    probe,
    stream: open,
    datagram: |_| None,
    datagram_probe: |_| false,
};

fn probe(_: Side, _: &[u8], _: bool) -> Probe {
    Probe::No
}

fn open() -> Box<dyn Dissector> {
    Box::new(Stream)
}

struct Stream;

impl Dissector for Stream {
    fn next(&mut self, _: Side, _: &[u8]) -> Verdict {
        Verdict::NotMine
    }

    fn gap(&mut self, _: Side, _: &[u8], _: u64) -> Option<crate::Message> {
        None
    }

    fn end(&mut self, _: Side, _: &[u8]) -> Option<crate::Message> {
        None
    }
}
