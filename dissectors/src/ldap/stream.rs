//! One conversation: messages, what a security layer of SASL makes of them, and the end of plain text at StartTLS.

use super::ber::{self, Size};
use super::message::{Body, Message};
use super::parse::{self, SEARCH_ENTRY};
use crate::framed::{self, Begins, Framing, Standing};
use crate::{Dissector, Probe, Problem, Side, tls};
use std::collections::VecDeque;

/// An unbind: envelope, id of one byte, an operation without content.
const SHORTEST: usize = 7;
/// Longest message that is taken for one: entries with photographs and lists of groups are large.
const LONGEST: usize = 16 << 20;
/// Bytes of a message that are read.
const READ: usize = 64 << 10;
/// Bytes that are looked at to tell a message from anything else: envelope, id, tag of the operation.
const HEADER: usize = 2 + 8 + 2 + 4 + 1;
/// Searches whose entries are counted at one time.
const SEARCHES: usize = 64;

pub(super) fn open() -> Box<dyn Dissector> {
    framed::open(|_| Messages { searches: VecDeque::new(), begun_before: false })
}

/// Judges the first bytes of a side. On any port only what either side may begin with: a bind, a search or an extended
/// operation of the client; on the usual ports any message.
pub(super) fn probe(from: Side, input: &[u8], usual_port: bool) -> Probe {
    match header(input) {
        Header::Message { operation, .. } => {
            let begins = match from {
                Side::Client => matches!(operation, 0x60 | 0x63 | 0x77),
                Side::Server => matches!(operation, 0x61 | 0x78),
            };
            if usual_port || begins { Probe::Yes } else { Probe::No }
        }
        Header::Need(total) => Probe::Need(total),
        Header::Wrong => Probe::No,
    }
}

/// The messages of one direction.
struct Messages {
    /// Searches that were answered in part: message id, entries so far.
    searches: VecDeque<(u32, u64)>,
    /// Entries may have been missed.
    begun_before: bool,
}

/// What the first bytes of a message say.
enum Header {
    /// It is one.
    Message {
        /// Bytes of it.
        size: usize,
        /// Tag of its operation.
        operation: u8,
    },
    /// That needs so many bytes to be told.
    Need(usize),
    /// It is none.
    Wrong,
}

/// Envelope, id of one to four bytes, tag of an operation. No message is shorter than an unbind, so that as much is asked for at
/// once.
fn header(input: &[u8]) -> Header {
    match begin(input) {
        Header::Need(total) => Header::Need(total.max(SHORTEST)),
        told => told,
    }
}

fn begin(input: &[u8]) -> Header {
    match input.first() {
        None => return Header::Need(1),
        Some(0x30) => {}
        Some(_) => return Header::Wrong,
    }
    let (outer, content) = match ber::size(input) {
        Size::Known { header, content } if (5..=LONGEST).contains(&content) => (header, content),
        Size::Known { .. } | Size::Wrong => return Header::Wrong,
        Size::Need(total) => return Header::Need(total),
    };
    let inner = input.get(outer..).unwrap_or_default();
    match inner {
        [] => return Header::Need(outer.saturating_add(1)),
        [0x02] => return Header::Need(outer.saturating_add(2)),
        [0x02, 1..=4, ..] => {}
        _ => return Header::Wrong,
    }
    let length = inner.get(1).copied().map_or(0, usize::from);
    let (first, behind) = (inner.get(2), length.saturating_add(2));
    if first.is_some_and(|&first| first >= 0x80) {
        return Header::Wrong;
    }
    match inner.get(behind) {
        Some(&operation) if parse::is_operation(operation) => {
            Header::Message { size: outer.saturating_add(content), operation }
        }
        Some(_) => Header::Wrong,
        None => Header::Need(outer.saturating_add(behind).saturating_add(1)),
    }
}

/// Bytes of a unit of a SASL security layer, its length in front of it included (RFC 4422 section 3.7).
fn sealed(input: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(*input.first_chunk()?);
    let length = usize::try_from(length).ok().filter(|length| (8..=LONGEST).contains(length))?;
    length.checked_add(4)
}

impl Framing for Messages {
    const SEARCH: usize = LONGEST + HEADER;

    /// A message; behind one also a unit of a security layer, and the first record of TLS.
    fn judge(&mut self, input: &[u8], standing: Standing) -> Begins {
        let is_later = standing.begun && standing.in_step;
        match input {
            [0x14..=0x17] | [0x14..=0x17, 3] if is_later => return Begins::Need(3),
            [0x14..=0x17, 3, 0..=4, ..] if is_later => return Begins::Becomes(&tls::PROTOCOL),
            [0, ..] if is_later && input.len() < 4 => return Begins::Need(4),
            [0, ..] if is_later => {
                if let Some(size) = sealed(input) {
                    return Begins::Unit { size, read: 4, is_known: true };
                }
            }
            _ => {}
        }
        match header(input) {
            Header::Message { size, .. } => Begins::Unit { size, read: size.min(READ), is_known: true },
            Header::Need(total) => Begins::Need(total),
            Header::Wrong if !standing.begun => Begins::NotMine,
            Header::Wrong => Begins::Nothing { used: input.len().min(HEADER), message: malformed(), search: true },
        }
    }

    fn header(&self, input: &[u8]) -> Probe {
        match header(input) {
            Header::Message { .. } => Probe::Yes,
            Header::Need(total) => Probe::Need(total),
            Header::Wrong => Probe::No,
        }
    }

    fn size(&self, input: &[u8]) -> Option<usize> {
        match header(input) {
            Header::Message { size, .. } => Some(size),
            _ if input.first() == Some(&0) => sealed(input),
            _ => None,
        }
    }

