//! What a client agrees with a SOCKS proxy before its conversation with the server begins: SOCKS 4 and 4a, SOCKS 5 (RFC 1928)
//! without authentication or with a password (RFC 1929). Nothing of it is kept: it is passed over, so that what comes behind is
//! read as if the proxy were not there.
//!
//! A negotiation is believed once the client's first bytes are such a greeting from end to end and the server answers it so.
//! Sources for SOCKS 4: the memo "SOCKS: A protocol for TCP proxy across firewalls" (Ying-Da Lee) and its extension 4A.
//!
//! ```
//! use nrpcsniff_dissectors::socks::{Passage, Negotiation};
//! use nrpcsniff_dissectors::Side;
//!
//! let mut socks = Negotiation::begun(&[5, 1, 0], &[5, 0]).unwrap();
//! assert_eq!(socks.next(Side::Client, &[5, 1, 0]), Passage::Over(3));
//! assert_eq!(socks.next(Side::Client, &[5, 1, 0, 1, 10, 0, 0, 9, 0, 80]), Passage::Over(10));
//! assert_eq!(socks.next(Side::Client, b"GET"), Passage::Done);
//! ```

use crate::Side;

/// The longest request: a user name and a host name of 255 bytes each, and what stands round them.
const LONGEST: usize = 600;
/// Methods that a greeting of SOCKS 5 may offer.
const METHODS: u8 = 16;
/// The password method of SOCKS 5.
const PASSWORD: u8 = 2;

/// What the bytes of one side are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// The first so many bytes are of the negotiation.
    Over(usize),
    /// More than there are is needed to tell.
    Need,
    /// This side has said all of it: what follows is said to the server itself.
    Done,
    /// They are none of it, or the proxy refused.
    No,
}

/// How far both sides got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Negotiation {
    /// What the client says next.
    client: Step,
    /// What the proxy says next.
    server: Step,
}

/// What a side says next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// SOCKS 4: the request, or the answer to it.
    Four,
    /// SOCKS 5: the methods on offer, or the choice among them.
    Greeting,
    /// SOCKS 5: a password, or whether it is right; else as [`Step::Request`].
    Password,
    /// SOCKS 5: the request, or the answer to it.
    Request,
    /// Nothing.
    Done,
}

/// Could a client's first bytes be a greeting? One that may go on is one as well. Cheap: asked of every first chunk.
pub fn may_begin(client: &[u8]) -> bool {
    match client.first() {
        Some(4) => four(client) != Passage::No && client.len() <= LONGEST,
        Some(5) => matches!(greeting(client), Passage::Need) || is_whole(greeting(client), client),
        _ => false,
    }
}

impl Negotiation {
    /// A negotiation, if that is what the first bytes of both sides are.
    pub fn begun(client: &[u8], server: &[u8]) -> Option<Self> {
        let step = match (client.first(), server) {
            (Some(4), [0, 0x5A..=0x5D, ..]) if is_whole(four(client), client) => Step::Four,
            (Some(5), [5, method, ..]) if is_whole(greeting(client), client) && offers(client, *method) => {
                Step::Greeting
            }
            _ => return None,
        };
        Some(Self { client: step, server: step })
    }

    /// Looks at bytes of that side that were not passed over so far.
    pub fn next(&mut self, from: Side, input: &[u8]) -> Passage {
        let step = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let (passage, next) = match (*step, from) {
            (Step::Done, _) => return Passage::Done,
            (Step::Four, Side::Client) => (four(input), Step::Done),
            (Step::Four, Side::Server) => (granted(input, [0, 0x5A], 8), Step::Done),
            (Step::Greeting, Side::Client) => (greeting(input), Step::Password),
            (Step::Greeting, Side::Server) => choice(input),
            (Step::Password, Side::Client) if input.first() == Some(&1) => (password(input), Step::Request),
            (Step::Password, Side::Server) => (granted(input, [1, 0], 2), Step::Request),
            (Step::Password | Step::Request, Side::Client) => (request(input), Step::Done),
            (Step::Request, Side::Server) => (answer(input), Step::Done),
        };
        if matches!(passage, Passage::Over(_)) {
            *step = next;
        }
        passage
    }
}

