//! SIP (RFC 3261) over UDP, TCP and WebSocket (RFC 7118).

mod fields;
mod header;
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

use crate::{Probe, Protocol, Side};
use start::Look;

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    name: "sip",
    tcp_ports: &[5060, 5080],
    udp_ports: &[5060, 5080],
    probe,
    stream: stream::open,
    datagram,
    datagram_probe,
};

/// Bytes that a probe looks at.
const PROBED: usize = 2048;

fn datagram(bytes: &[u8]) -> Option<crate::Message> {
    parse(bytes, Transport::Udp).map(|message| crate::Message::Sip(Box::new(message)))
}

fn datagram_probe(bytes: &[u8]) -> bool {
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
