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
/// Bytes that are looked at to tell a message from anything else: lengths of envelope and operation in their longest form, the id
/// and two tags.
const HEADER: usize = 2 + 8 + 2 + 4 + 2 + 8;
/// Searches whose entries are counted at one time.
const SEARCHES: usize = 64;

pub(super) fn open() -> Box<dyn Dissector> {
    framed::open(|_| Messages::default())
}

/// Judges the first bytes of a side. On any port only what either side may begin with: a bind, a search or an extended
/// operation of the client; on the usual ports any message.
pub(super) fn probe(from: Side, input: &[u8], usual_port: bool) -> Probe {
    match header(input) {
        Header::Message { .. } if usual_port => Probe::Yes,
        Header::Message { size, operation, at } => match (from, operation) {
            (Side::Client, 0x60 | 0x63 | 0x77) | (Side::Server, 0x61 | 0x78) => fits(input, at, size),
            _ => Probe::No,
        },
        Header::Need(total) => Probe::Need(total),
        Header::Wrong => Probe::No,
    }
}

/// The messages of one direction.
#[derive(Default)]
struct Messages {
    /// Searches that were answered in part: message id, entries so far.
    searches: VecDeque<(u32, u64)>,
    /// Bytes are missing in front of the next message.
    is_behind_loss: bool,
    /// Entries of searches up to this id may have been missed. Ids ascend: what was asked for behind a loss has a higher one
    /// than what was being answered when it came.
    missed: Option<u32>,
}

/// What the first bytes of a message say.
enum Header {
    /// A message begins.
    Message {
        /// Bytes of the message.
        size: usize,
        /// Tag of its operation.
        operation: u8,
        /// Where the operation stands.
        at: usize,
    },
    /// So many bytes are needed to tell.
    Need(usize),
    /// No message begins.
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

/// Judges the bytes that a message begins with. Forms of BER that the length allows and no LDAP message has are refused, so that
/// other protocols are not taken for this one.
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
    let at = outer.saturating_add(behind);
    match inner.get(behind) {
        Some(&operation) if parse::is_operation(operation) => {
            Header::Message { size: outer.saturating_add(content), operation, at }
        }
        Some(_) => Header::Wrong,
        None => Header::Need(at.saturating_add(1)),
    }
}

/// Does the operation at that offset end inside of its message of that size? By chance a tag stands where it should once in a
/// while, a length that fits behind it seldom.
fn fits(input: &[u8], at: usize, size: usize) -> Probe {
    match ber::size(input.get(at..).unwrap_or_default()) {
        Size::Known { header, content } if at.saturating_add(header).saturating_add(content) <= size => Probe::Yes,
        Size::Known { .. } | Size::Wrong => Probe::No,
        Size::Need(total) => Probe::Need(at.saturating_add(total)),
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
            Header::Wrong => Begins::Nothing { used: 1, message: malformed(), search: true },
        }
    }

    fn header(&self, input: &[u8]) -> Probe {
        match header(input) {
            Header::Message { size, at, .. } => fits(input, at, size),
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
                self.saw(id);
                self.count(id);
                None
            }
            found => {
                if let Some((id, _)) = found {
                    self.saw(id);
                }
                Some(said(self.counted(parse::message(unit, is_cut))))
            }
        }
    }

    fn found(&mut self) {
        self.lost();
    }

    fn lost(&mut self) {
        self.is_behind_loss = true;
    }
}

impl Messages {
    /// The first message behind a loss tells what was being answered when it came, and so do the searches that were.
    fn saw(&mut self, id: u32) {
        if std::mem::take(&mut self.is_behind_loss) {
            self.missed = self.searches.iter().map(|(search, _)| *search).chain(self.missed).chain([id]).max();
        }
    }

    fn count(&mut self, id: u32) {
        if let Some((_, entries)) = self.searches.iter_mut().find(|(search, _)| *search == id) {
            *entries = entries.saturating_add(1);
            return;
        }
        if self.searches.len() >= SEARCHES {
            let let_go = self.searches.pop_front().map(|(search, _)| search);
            self.missed = self.missed.max(let_go);
        }
        self.searches.push_back((id, 1));
    }