/// Nothing stands behind it.
fn is_whole(passage: Passage, input: &[u8]) -> bool {
    passage == Passage::Over(input.len())
}

/// So many bytes, once they are there.
const fn over(length: usize, input: &[u8]) -> Passage {
    if input.len() < length { Passage::Need } else { Passage::Over(length) }
}

/// SOCKS 4: 4, CONNECT, port, address, user, 0; where the address is 0.0.0.x a host name and 0 (4a).
fn four(input: &[u8]) -> Passage {
    const FIXED: usize = 8;
    let (Some([_, 1, ..]), Some(rest)) = (input.get(..FIXED), input.get(FIXED..)) else {
        return if input.len() < FIXED && input.get(1).is_none_or(|&command| command == 1) {
            Passage::Need
        } else {
            Passage::No
        };
    };
    let strings = if matches!(input.get(4..FIXED), Some([0, 0, 0, last]) if *last != 0) { 2 } else { 1 };
    let ends = rest.iter().enumerate().filter(|&(_, &byte)| byte == 0).map(|(at, _)| at);
    match ends.take(strings).nth(strings.saturating_sub(1)) {
        Some(end) => Passage::Over(FIXED.saturating_add(end).saturating_add(1)),
        None if input.len() > LONGEST => Passage::No,
        None => Passage::Need,
    }
}

/// SOCKS 5: 5, how many methods, the methods.
fn greeting(input: &[u8]) -> Passage {
    match input {
        [5, count @ 1..=METHODS, ..] => over(usize::from(*count).saturating_add(2), input),
        [5] => Passage::Need,
        _ => Passage::No,
    }
}

/// The method is one of those on offer.
fn offers(greeting: &[u8], method: u8) -> bool {
    greeting.get(2..).is_some_and(|methods| methods.contains(&method))
}

/// The proxy's choice: no authentication, or a password.
fn choice(input: &[u8]) -> (Passage, Step) {
    match input {
        [5, 0, ..] => (Passage::Over(2), Step::Request),
        [5, PASSWORD, ..] => (Passage::Over(2), Step::Password),
        [] | [5] => (Passage::Need, Step::Greeting),
        _ => (Passage::No, Step::Done),
    }
}

/// 1, user and password, each with its length in front.
fn password(input: &[u8]) -> Passage {
    let Some(&user) = input.get(1) else { return Passage::Need };
    let second = usize::from(user).saturating_add(2);
    match input.get(second) {
        Some(&password) => over(second.saturating_add(1).saturating_add(usize::from(password)), input),
        None => Passage::Need,
    }
}

/// SOCKS 5: 5, CONNECT, 0, an address, a port.
fn request(input: &[u8]) -> Passage {
    match input {
        [5, 1, 0, ..] => address(input),
        _ if [5, 1, 0].starts_with(input) => Passage::Need,
        _ => Passage::No,
    }
}

/// SOCKS 5: 5, success, 0, an address, a port.
fn answer(input: &[u8]) -> Passage {
    match input {
        [5, 0, 0, ..] => address(input),
        _ if [5, 0, 0].starts_with(input) => Passage::Need,
        _ => Passage::No,
    }
}

/// Behind three bytes: IPv4, a name with its length in front, or IPv6; and a port.
fn address(input: &[u8]) -> Passage {
    let length = match (input.get(3), input.get(4)) {
        (None, _) | (Some(3), None) => return Passage::Need,
        (Some(1), _) => 4,
        (Some(3), Some(&length)) => usize::from(length).saturating_add(1),
        (Some(4), _) => 16,
        _ => return Passage::No,
    };
    over(length.saturating_add(6), input)
}

