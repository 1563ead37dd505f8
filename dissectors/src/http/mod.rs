//! HTTP/1.x (RFC 9112) with cookies, redirects and form logins, and the WebSocket that may follow.

mod message;

pub use message::{Body, Message, Parameter, Request, Response, Url};

use crate::{Dissector, Probe, Protocol, Side, Verdict};

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    name: "http",
    tcp_ports: &[80, 8080, 8082, 8088, 9080],
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
