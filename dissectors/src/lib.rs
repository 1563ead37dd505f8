//! Pure parsers: bytes in, messages out.
//!
//! This crate has no clock, no I/O and no knowledge of packets. A [`Dissector`] is a state machine that is
//! offered the bytes of one TCP conversation, direction by direction, in any chunking, and answers with a
//! [`Verdict`]. Time is passed in where a message needs it ([`Message::fields`]).
//!
//! A new protocol is one folder here, one variant of [`Message`] and one line in [`PROTOCOLS`]; tables, JSON
//! and rules see it at once. `dissectors/README.md` walks through it.
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
pub mod dns;
#[doc(hidden)]
pub mod drive;
mod framed;
pub mod http;
pub mod ltpa;
pub mod nrpc;
mod problem;
mod reading;
mod role;
pub mod sametime;
mod secret;
pub mod sip;
mod text;
pub mod tls;
mod value;

pub use problem::Problem;
pub use reading::{Reader, Reading};
pub use role::{Role, Roles, role_of};
pub use secret::Secret;
pub use value::{Fields, Value};

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
    /// TLS, see [`tls`].
    Tls(Box<tls::Message>),
}

impl Message {
    /// Name of the protocol, as in [`Protocol::name`].
    pub fn protocol(&self) -> &'static str {
        match self {
            Self::Nrpc(_) => nrpc::PROTOCOL.name,
            Self::Sip(_) => sip::PROTOCOL.name,
            Self::Http(_) => http::PROTOCOL.name,
            Self::Sametime(_) => sametime::PROTOCOL.name,
            Self::Dns(_) => dns::PROTOCOL.name,
            Self::Tls(_) => tls::PROTOCOL.name,
        }
    }

    /// Type of the message as the report names it, such as `nrpc.session_request`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nrpc(m) => m.kind(),
            Self::Sip(m) => m.kind(),
            Self::Http(m) => m.kind(),
            Self::Sametime(m) => m.kind(),
            Self::Dns(m) => m.kind(),
            Self::Tls(m) => m.kind(),
        }
    }

    /// True if it is to be kept however long the conversation is: a refusal, or something that cannot be read.
    pub fn is_notable(&self) -> bool {
        match self {
            Self::Nrpc(m) => m.is_notable(),
            Self::Sip(m) => m.is_notable(),
            Self::Http(m) => m.is_notable(),
            Self::Sametime(m) => m.is_notable(),
            Self::Tls(m) => m.is_notable(),
            Self::Dns(_) => false,
        }
    }

    /// True if it answers something: who sends it was asked.
    pub fn is_answer(&self) -> bool {
        match self {
            Self::Sip(m) => m.status().is_some(),
            Self::Dns(m) => m.response,
            Self::Http(m) => matches!(m.body, http::Body::Response(_)),
            Self::Nrpc(_) | Self::Sametime(_) | Self::Tls(_) => false,
        }
    }

    /// True if rules look at every message of its kind, in conversations that may be long: kept as long as there is room.
    pub fn is_essential(&self) -> bool {
        match self {
            Self::Sip(_) | Self::Http(_) => true,
            Self::Sametime(m) => !matches!(m.body, sametime::Body::KeepAlive | sametime::Body::Other { .. }),
            Self::Nrpc(_) | Self::Dns(_) | Self::Tls(_) => false,
        }
    }

    /// What it comes to, in a few words that are the same in two sessions which go alike.
    pub fn meaning(&self) -> String {
        match self {
            Self::Nrpc(m) => m.meaning(),
            Self::Sip(m) => m.meaning(),
            Self::Http(m) => m.meaning(),
            Self::Sametime(m) => m.meaning(),
            Self::Dns(m) => m.meaning(),
            Self::Tls(m) => m.meaning(),
        }
    }

    /// True if it says no: a status or a reason that ends what was asked for. A demand for credentials does not.
    pub fn refuses(&self) -> bool {
        match self {
            Self::Nrpc(m) => m.refuses(),
            Self::Sip(m) => m.refuses(),
            Self::Http(m) => m.refuses(),
            Self::Sametime(m) => m.refuses(),
            Self::Dns(m) => m.refuses(),
            Self::Tls(m) => m.refuses(),
        }
    }

    /// True if it grants what was asked for: a success of SIP or HTTP, a login that is accepted. NRPC has no such message.
    pub fn grants(&self) -> bool {
        match self {
            Self::Sip(m) => m.status().is_some_and(|status| (200..300).contains(&status)),
            Self::Http(m) => matches!(&m.body, http::Body::Response(r) if (200..400).contains(&r.status)),
            Self::Sametime(m) => matches!(m.body, sametime::Body::LoginAck { .. }),
            Self::Nrpc(_) | Self::Dns(_) | Self::Tls(_) => false,
        }
    }

    /// True if it can be seen that something is said, but not what: encrypted, or of an unknown form.
    pub fn is_opaque(&self) -> bool {
        match self {
            Self::Nrpc(m) => m.is_opaque(),
            Self::Sametime(m) => m.is_opaque(),
            Self::Tls(m) => m.is_opaque(),
            Self::Sip(_) | Self::Http(_) | Self::Dns(_) => false,
        }
    }

    /// One line for people. May hold text from the wire: escape it where it is printed.
    pub fn summary(&self) -> String {
        match self {
            Self::Nrpc(m) => m.summary(),
            Self::Sip(m) => m.summary(),
            Self::Http(m) => m.summary(),
            Self::Sametime(m) => m.summary(),
            Self::Dns(m) => m.summary(),
            Self::Tls(m) => m.summary(),
        }
    }

    /// Fields in the order of the report. Clock differences are measured against `reading.seen`; credentials are masked
    /// unless it allows them.
    pub fn fields(&self, reading: &Reading<'_>) -> Fields {
        match self {
            Self::Nrpc(m) => m.fields(reading.seen),
            Self::Sip(m) => m.fields(reading),
            Self::Http(m) => m.fields(reading),
            Self::Sametime(m) => m.fields(reading),
            Self::Dns(m) => m.fields(reading.seen),
            Self::Tls(m) => m.fields(),
        }
    }
}

