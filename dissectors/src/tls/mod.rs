//! TLS 1.0 to 1.3 (RFC 2246, 4346, 5246, 8446): records, handshake messages, alerts, certificates, on any port.
//!
//! What is protected is opened by an [`Opener`], if there is one: this crate has no keys. What was inside comes out as
//! [`crate::Part::Inner`], for another dissector.

pub mod alert;
mod certificate;
mod cursor;
mod handshake;
mod hello;
mod meaning;
mod message;
mod names;
mod old_hello;
mod protect;
mod record;
mod stream;
mod suites;
#[cfg(test)]
mod tests;

pub use alert::Alert;
pub use certificate::{Certificate, Chain};
pub use hello::{ClientHello, ServerHello, TLS12, TLS13, version_name};
pub use message::{Body, Message, handshake as handshake_type};
pub use protect::{Opened, Opener, Why};
pub use record::{ContentType, HEADER, Header, LONGEST};
pub use suites::{shown as suite_shown, suite as suite_name};

use crate::{Dissector, Probe, Protocol, Side};
use message::handshake::{CLIENT_HELLO, SERVER_HELLO};
use old_hello::OldHello;

/// The protocol's line in the table. Ports: HTTPS, SIP over TLS, and those of WebSphere.
pub static PROTOCOL: Protocol = Protocol {
    counts: "records",
    tcp_ports: &[443, 5061, 5081, 8443, 9043, 9443],
    opened_by: Some(opened_by),
    roles: meaning::ROLES,
    ..Protocol::new("tls", "TLS", probe, stream::open)
};

/// A dissector that has protected records opened.
pub fn opened_by(opener: Box<dyn Opener>) -> Box<dyn Dissector> {
    stream::with(opener)
}

/// A hello of that side, in the form of SSL 2.0, too, or the server's alert, on any port. On a usual port also what comes later, of a
/// conversation whose beginning is missing.
fn probe(from: Side, input: &[u8], usual_port: bool) -> Probe {
    if from == Side::Client {
        match old_hello::read(input) {
            OldHello::Whole(..) => return Probe::Yes,
            OldHello::Need(total) if !input.is_empty() => return Probe::Need(total),
            OldHello::Need(_) | OldHello::No => {}
        }
    }
    let Some(header) = Header::parse(input) else {
        return if input.len() < HEADER && Header::may_begin(input) { Probe::Need(HEADER) } else { Probe::No };
    };
    let hello = if from == Side::Client { CLIENT_HELLO } else { SERVER_HELLO };
    match header.kind {
        ContentType::Handshake => match input.get(HEADER) {
            None => Probe::Need(HEADER.saturating_add(1)),
            Some(&kind) if kind == hello && header.length >= 4 => Probe::Yes,
            // The end of a handshake whose beginning is missing: Finished, protected or not, or a session ticket.
            Some(_) if usual_port && header.length >= 16 => Probe::Yes,
            Some(_) => Probe::No,
        },
        ContentType::ChangeCipherSpec if usual_port && header.length == 1 => Probe::Yes,
        ContentType::Alert if header.length == 2 && from == Side::Server => Probe::Yes,
        ContentType::ApplicationData if usual_port && header.length >= 17 => Probe::Yes,
        _ => Probe::No,
    }
}
