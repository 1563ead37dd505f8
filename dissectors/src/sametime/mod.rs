//! Sametime community protocol (VP, TCP 1533 and 1516).
//!
//! There is no complete public specification: the field tables follow the draft of the client protocol as the Meanwhile
//! project and Wireshark's dissector implement it (facts only, no code), and what real clients of libmeanwhile send.

mod auth;
mod body;
mod cursor;
mod fields;
mod frame;
mod meaning;
mod message;
pub mod names;
mod probe;
pub mod reason;
mod stream;
#[cfg(test)]
mod tests;

pub use message::{Auth, Body, ChannelCreate, Message, Service};

use crate::Protocol;

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    name: "sametime",
    counts: "messages",
    tcp_ports: &[1533, 1516],
    tls_ports: &[],
    udp_ports: &[],
    claims_ports: true,
    probe: probe::probe,
    stream: stream::open,
    datagram: |_| None,
    datagram_probe: |_| false,
    roles: meaning::ROLES,
};
