//! Sametime community protocol (VP, TCP 1533 and 1516).
//!
//! There is no complete public specification: the field tables follow the draft of the client protocol as the Meanwhile
//! project and Wireshark's dissector implement it (facts only, no code), and what real clients of libmeanwhile send.

mod auth;
mod body;
mod cursor;
mod fields;
mod frame;
mod kind;
mod meaning;
mod message;
pub mod names;
mod probe;
pub mod reason;
mod stream;
#[cfg(test)]
mod tests;

pub use message::{Auth, Body, ChannelCreate, Message, Service};

use crate::{Protocol, SignOn, Success};

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    ends: ("Sametime client", "Sametime server"),
    tcp_ports: &[1533, 1516],
    claims_ports: true,
    sign_on: Some(SignOn { told_by: Success::Granted, dedicated: true }),
    roles: meaning::ROLES,
    ..Protocol::new("sametime", "Sametime", probe::probe, stream::open)
};