    /// The end of a search, with the entries that came before it.
    fn counted(&mut self, mut message: Message) -> Message {
        if let (Some(id), Body::SearchDone { entries, .. }) = (message.id, &mut message.body) {
            let place = self.searches.iter().position(|(search, _)| *search == id);
            let found = place.and_then(|place| self.searches.remove(place)).map_or(0, |(_, entries)| entries);
            *entries = self.missed.is_none_or(|missed| id > missed).then_some(found);
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

    /// What is asked for later is counted again; what was being answered may have lost entries.
    #[test]
    fn behind_a_loss_entries_are_counted_again() {
        let mut driver = Driver::new(open());
        driver.data(Side::Server, &[entry(2), entry(3)].concat());
        driver.gap(Side::Server, 20);
        driver.data(Side::Server, &[result(2, 0x65, 0, ""), result(3, 0x65, 0, "")].concat());
        driver.data(Side::Server, &[entry(4), result(4, 0x65, 0, ""), result(5, 0x65, 0, "")].concat());
        assert_eq!(done(&driver), [None, None, Some(1), Some(0)]);
    }

    #[test]
    fn a_search_that_began_before_the_capture_did_not_find_nothing() {
        let mut dissector = open();
        dissector.midstream();
        let mut driver = Driver::new(dissector);
        driver.data(Side::Server, &[result(7, 0x65, 0, ""), entry(8), result(8, 0x65, 0, "")].concat());
        assert_eq!(done(&driver), [None, Some(1)]);
    }

    #[test]
    fn searches_that_are_no_longer_followed_are_not_counted() {
        let mut driver = Driver::new(open());
        for id in 1..=100 {
            driver.data(Side::Server, &entry(id));
        }
        driver.data(Side::Server, &[result(1, 0x65, 0, ""), result(100, 0x65, 0, "")].concat());
        assert_eq!(done(&driver), [None, Some(1)]);
    }

    #[test]
    fn large_messages_are_read_in_their_beginning_only() {
        let large = envelope(2, &tlv(0x64, &[tlv(4, b"uid=ann"), tlv(0x30, &vec![7; 2 << 20])].concat()));
        let long = "x".repeat(200_000);
        let mut driver = Driver::new(open());
        driver.data(Side::Server, &result(1, 0x61, 0, ""));
        for chunk in [large, result(2, 0x65, 0, &long), result(3, 0x65, 32, "")].concat().chunks(1460) {
            driver.data(Side::Server, chunk);
        }
        assert_eq!(kinds(&driver)[1..], ["ldap.search_done", "ldap.search_done"]);
        assert_eq!(done(&driver), [Some(1), Some(0)]);
    }

    #[test]
    fn tls_is_told_from_the_first_byte_behind_a_message() {
        let start_tls = envelope(1, &tlv(0x77, &tlv(0x80, b"1.3.6.1.4.1.1466.20037")));
        let mut driver = Driver::new(open());
        driver.data(Side::Client, &start_tls);
        assert_eq!(driver.became.map(|protocol| protocol.name), None);
        for byte in [0x16, 3, 1] {
            driver.data(Side::Client, &[byte]);
        }
        assert_eq!(driver.became.map(|protocol| protocol.name), Some("tls"));
        let mut refused = Driver::new(open());
        refused.data(Side::Client, &[start_tls, bind_request(2, "cn=app", "x")].concat());
        assert_eq!((refused.became.is_none(), kinds(&refused)), (true, vec!["ldap.extended", "ldap.bind_request"]));
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

    /// However it is cut: the message that stands close behind is found.
    #[test]
    fn nonsense_does_not_hide_what_comes_close_behind() {
        let bytes = [bind_request(1, "cn=app", "x"), vec![0xFF; 3], bind_request(2, "cn=app", "y")].concat();
        for size in 1..bytes.len() {
            let mut driver = Driver::new(open());
            bytes.chunks(size).for_each(|chunk| driver.data(Side::Client, chunk));
            assert_eq!(kinds(&driver), ["ldap.bind_request", "ldap.malformed", "ldap.bind_request"], "{size}");
        }
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
        let mut longer = bind.clone();
        longer[6] = 0x7F; // The operation ends behind its message.
        assert_eq!(probe(Side::Client, &longer, false), Probe::No);
        for other in
            [b"GET / HTTP/1.1\r\n".as_slice(), &[0x30, 0x80, 1, 2, 3, 4], &[0x30, 3, 2, 1, 1], &[0x16, 3, 1, 0, 5]]
        {
            assert_eq!(probe(Side::Client, other, true), Probe::No);
        }
    }
}
