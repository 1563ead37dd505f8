//! DNS over UDP (RFC 1035, 3596): questions, answers, and the ways a name does not resolve.

use std::net::IpAddr;

use crate::dial::next_port;
use crate::net::{Host, Network};
use crate::wire::len16;

/// Type A.
pub const A: u16 = 1;
/// Type CNAME.
pub const CNAME: u16 = 5;
/// Type AAAA.
pub const AAAA: u16 = 28;

/// Response codes (RFC 1035 section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rcode {
    /// No error.
    NoError = 0,
    /// The server failed.
    ServFail = 2,
    /// The name does not exist.
    NxDomain = 3,
    /// The server refuses to answer.
    Refused = 5,
}

/// One resource record of an answer.
#[derive(Debug, Clone)]
pub struct Record {
    /// Owner name.
    pub owner: String,
    /// Type.
    pub kind: u16,
    /// Data.
    pub data: Vec<u8>,
    /// Time to live in seconds.
    pub ttl: u32,
}

impl Record {
    /// `alias` is another name for `name`.
    pub fn cname(alias: &str, name: &str) -> Self {
        Self { owner: alias.to_owned(), kind: CNAME, data: encode_name(name), ttl: 300 }
    }

    /// `name` has this address: an A or AAAA record.
    pub fn address(name: &str, ip: &str) -> Self {
        let ip: IpAddr = ip.parse().unwrap_or_else(|_| panic!("not an IP address: {ip}"));
        Self::of(name, ip, 300)
    }

    fn of(name: &str, ip: IpAddr, ttl: u32) -> Self {
        let (kind, data) = match ip {
            IpAddr::V4(ip) => (A, ip.octets().to_vec()),
            IpAddr::V6(ip) => (AAAA, ip.octets().to_vec()),
        };
        Self { owner: name.to_owned(), kind, data, ttl }
    }

    /// The address it tells, if it is of such a kind.
    fn ip(&self) -> Option<IpAddr> {
        match self.kind {
            A => <[u8; 4]>::try_from(self.data.as_slice()).ok().map(IpAddr::from),
            AAAA => <[u8; 16]>::try_from(self.data.as_slice()).ok().map(IpAddr::from),
            _ => None,
        }
    }
}

/// The bytes of a query for one name.
pub fn query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    message(id, 0x0100, name, kind, &[])
}

/// The bytes of an answer.
pub fn answer(id: u16, name: &str, kind: u16, rcode: Rcode, records: &[Record]) -> Vec<u8> {
    message(id, 0x8180 | rcode as u16, name, kind, records)
}

fn message(id: u16, flags: u16, name: &str, kind: u16, records: &[Record]) -> Vec<u8> {
    const INTERNET: u16 = 1;
    let mut out = Vec::new();
    for field in [id, flags, 1, len16(records.len()), 0, 0] {
        out.extend(field.to_be_bytes());
    }
    out.extend(encode_name(name));
    out.extend(kind.to_be_bytes());
    out.extend(INTERNET.to_be_bytes());
    for record in records {
        out.extend(owner(name, &record.owner));
        out.extend(record.kind.to_be_bytes());
        out.extend(INTERNET.to_be_bytes());
        out.extend(record.ttl.to_be_bytes());
        out.extend(len16(record.data.len()).to_be_bytes());
        out.extend(&record.data);
    }
    out
}

/// The name of the question is a pointer to it (RFC 1035 section 4.1.4); others are written out.
fn owner(question: &str, owner: &str) -> Vec<u8> {
    if owner == question { vec![0xc0, 12] } else { encode_name(owner) }
}

fn encode_name(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        assert!(label.len() < 64, "a label of {name} is too long");
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out.push(0);
    out
}

impl Network {
    /// `client` asks `resolver` for a name and gets these records.
    pub fn resolve(&self, client: &Host, resolver: &Host, name: &str, kind: u16, records: &[Record]) -> &Self {
        self.resolve_with(client, resolver, name, kind, Rcode::NoError, records)
    }

    /// `client` asks `resolver` for a name and gets an error.
    pub fn resolve_fails(&self, client: &Host, resolver: &Host, name: &str, kind: u16, rcode: Rcode) -> &Self {
        self.resolve_with(client, resolver, name, kind, rcode, &[])
    }

    /// `client` asks `resolver` for a name: once now and again after each of these many seconds from now; nothing answers.
    pub fn resolve_unanswered(&self, client: &Host, resolver: &Host, name: &str, kind: u16, retries: &[u64]) -> &Self {
        let kind = self.asked_for(kind);
        let (id, port) = self.dns_question(client, resolver, name, kind);
        let mut before = 0;
        for seconds in retries {
            self.wait_secs(seconds - before);
            self.udp(client, port, resolver, 53, query(id, name, kind));
            before = *seconds;
        }
        self
    }

    fn resolve_with(
        &self,
        client: &Host,
        resolver: &Host,
        name: &str,
        kind: u16,
        rcode: Rcode,
        records: &[Record],
    ) -> &Self {
        let kind = self.asked_for(kind);
        let records: Vec<Record> = records.iter().map(|record| self.present(record)).collect();
        let (id, port) = self.dns_question(client, resolver, name, kind);
        self.udp(resolver, 53, client, port, answer(id, name, kind, rcode, &records));
        self
    }

    /// A network that moved to IPv6 asks for addresses of IPv6.
    fn asked_for(&self, kind: u16) -> u16 {
        if kind == A && self.in_ipv6() { AAAA } else { kind }
    }

    /// The record with the address that the host has in this network.
    fn present(&self, record: &Record) -> Record {
        let moved = record.ip().map(|ip| Record::of(&record.owner, self.moved(ip), record.ttl));
        moved.unwrap_or_else(|| record.clone())
    }

    fn dns_question(&self, client: &Host, resolver: &Host, name: &str, kind: u16) -> (u16, u16) {
        let id = u16::from_be_bytes(self.nonce());
        let port = next_port(&mut self.world(), client.index);
        self.udp(client, port, resolver, 53, query(id, name, kind));
        (id, port)
    }
}
