//! STUN and TURN (RFC 8489, RFC 8656) over UDP and TCP, and the DTLS handshake that shares a port with them (RFC 7983): how the sound of
//! a meeting finds its way, and where it finds none.
//!
//! Who asks for a relay and what comes of it is read, and which ways are tried and answered. Media and what relays carry are passed
//! over. Of DTLS (RFC 6347) the kind of a message is told, not its content.

mod dtls;
mod fields;
mod meaning;
mod message;
mod stream;

pub use dtls::Dtls;
pub use message::{Kind, Message, Method, Stun};

use crate::Protocol;

/// The protocol's line in the table. UDP: TURN's port, and those of the video bridge of Sametime 12 in Docker and in Kubernetes, which
/// are at home in the ranges of many others, too.
pub static PROTOCOL: Protocol = Protocol {
    tcp_ports: &[3478],
    udp_ports: &[3478, 10_000, 30_000],
    udp_by_content: true,
    datagram: message::datagram,
    datagram_probe: message::datagram_probe,
    both_sides_ask: true,
    roles: meaning::ROLES,
    ..Protocol::new("stun", "STUN", stream::probe, stream::open)
};
