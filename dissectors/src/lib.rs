//! Pure parsers: bytes in, messages out.
//!
//! This crate has no clock, no I/O and no knowledge of packets. A [`Dissector`] is a state machine that is
//! offered the bytes of one TCP conversation, direction by direction, in any chunking, and answers with a
//! [`Verdict`]. Time is passed in where a message needs it ([`Presentation::fields`]).
//!
//! A new protocol is one folder here, one variant of [`Message`] and one line in [`PROTOCOLS`]; tables, totals, JSON,
//! comparison and verdict see it at once, for they ask [`Protocol`] and [`Pdu`]. `dissectors/README.md` walks through it.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]

pub mod auth;
mod calendar;
pub mod cookie;
mod date;
mod dissector;
pub mod dns;
#[doc(hidden)]
pub mod drive;
mod framed;
pub mod http;
pub mod jwt;
pub mod ldap;
pub mod ltpa;
pub mod nrpc;
mod pdu;
mod problem;
mod protocol;
mod reading;
mod role;
pub mod sametime;
pub mod saml;
mod secret;
pub mod sip;
pub mod socks;
pub mod stun;
mod text;
pub mod ticket;
pub mod tls;
mod value;

pub use dissector::{Dissector, Layer, Part, Verdict};
pub use pdu::{Class, Decision, Pdu, Presentation, Purpose, Semantics};
pub use problem::Problem;
pub use protocol::{Dialogues, Opening, Pick, Probe, Protocol, SignOn, Success};
pub use reading::{Reader, Reading};
pub use role::{Role, Roles, role_of};
pub use secret::Secret;
pub use value::{Fields, Value};

use std::ops::Deref;
use std::sync::LazyLock;

/// Who sent a byte: the side that opened the conversation, or the side that was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// The side that opened the conversation (sent the SYN, asked the question).
    Client,
    /// The side that was called.
    Server,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// `client` or `server`, as reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// One decoded application message, whatever the protocol.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Notes RPC, see [`nrpc`].
    Nrpc(nrpc::Message),
    /// SIP, see [`sip`].
    Sip(Box<sip::Message>),
    /// HTTP/1.x and HTTP/2, see [`http`].
    Http(Box<http::Message>),
    /// Sametime community protocol, see [`sametime`].
    Sametime(Box<sametime::Message>),
    /// DNS over UDP or TCP, see [`dns`].
    Dns(dns::Message),
    /// LDAP, see [`ldap`].
    Ldap(Box<ldap::Message>),
    /// STUN and TURN, see [`stun`].
    Stun(stun::Message),
    /// TLS, see [`tls`].
    Tls(Box<tls::Message>),
}

/// The only place that tells the protocols' messages apart: everything else asks the [`Pdu`].
impl Deref for Message {
    type Target = dyn Pdu;

    #[inline]
    fn deref(&self) -> &Self::Target {
        match self {
            Self::Nrpc(message) => message,
            Self::Sip(message) => message.as_ref(),
            Self::Http(message) => message.as_ref(),
            Self::Sametime(message) => message.as_ref(),
            Self::Dns(message) => message,
            Self::Ldap(message) => message.as_ref(),
            Self::Stun(message) => message,
            Self::Tls(message) => message.as_ref(),
        }
    }
}

impl Message {
    /// Where that side sends it, it answers something. In protocols in which either side may ask the message says whether it
    /// does; elsewhere the side that was called answers.
    pub fn answers(&self, from: Side) -> bool {
        match self.class() {
            Class::Interim | Class::Response => true,
            Class::Request => false,
            Class::Unstated => from == Side::Server && !self.protocol().both_sides_ask,
        }
    }
}

/// All protocols, in the order in which they are probed.
pub static PROTOCOLS: &[&Protocol] = &[
    &nrpc::PROTOCOL,
    &sip::PROTOCOL,
    &http::PROTOCOL,
    &sametime::PROTOCOL,
    &ldap::PROTOCOL,
    &dns::PROTOCOL,
    &stun::PROTOCOL,
    &tls::PROTOCOL,
];

/// The protocol of that name.
pub fn protocol(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().copied().find(|p| p.name == name)
}

/// The protocol that is usual on that port of TCP. Every connection asks for its two ports, most of which are nobody's: a table of all
/// ports answers with one look.
pub fn usual_at(port: u16) -> Option<&'static Protocol> {
    static BY_PORT: LazyLock<Vec<Option<&Protocol>>> = LazyLock::new(|| {
        let mut by_port = vec![None; usize::from(u16::MAX) + 1];
        for &protocol in PROTOCOLS {
            for &port in protocol.tcp_ports {
                if let Some(usual) = by_port.get_mut(usize::from(port)) {
                    *usual = Some(protocol);
                }
            }
        }
        by_port
    });
    BY_PORT.get(usize::from(port)).copied().flatten()
}
