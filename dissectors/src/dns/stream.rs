//! DNS over TCP: a length of two bytes (big-endian), then a message, again and again.

use super::message::{self, HEADER};
use crate::framed::{self, Begins, Framing, Standing};
use crate::{Dissector, Message, Probe};

/// Bytes of the length.
pub(super) const LENGTH: usize = 2;

pub(super) fn open() -> Box<dyn Dissector> {
    framed::open(|_| Messages)
}

/// The messages of one direction.
struct Messages;

impl Framing for Messages {
    const SEARCH: usize = 0;

    fn judge(&mut self, input: &[u8], _: Standing) -> Begins {
        match self.size(input) {
            Some(size) => Begins::Unit { size, read: size, is_known: true },
            None => Begins::Need(LENGTH),
        }
    }

    /// Nothing tells where a length begins.
    fn header(&self, _: &[u8]) -> Probe {
        Probe::No
    }

    fn size(&self, input: &[u8]) -> Option<usize> {
        (input.len() >= LENGTH).then(|| LENGTH.saturating_add(length(input)))
    }

    /// A message that is cut behind its question is still a message.
    fn read(&mut self, framed: &[u8], is_cut: bool) -> Option<Message> {
        if is_cut && length(framed) < HEADER {
            return None;
        }
        let mut message = message::parse(framed.get(LENGTH..)?, true)?;
        message.incomplete |= is_cut;
        Some(Message::Dns(message))
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
    use crate::Side;
    use crate::drive::Driver;

    /// A message with its length in front.
    pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
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