/// An answer of that length that begins so.
fn granted(input: &[u8], begin: [u8; 2], length: usize) -> Passage {
    match input.get(..2) {
        Some(two) if two == begin => over(length, input),
        Some(_) => Passage::No,
        None => Passage::Need,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Greetings, requests and answers of one negotiation; behind the client's bytes and the proxy's stands what they carry.
    fn negotiations() -> Vec<(Vec<u8>, Vec<u8>)> {
        let four = [&[4, 1, 0, 80, 10, 0, 0, 9][..], b"ann\0"].concat();
        let four_a = [&[4, 1, 0, 80, 0, 0, 0, 1][..], b"\0mail.example.net\0"].concat();
        let granted = vec![0, 0x5A, 0, 80, 10, 0, 0, 9];
        let name = [&[5, 1, 0, 3, 4][..], b"mail", &[0, 80]].concat();
        let password = [&[1, 3][..], b"ann", &[2], b"pw"].concat();
        vec![
            (four, granted.clone()),
            (four_a, granted),
            ([&[5, 1, 0][..], &name].concat(), vec![5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
            (
                [&[5, 2, 0, 2][..], &password, &[5, 1, 0, 4], &[0xFD; 16], &[0, 80]].concat(),
                [&[5, 2, 1, 0, 5, 0, 0, 4][..], &[0xFD; 16], &[5, 71]].concat(),
            ),
        ]
    }

    /// Bytes that are passed over of a side, in pieces of that size, and what comes to the server.
    fn passed(mut socks: Negotiation, from: Side, bytes: &[u8], size: usize) -> Option<usize> {
        let (mut pending, mut passed): (Vec<u8>, usize) = (Vec::new(), 0);
        for chunk in bytes.chunks(size) {
            pending.extend(chunk);
            loop {
                match socks.next(from, &pending) {
                    Passage::Over(used) => {
                        pending.drain(..used);
                        passed += used;
                    }
                    Passage::Need => break,
                    Passage::Done => return Some(passed),
                    Passage::No => return None,
                }
                if pending.is_empty() {
                    break;
                }
            }
        }
        Some(passed)
    }

    fn greeting_of(client: &[u8]) -> &[u8] {
        if client[0] == 5 { &client[..2 + usize::from(client[1])] } else { client }
    }

    #[test]
    fn in_any_chunks() {
        for (client, server) in negotiations() {
            let socks = Negotiation::begun(greeting_of(&client), &server[..2]).unwrap();
            for (side, bytes) in [(Side::Client, &client), (Side::Server, &server)] {
                let stream = [&bytes[..], b"GET / HTTP/1.1"].concat();
                for size in 1..=stream.len() {
                    assert_eq!(passed(socks, side, &stream, size), Some(bytes.len()), "{side:?} {bytes:?} {size}");
                }
            }
        }
    }

    #[test]
    fn every_beginning_may_be_one() {
        for (client, _) in negotiations() {
            let greeting = greeting_of(&client);
            for length in 1..=greeting.len() {
                assert!(may_begin(&greeting[..length]), "{:?}", &greeting[..length]);
                assert_eq!(
                    Negotiation::begun(&greeting[..length], &[5, 0]).is_some(),
                    client[0] == 5 && length == greeting.len()
                );
            }
        }
    }

    #[test]
    fn others_are_none() {
        for other in
            [&b"GET / HTTP/1.1"[..], &[5, 0, 11, 3], &[4, 2, 0, 80, 1, 2, 3, 4, 0], &[5, 1, 0, 0], &[5, 99], &[]]
        {
            assert!(!may_begin(other), "{other:?}");
            assert_eq!(Negotiation::begun(other, &[5, 0]), None);
        }
        assert_eq!(Negotiation::begun(&[5, 1, 0], &[5, 2]), None, "a method that was not on offer");
        assert_eq!(Negotiation::begun(&[5, 1, 0], b"SSH-2.0"), None);
        let mut socks = Negotiation::begun(&[5, 1, 0], &[5, 0]).unwrap();
        assert_eq!(socks.next(Side::Server, &[5, 0]), Passage::Over(2));
        assert_eq!(socks.next(Side::Server, &[5, 5, 0, 1]), Passage::No, "refused");
    }
}