    fn read(&mut self, unit: &[u8], is_cut: bool) -> Option<crate::Message> {
        if unit.first() == Some(&0) {
            let length = sealed(unit).map_or(0, |size| size.saturating_sub(4));
            let body = Body::Sealed { length: u64::try_from(length).unwrap_or(u64::MAX) };
            return Some(said(Message { id: None, body, incomplete: is_cut, problems: Vec::new() }));
        }
        match parse::operation(unit) {
            Some((id, operation)) if operation.tag == SEARCH_ENTRY => {
                self.count(id);
                None
            }
            _ => Some(said(self.counted(parse::message(unit, is_cut)))),
        }
    }

    fn lost(&mut self) {
        self.begun_before = true;
    }
}

impl Messages {
    fn count(&mut self, id: u32) {
        if let Some((_, entries)) = self.searches.iter_mut().find(|(search, _)| *search == id) {
            *entries = entries.saturating_add(1);
            return;
        }
        if self.searches.len() >= SEARCHES {
            self.searches.pop_front();
            self.begun_before = true;
        }
        self.searches.push_back((id, 1));
    }

    /// The end of a search, with the entries that came before it.
    fn counted(&mut self, mut message: Message) -> Message {
        if let (Some(id), Body::SearchDone { entries, .. }) = (message.id, &mut message.body) {
            let place = self.searches.iter().position(|(search, _)| *search == id);
            let found = place.and_then(|place| self.searches.remove(place)).map_or(0, |(_, entries)| entries);
            *entries = (!self.begun_before).then_some(found);
        }
        message
    }
}

fn malformed() -> crate::Message {
    let problems = vec![Problem::new("no LDAP message begins here", 0)];
    said(Message { id: None, body: Body::Malformed, incomplete: false, problems })
}

fn said(message: Message) -> crate::Message {
    crate::Message::Ldap(Box::new(message))
}

#[cfg(test)]
mod tests {
    use super::super::parse::tests::{bind_request, envelope, result, search_request, tlv};
    use super::*;
    use crate::drive::Driver;

    fn kinds(driver: &Driver) -> Vec<&'static str> {
        driver.messages.iter().map(|(_, message)| message.kind()).collect()
    }

    fn done(driver: &Driver) -> Vec<Option<u64>> {
        let entries = |message: &crate::Message| match message {
            crate::Message::Ldap(ldap) => match ldap.body {
                Body::SearchDone { entries, .. } => Some(entries),
                _ => None,
            },
            _ => None,
        };
        driver.messages.iter().filter_map(|(_, message)| entries(message)).collect()
    }

    fn entry(id: u8) -> Vec<u8> {
        envelope(id, &tlv(0x64, &[tlv(4, b"uid=ann"), tlv(0x30, b"")].concat()))
    }

    #[test]
    fn entries_are_counted_for_each_search() {
        let mut driver = Driver::new(open());
        driver.data(Side::Client, &[search_request(2, "dc=net", "ann"), search_request(3, "dc=net", "bob")].concat());
        driver.data(
            Side::Server,
            &[entry(2), entry(3), entry(2), result(2, 0x65, 0, ""), result(3, 0x65, 0, "")].concat(),
        );
        driver.data(Side::Server, &result(4, 0x65, 0, ""));
        assert_eq!(done(&driver), [Some(2), Some(1), Some(0)]);
    }

    #[test]
    fn behind_a_gap_entries_are_not_known() {
        let mut driver = Driver::new(open());
        driver.data(Side::Server, &result(1, 0x61, 0, ""));
        driver.gap(Side::Server, 20);
        driver.data(Side::Server, &[entry(2), entry(2), result(2, 0x65, 0, "")].concat());
        assert_eq!(done(&driver), [None]);
    }

    #[test]
    fn a_security_layer_is_opaque() {
        let mut driver = Driver::new(open());
        driver.data(Side::Client, &bind_request(1, "cn=app", "x"));
        driver.data(Side::Client, &[&[0, 0, 0, 20][..], &[7; 20], &[0, 0, 0, 9], &[7; 9]].concat());
        assert_eq!(kinds(&driver), ["ldap.bind_request", "ldap.sealed", "ldap.sealed"]);
    }

    #[test]
    fn nonsense_is_told_and_what_comes_behind_it_is_read() {
        let mut driver = Driver::new(open());
        driver.data(Side::Client, &bind_request(1, "cn=app", "x"));
        driver.data(Side::Client, b"no message at all, and then:");
        driver.data(Side::Client, &[bind_request(2, "cn=app", "y"), bind_request(3, "cn=app", "z")].concat());
        assert_eq!(kinds(&driver), ["ldap.bind_request", "ldap.malformed", "ldap.bind_request", "ldap.bind_request"]);
    }

    #[test]
    fn the_probe_knows_what_a_client_begins_with() {
        let bind = bind_request(1, "cn=app", "secret");
        for cut in 1..bind.len() {
            assert_ne!(probe(Side::Client, &bind[..cut], false), Probe::No, "{cut}");
        }
        assert_eq!(probe(Side::Client, &bind, false), Probe::Yes);
        let entry = entry(1);
        assert_eq!((probe(Side::Server, &entry, false), probe(Side::Server, &entry, true)), (Probe::No, Probe::Yes));
        for other in
            [b"GET / HTTP/1.1\r\n".as_slice(), &[0x30, 0x80, 1, 2, 3, 4], &[0x30, 3, 2, 1, 1], &[0x16, 3, 1, 0, 5]]
        {
            assert_eq!(probe(Side::Client, other, true), Probe::No);
        }
    }
}
