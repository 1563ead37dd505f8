//! SIP (RFC 3261) over UDP, TCP and WebSocket (RFC 7118).

mod message;

pub use message::{Address, CSeq, Media, Message, Start, Transport, Uri, Via};

use crate::{Dissector, Probe, Protocol, Side, Verdict};

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    name: "sip",
    tcp_ports: &[5060, 5080],
    udp_ports: &[5060, 5080],
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
