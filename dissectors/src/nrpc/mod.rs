//! Notes RPC (NRPC), TCP port 1352.
use crate::{Dissector, Fields, Probe, Protocol, Side, Verdict};

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    name: "nrpc",
    tcp_ports: &[1352],
    udp_ports: &[],
    probe: |_, _, _| Probe::No,
    stream: || Box::new(Stream),
    datagram: |_| None,
};

/// One NRPC frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Length field L: bytes that follow it.
    pub length: u16,
    /// Sequence number.
    pub sequence: u16,
    /// Function (message type).
    pub function: u16,
    /// Class.
    pub class: u16,
    /// What the frame says.
    pub body: Body,
}

/// What a frame says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Session request (type 2).
    SessionRequest(Session),
    /// Session response (type 3).
    SessionResponse(Session),
    /// Authentication message.
    Auth(Auth),
    /// Ordinary transaction.
    Transaction(Transaction),
    /// Encrypted or unknown.
    Opaque(Opaque),
}

/// Session request or response, one layout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Session {
    /// Name the sender wants to reach (TLV 0x13).
    pub wanted_server: Option<String>,
    /// Sender's own name.
    pub own_name: Option<String>,
    /// Sender's clock (TLV 0x09).
    pub clock: Option<TimeDate>,
    /// Certificate created (TLV 0x0C or 0x0D).
    pub certificate_created: Option<TimeDate>,
    /// Certificate expires (TLV 0x02 or 0x03).
    pub certificate_expires: Option<TimeDate>,
}

/// Authentication message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Auth {
    /// User in clear.
    pub user: Option<String>,
}

/// Transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transaction {
    /// Status of a reply.
    pub status: Option<u16>,
}

/// Bytes that fit no known layout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Opaque {
    /// Why they are opaque.
    pub why: &'static str,
}

/// A Notes TIMEDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeDate {
    /// Hundredths of a second since midnight GMT.
    pub ticks: u32,
    /// Julian day in the low 24 bits, zone in the high byte.
    pub day: u32,
}

impl TimeDate {
    /// Nanoseconds since 1970-01-01 UTC.
    pub fn unix_nanos(self) -> Option<i64> {
        None
    }
}

impl Message {
    pub(crate) fn kind(&self) -> &'static str {
        "nrpc.opaque"
    }
    pub(crate) fn summary(&self) -> String {
        String::new()
    }
    pub(crate) fn fields(&self, _seen: i64) -> Fields {
        vec![]
    }
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
