//! DNS over TCP: a length of two bytes (big-endian), then a message, again and again.

use super::message::{self, HEADER};
use crate::{Dissector, Message, Side, Verdict};

/// Bytes of the length.
pub(super) const LENGTH: usize = 2;

pub(super) fn open() -> Box<dyn Dissector> {
    Box::new(Stream::default())
}

#[derive(Default)]
struct Stream {
    client: Phase,
    server: Phase,
}

/// Where one direction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// The first message was not seen yet.
    #[default]
    Fresh,
    /// The next byte begins a length.
    InStep,
    /// This many bytes belong to a message that was reported already.
    Remainder(u64),
    /// Nothing tells where a length begins.
    Lost,
}

impl Dissector for Stream {
    fn next(&mut self, from: Side, input: &[u8]) -> Verdict {
        let phase = self.phase(from);
        match *phase {
            Phase::Lost => return Verdict::Skip { bytes: u64::MAX },
            Phase::Remainder(bytes) => {
                *phase = Phase::InStep;
                return Verdict::Skip { bytes };
            }
            Phase::Fresh | Phase::InStep => {}
        }
        if input.len() < LENGTH {
            return Verdict::Need { total: LENGTH };
        }
        let used = LENGTH.saturating_add(length(input));
        let Some(framed) = input.get(LENGTH..used) else { return Verdict::Need { total: used } };
        match message::parse(framed, true) {
            Some(message) => {
                *phase = Phase::InStep;
                Verdict::Message { used, message: Message::Dns(message) }
            }
            None if *phase == Phase::Fresh && from == Side::Client => Verdict::NotMine,
            None => Verdict::Skip { bytes: u64::try_from(used).unwrap_or(u64::MAX) },
        }
    }

    fn gap(&mut self, from: Side, pending: &[u8], missing: u64) -> Option<Message> {
        let message = self.partial(from, pending);
        let phase = self.phase(from);
        let unread = match *phase {
            Phase::Remainder(bytes) => Some(bytes),
            Phase::Lost => None,
            Phase::Fresh | Phase::InStep => unread(pending),
        };
        *phase = match unread.and_then(|unread| unread.checked_sub(missing)) {
            Some(0) => Phase::InStep,
            Some(bytes) => Phase::Remainder(bytes),
            None => Phase::Lost,
        };
        message
    }

    fn end(&mut self, from: Side, pending: &[u8]) -> Option<Message> {
        self.partial(from, pending)
    }
}

impl Stream {
    fn phase(&mut self, from: Side) -> &mut Phase {
        match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// A message that is cut behind its question is still a message.
    fn partial(&mut self, from: Side, pending: &[u8]) -> Option<Message> {
        let in_step = matches!(self.phase(from), Phase::Fresh | Phase::InStep);
        let framed = pending.get(LENGTH..).filter(|_| in_step && length(pending) >= HEADER)?;
        let mut message = message::parse(framed, true)?;
        message.incomplete = true;
        Some(Message::Dns(message))
    }
}

/// Bytes of the message that are not in `pending`; `None` if its length is not.
fn unread(pending: &[u8]) -> Option<u64> {
    match pending.len() {
        0 => Some(0),
        1 => None,
        held => u64::try_from(LENGTH.saturating_add(length(pending)).saturating_sub(held)).ok(),
    }
}

/// The length that stands at the front; 0 if it is cut.
pub(super) fn length(input: &[u8]) -> usize {
    input.first_chunk().map_or(0, |bytes| usize::from(u16::from_be_bytes(*bytes)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::message::tests::{query, response};
    use super::*;
    use crate::drive::Driver;

    /// A message with its length in front.
    pub fn framed(message: &[u8]) -> Vec<u8> {
        let mut bytes = u16::try_from(message.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend(message);
        bytes
    }

    fn names(driver: &Driver) -> Vec<(String, bool)> {
        let dns = |message: &Message| match message {
            Message::Dns(dns) => (dns.name.clone(), dns.incomplete),
            other => panic!("{other:?}"),
        };
        driver.messages.iter().map(|(_, message)| dns(message)).collect()
    }

    #[test]
    fn a_conversation() {
        let mut driver = Driver::new(open());
        driver.data(Side::Client, &framed(&query("a.example", 1)));
        driver.data(Side::Server, &framed(&response()));
        driver.data(Side::Client, &framed(&query("b.example", 1)));
        let expected = ["a.example", "mail.acme.example", "b.example"].map(|name| (name.to_owned(), false));
        assert_eq!(names(&driver), expected);
    }

    #[test]
    fn something_else_is_not_mine_at_first_and_passed_over_later() {
        let mut driver = Driver::new(open());
        driver.data(Side::Client, b"\0\x05hello");
        assert!(driver.not_mine());
        let mut driver = Driver::new(open());
        driver.data(Side::Client, &framed(&query("a.example", 1)));
        driver.data(Side::Client, b"\0\x05hello\0\0");
        driver.data(Side::Client, &framed(&query("b.example", 1)));
        assert_eq!(names(&driver).len(), 2);
    }

    #[test]
    fn gaps() {
        let first = framed(&response());
        let second = framed(&query("b.example", 1));
        for cut in 0..first.len() {
            for missing in [1, 5, first.len() - cut, first.len() - cut + 1] {
                let mut driver = Driver::new(open());
                driver.data(Side::Server, &first[..cut]);
                driver.gap(Side::Server, u64::try_from(missing).unwrap());
                driver.data(Side::Server, first.get(cut + missing..).unwrap_or_default());
                driver.data(Side::Server, &second);
                let known = cut >= 2 && cut + missing <= first.len();
                let found = names(&driver).iter().any(|(name, _)| name == "b.example");
                assert_eq!(found, known, "{cut} {missing}");
                assert_eq!(names(&driver).iter().any(|&(_, incomplete)| incomplete), cut >= 37, "{cut} {missing}");
            }
        }
    }

    #[test]
    fn an_end_keeps_a_question() {
        let bytes = framed(&response());
        let mut driver = Driver::new(open());
        driver.data(Side::Server, &bytes[..40]);
        driver.end(Side::Server);
        assert_eq!(names(&driver), [("mail.acme.example".to_owned(), true)]);
    }
}
