//! The list at the end of a session request or response: { u16 type, u16 length, value }, without alignment, up to the
//! end of the payload.

use super::{Mark, TimeDate, lmbcs};
use nom::{IResult, Parser, multi::length_data, number::complete::le_u16, sequence::pair};
use std::ops::Range;
use std::sync::Arc;

/// Entries kept of one list; public captures show eleven at most.
const LIMIT: usize = 256;
/// Entries that there is room for at first: most lists have seven or eight.
const USUAL: usize = 8;

/// Types that public captures show.
pub(super) mod kind {
    pub(crate) const EXPIRES: u16 = 0x02;
    pub(crate) const EXPIRES_2: u16 = 0x03;
    pub(crate) const CHALLENGE: u16 = 0x04;
    pub(crate) const CAPABILITIES: u16 = 0x05;
    pub(crate) const TICKET: u16 = 0x08;
    pub(crate) const CLOCK: u16 = 0x09;
    pub(crate) const CREATED: u16 = 0x0C;
    pub(crate) const CREATED_2: u16 = 0x0D;
    pub(crate) const LABEL: u16 = 0x0F;
    pub(crate) const WORD_12: u16 = 0x12;
    pub(crate) const WANTED_SERVER: u16 = 0x13;
}

/// One entry.
#[derive(Debug, Clone, Default)]
pub struct Tlv {
    /// Type.
    pub kind: u16,
    /// Where it begins, counted from the first byte of the payload.
    pub offset: usize,
    /// Bytes of the whole list: its entries share them, as a piece of memory for each would cost more than it holds.
    list: Arc<[u8]>,
    /// Where in the list the value lies.
    place: Range<usize>,
}

/// How a value is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    Text(String),
    Time(TimeDate),
    Word(u16),
    Raw,
    /// Credentials or their like: the length only.
    Masked,
}

/// Two entries are the same if they say the same at the same place, whatever else is in their lists.
impl PartialEq for Tlv {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.offset, self.value()) == (other.kind, other.offset, other.value())
    }
}

impl Tlv {
    /// Value as sent.
    pub fn value(&self) -> &[u8] {
        self.list.get(self.place.clone()).unwrap_or_default()
    }

    /// Length of the value in bytes.
    pub fn length(&self) -> usize {
        self.place.len()
    }

    /// What the type is taken for; `None` if there is no guess.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self.kind {
            kind::EXPIRES => "certificate expires",
            kind::EXPIRES_2 => "second certificate expires",
            kind::CHALLENGE => "challenge or ticket",
            kind::CAPABILITIES => "capabilities",
            kind::TICKET => "16 bytes, zero where seen",
            kind::CLOCK => "sender's clock",
            kind::CREATED => "certificate created",
            kind::CREATED_2 => "second certificate created",
            kind::LABEL => "text, the same on both sides",
            kind::WORD_12 => "16-bit number",
            kind::WANTED_SERVER => "server that the sender wants",
            _ => return None,
        })
    }

    /// How well that is known.
    pub fn mark(&self) -> Mark {
        match self.kind {
            kind::CLOCK => Mark::Evidenced,
            kind::EXPIRES
            | kind::EXPIRES_2
            | kind::CREATED
            | kind::CREATED_2
            | kind::CAPABILITIES
            | kind::WANTED_SERVER => Mark::Inferred,
            _ => Mark::Unknown,
        }
    }

    /// The value as a time, if it has the length of one.
    pub(super) fn time(&self) -> Option<TimeDate> {
        TimeDate::from_wire(self.value())
    }

    pub(super) fn shown(&self) -> Shown {
        match self.kind {
            kind::CHALLENGE => Shown::Masked,
            kind::TICKET if self.value().iter().any(|&byte| byte != 0) => Shown::Masked,
            kind::LABEL | kind::WANTED_SERVER => Shown::Text(lmbcs::decode(self.value())),
            kind::EXPIRES | kind::EXPIRES_2 | kind::CLOCK | kind::CREATED | kind::CREATED_2 => {
                self.time().map_or(Shown::Raw, Shown::Time)
            }
            kind::WORD_12 => self.value().try_into().map_or(Shown::Raw, |v| Shown::Word(u16::from_le_bytes(v))),
            _ => Shown::Raw,
        }
    }
}

/// A list as far as it could be walked.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct List {
    pub tlvs: Vec<Tlv>,
    /// Offset in the payload of the first byte that is not in `tlvs`.
    pub end: usize,
}

/// Walks the list that begins at `offset` of `payload`.
pub(super) fn walk(payload: &[u8], offset: usize) -> List {
    let mut list = List { tlvs: Vec::with_capacity(USUAL), end: offset.min(payload.len()) };
    let mut rest = payload.get(offset..).unwrap_or_default();
    let shared: Arc<[u8]> = rest.into();
    while list.tlvs.len() < LIMIT
        && let Ok((behind, (kind, value))) = entry(rest)
    {
        let end = shared.len().saturating_sub(behind.len());
        let place = end.saturating_sub(value.len())..end;
        list.tlvs.push(Tlv { kind, offset: list.end, list: Arc::clone(&shared), place });
        list.end = payload.len().saturating_sub(behind.len());
        rest = behind;
    }
    list
}

fn entry(input: &[u8]) -> IResult<&[u8], (u16, &[u8])> {
    pair(le_u16, length_data(le_u16)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_the_payload() {
        let list = walk(b"xx\x12\0\x02\0\x08\0\x0F\0\x04\0home", 2);
        assert_eq!(list.end, 16);
        assert_eq!(list.tlvs.len(), 2);
        assert_eq!((list.tlvs[0].offset, list.tlvs[1].offset), (2, 8));
        assert_eq!(list.tlvs[0].shown(), Shown::Word(8));
        assert_eq!(list.tlvs[1].shown(), Shown::Text("home".into()));
    }

    #[test]
    fn damage_keeps_what_was_read() {
        let whole = b"\x12\0\x02\0\x08\0\x0F\0\x04\0home";
        for cut in 0..whole.len() {
            let list = walk(&whole[..cut], 0);
            assert_eq!((list.tlvs.len(), list.end), if cut < 6 { (0, 0) } else { (1, 6) }, "{cut}");
        }
        assert_eq!(walk(b"abc", 9), List { tlvs: vec![], end: 3 });
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let list = walk(&vec![0; 65_532], 0);
        assert_eq!((list.tlvs.len(), list.end), (LIMIT, LIMIT * 4));
    }

    #[test]
    fn key_material_is_masked() {
        let tlv = |kind, value: &[u8]| Tlv { kind, offset: 0, list: value.into(), place: 0..value.len() };
        assert_eq!(tlv(0x04, &[1; 16]).shown(), Shown::Masked);
        assert_eq!(tlv(0x08, &[1; 16]).shown(), Shown::Masked);
        assert_eq!(tlv(0x08, &[0; 16]).shown(), Shown::Raw);
        assert_eq!(tlv(0x09, &[0; 7]).shown(), Shown::Raw);
    }
}