/// What a [`Dissector`] says of the bytes it was offered.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The first `used` bytes (at least one) are a whole message.
    Message {
        /// Bytes taken from the front of the input.
        used: usize,
        /// What they say.
        message: Message,
    },
    /// Nothing whole yet. Offer the same bytes again, followed by newer ones, once there are `total` of them.
    /// `total` is always larger than the length of the input that was offered.
    Need {
        /// How many bytes are needed, counted from the first byte of this input.
        total: usize,
    },
    /// The next bytes carry nothing that is looked at; there may be more of them than were offered. Bytes of a gap
    /// count: [`Dissector::gap`] is told only of what is missing beyond them.
    Skip {
        /// How many bytes to pass over; `u64::MAX` means the rest of this direction.
        bytes: u64,
    },
    /// The first `used` bytes (at least one) are a unit of a protocol that carries another, a TLS record.
    Layer {
        /// Bytes taken from the front of the input.
        used: usize,
        /// What it came to, in order. May be nothing.
        parts: Vec<Part>,
        /// It ends in the middle of a message: its bytes are a part of what the next unit completes, too.
        open: bool,
    },
    /// This conversation is of another protocol.
    NotMine,
}

/// What a unit of a protocol that carries another comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A message of the carrying protocol.
    Message(Message),
    /// The next bytes of the protocol that is carried.
    Inner(Vec<u8>),
    /// So many bytes of the protocol that is carried are lost; an estimate.
    Lost(u64),
}

/// What became of the units of a protocol that carries another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layer {
    /// Units (TLS records) seen.
    pub records: u64,
    /// Those of them that were protected and were opened.
    pub opened: u64,
    /// Those that carried something and stayed closed.
    pub sealed: u64,
    /// Why most of them stayed closed.
    pub why_opaque: Option<tls::Why>,
}

/// A parser of one conversation. Any chunking of the same bytes gives the same messages.
pub trait Dissector: Send {
    /// The beginning of the conversation is not in the capture. Said before the first bytes, if it is so.
    fn midstream(&mut self) {}

    /// Looks at the bytes of one direction that were not consumed so far. `input` is never empty.
    fn next(&mut self, from: Side, input: &[u8]) -> Verdict;

    /// Bytes of this direction are missing from the capture: `missing` of them, right after `pending`, which
    /// holds what was offered before and not consumed. `pending` is dropped after this call; a message that can
    /// be told from it is returned. The next input begins behind the gap.
    fn gap(&mut self, from: Side, pending: &[u8], missing: u64) -> Option<Message>;

    /// This direction has ended with `pending` left over (never empty): what was read is not lost.
    fn end(&mut self, from: Side, pending: &[u8]) -> Option<Message>;

    /// What became of its units, if this protocol carries another.
    fn layer(&self) -> Option<Layer> {
        None
    }
}

/// What the first bytes of one direction say about the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// These bytes are of this protocol.
    Yes,
    /// They are not.
    No,
    /// Too few bytes to tell: this many are needed.
    Need(usize),
}

/// One line of the table of protocols.
pub struct Protocol {
    /// Name in reports, filters and message types.
    pub name: &'static str,
    /// What totals count of it: `messages` or `records`.
    pub counts: &'static str,
    /// Usual TCP ports. Content decides; a port only breaks ties and says what is worth keeping.
    pub tcp_ports: &'static [u16],
    /// Usual TCP ports on which TLS carries it.
    pub tls_ports: &'static [u16],
    /// Usual UDP ports.
    pub udp_ports: &'static [u16],
    /// A TCP conversation on a usual port belongs into the report even if it says something else: whoever called that port
    /// expected this protocol there.
    pub claims_ports: bool,
    /// Judges the first bytes that one side sent. `usual_port` is true if the server's port is the usual one or
    /// was named by the user; a probe may then accept weaker evidence (a conversation whose start is missing).
    pub probe: fn(from: Side, input: &[u8], usual_port: bool) -> Probe,
    /// A fresh dissector for one TCP conversation.
    pub stream: fn() -> Box<dyn Dissector>,
    /// Parses one UDP datagram; `None` for a protocol that has none, or bytes that are not of this protocol.
    pub datagram: fn(&[u8]) -> Option<Message>,
    /// True if a datagram on any port is of this protocol beyond doubt. Cheap: it is asked of every first datagram.
    pub datagram_probe: fn(&[u8]) -> bool,
    /// What a difference in a field is worth, where two sessions are compared.
    pub roles: Roles,
}

/// All protocols, in the order in which they are probed.
pub static PROTOCOLS: &[&Protocol] =
    &[&nrpc::PROTOCOL, &sip::PROTOCOL, &http::PROTOCOL, &sametime::PROTOCOL, &dns::PROTOCOL, &tls::PROTOCOL];

/// The protocol of that name.
pub fn protocol(name: &str) -> Option<&'static Protocol> {
    PROTOCOLS.iter().copied().find(|p| p.name == name)
}
