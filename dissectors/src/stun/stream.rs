//! STUN and TURN over TCP: messages and the data of channels, one behind the other (RFC 8489 section 6.2.2, RFC 8656 section 12.4).

use super::message::{self, COOKIE, HEADER, Message};
use crate::framed::{self, Begins, Framing, Standing};
use crate::{Dissector, Probe, Side};

/// Bytes that tell a message: type, length and cookie.
const TELLING: usize = 8;
/// Header of the data of a channel: number and length.
const CHANNEL: usize = 4;

pub(super) fn open() -> Box<dyn Dissector> {
    framed::open(|_| Units)
}

/// The cookie tells it on any port.
pub(super) fn probe(_: Side, input: &[u8], _: bool) -> Probe {
    let fits = |(at, byte): (usize, &u8)| match at {
        0 => *byte < 0x40,
        3 => byte.is_multiple_of(4),
        4..TELLING => COOKIE.get(at.saturating_sub(4)) == Some(byte),
        _ => true,
    };
    if !input.iter().take(TELLING).enumerate().all(fits) {
        return Probe::No;
    }
    if input.len() < TELLING { Probe::Need(TELLING) } else { Probe::Yes }
}

/// The units of one direction.
struct Units;

impl Framing for Units {
    const SEARCH: usize = HEADER + 65_536;

    fn judge(&mut self, input: &[u8], standing: Standing) -> Begins {
        let is_channel = input.first().is_some_and(|first| (0x40..0x80).contains(first)) && standing.begun;
        let needed = if is_channel { CHANNEL } else { TELLING };
        if input.len() < needed {
            return Begins::Need(needed);
        }
        let size = if is_channel { self.size(input) } else { message::size(input) };
        match size {
            // What a channel carries is passed over.
            Some(size) if is_channel => Begins::Unit { size, read: CHANNEL, is_known: standing.in_step },
            Some(size) => Begins::Unit { size, read: size, is_known: true },
            None => Begins::NotMine,
        }
    }

    fn header(&self, input: &[u8]) -> Probe {
        probe(Side::Client, input, false)
    }

    fn size(&self, input: &[u8]) -> Option<usize> {
        match input {
            [0x40..=0x7F, _, high, low, ..] => {
                let data = usize::from(u16::from_be_bytes([*high, *low]));
                Some(CHANNEL.saturating_add(data.next_multiple_of(4)))
            }
            _ => message::size(input),
        }
    }

    fn read(&mut self, unit: &[u8], is_cut: bool) -> Option<crate::Message> {
        let read = message::size(unit).and_then(|_| message::read(unit, is_cut))?;
        Some(crate::Message::Stun(Message::Stun(Box::new(read))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::message;
    use super::*;
    use crate::drive::Driver;

    #[test]
    fn messages_and_channels() {
        let mut driver = Driver::new(open());
        driver.data(Side::Client, &message(3, &[(6, b"ann")]));
        driver.data(Side::Server, &message(0x0103, &[]));
        driver.data(Side::Client, &[&[0x40, 0, 0, 5][..], b"mediaxxx", &message(4, &[])].concat());
        let said: Vec<_> = driver.messages.iter().map(|(_, message)| message.summary()).collect();
        assert_eq!(said, ["Allocate request (ann)", "Allocate success", "Refresh request"]);
    }

    #[test]
    fn the_probe_wants_the_cookie() {
        let bytes = message(1, &[]);
        assert!((1..TELLING).all(|length| probe(Side::Client, &bytes[..length], false) == Probe::Need(TELLING)));
        assert_eq!(probe(Side::Client, &bytes, false), Probe::Yes);
        assert_eq!(probe(Side::Client, &[0; 20], true), Probe::No);
        assert_eq!(probe(Side::Client, b"GET / HTTP/1.1\r\n", true), Probe::No);
    }

    #[test]
    fn something_else_is_not_mine() {
        let mut driver = Driver::new(open());
        driver.data(Side::Client, b"hello there");
        assert!(driver.not_mine());
    }
}
