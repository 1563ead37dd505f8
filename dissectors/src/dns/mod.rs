//! DNS (RFC 1035).
use crate::{Dissector, Fields, Probe, Protocol, Side, Verdict};

/// The protocol's line in the table.
pub static PROTOCOL: Protocol = Protocol {
    name: "dns",
    tcp_ports: &[53],
    udp_ports: &[53],
    probe: |_, _, _| Probe::No,
    stream: || Box::new(Stream),
    datagram: |_| None,
};

/// A query or a response.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// True in a response (QR bit).
    pub response: bool,
    /// Transaction id.
    pub id: u16,
    /// Name asked for, without the trailing dot.
    pub name: String,
    /// Type asked for, such as 1 (A), 5 (CNAME) or 28 (AAAA).
    pub qtype: u16,
    /// Response code; `None` in a query.
    pub rcode: Option<u16>,
    /// Answers, in wire order.
    pub answers: Vec<Answer>,
}

/// One record of the answer section.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Owner name.
    pub name: String,
    /// Time to live in seconds.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// Record data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A or AAAA.
    Address(std::net::IpAddr),
    /// CNAME.
    Alias(String),
    /// Any other type, with its number.
    Other(u16),
}

impl Message {
    pub(crate) fn kind(&self) -> &'static str {
        if self.response { "dns.response" } else { "dns.query" }
    }
    pub(crate) fn summary(&self) -> String {
        self.name.clone()
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
