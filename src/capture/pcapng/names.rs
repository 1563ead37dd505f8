//! Name resolution blocks (4.5): which addresses the capturing machine knew by which names.

use crate::capture::fields::u16_at;
use pcap_file::Endianness;
use std::net::IpAddr;

/// Entries kept per capture.
const KEPT: usize = 1 << 16;
/// The longest name kept in bytes, as DNS has it (RFC 1035 2.3.4).
const LONGEST: usize = 255;

const IPV4: u16 = 1;
const IPV6: u16 = 2;

/// One name of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The address.
    pub address: IpAddr,
    /// A name of it, as the file has it: escape it where it is printed. Bytes that are not UTF-8 are replaced.
    pub name: String,
}

#[derive(Default)]
pub(super) struct Names {
    entries: Vec<Name>,
}

impl Names {
    pub(super) fn entries(&self) -> &[Name] {
        &self.entries
    }

    /// Takes the body of a block; `false` if something in it was not kept because there is too much.
    pub(super) fn read(&mut self, order: Endianness, mut body: &[u8]) -> bool {
        while let Some((kind, value)) = record(order, body) {
            body = body.get(value.len().next_multiple_of(4).saturating_add(4)..).unwrap_or_default();
            if let Some((address, names)) = address(kind, value)
                && !self.add(address, names)
            {
                return false;
            }
        }
        true
    }

    fn add(&mut self, address: IpAddr, names: &[u8]) -> bool {
        for name in names.split(|byte| *byte == 0).filter(|name| (1..=LONGEST).contains(&name.len())) {
            if self.entries.len() >= KEPT {
                return false;
            }
            self.entries.push(Name { address, name: String::from_utf8_lossy(name).into_owned() });
        }
        true
    }
}

/// Kind and value of the record that `body` begins with; `None` at the end mark or if it does not fit.
fn record(order: Endianness, body: &[u8]) -> Option<(u16, &[u8])> {
    let (kind, length) = (u16_at(order, body, 0)?, u16_at(order, body, 2)?);
    let value = body.get(4..)?.get(..length.into())?;
    (kind != 0).then_some((kind, value))
}

fn address(kind: u16, value: &[u8]) -> Option<(IpAddr, &[u8])> {
    match kind {
        IPV4 => value.split_first_chunk::<4>().map(|(address, names)| (IpAddr::from(*address), names)),
        IPV6 => value.split_first_chunk::<16>().map(|(address, names)| (IpAddr::from(*address), names)),
        _ => None,
    }
}
