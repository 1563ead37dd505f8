//! Is this NRPC? The first bytes of a direction decide, each as soon as it is there.

use super::frame::{HEADER_BEHIND_LENGTH, class};
use super::transaction::{ID_FILE_LOOKUP, SERVICE_START};
use crate::{Probe, Side};

/// Payload length of a session message without name and list.
const SESSION_MIN: u16 = 47;

/// On any port: a session request of the client or response of the server, of which thirteen of the first fifteen bytes are given; nothing else begins
/// so. On the usual port also any frame of a known class whose two lengths agree, and the two requests of `nrpc.lua`, whose
/// lengths need not.
pub(super) fn probe(from: Side, input: &[u8], usual_port: bool) -> Probe {
    let session = session(from, input);
    if !usual_port {
        return session;
    }
    let other_way_round = session_of(from.peer(), input).and(word(input, 10, class::SESSION));
    match other_way_round {
        Probe::Yes => Probe::No,
        _ => session.or(midstream(input)).or(scripted(input)),
    }
}

/// Is the function that of this side's session message: 2 asks, 3 answers?
fn session_of(from: Side, input: &[u8]) -> Probe {
    let function = match from {
        Side::Client => 2,
        Side::Server => 3,
    };
    at(input, 8, |seen| seen == function)
}

/// A session message: 0, function 2 or 3, class 0x4000, then 02 0F 00.
fn session(from: Side, input: &[u8]) -> Probe {
    let fixed = |offset, byte| at(input, offset, |seen| seen == byte);
    let mut probe = lengths(input, SESSION_MIN);
    for (offset, byte) in [(2, 0), (3, 0), (6, 0), (7, 0), (9, 0), (10, 0), (11, 0x40), (12, 2), (13, 0x0F), (14, 0)] {
        probe = probe.and(fixed(offset, byte));
    }
    probe.and(session_of(from, input))
}

/// A frame of a known class whose lengths agree.
fn midstream(input: &[u8]) -> Probe {
    let known = [class::SESSION, class::SERVICE, class::TRANSACTION].map(|class| word(input, 10, class));
    lengths(input, 1).and(known.into_iter().fold(Probe::No, Probe::or))
}

/// A request of `nrpc.lua`: a known function in its class, whatever the lengths say.
fn scripted(input: &[u8]) -> Probe {
    let lookup = word(input, 8, ID_FILE_LOOKUP).and(word(input, 10, class::TRANSACTION));
    let start = word(input, 8, SERVICE_START).and(word(input, 10, class::SERVICE));
    let script = [1, 3, 5].map(|offset| at(input, offset, |high| high == 0));
    script.into_iter().fold(lookup.or(start), Probe::and)
}

/// L = 10 + P + pad, and P is at least `min`. L is even, so the first byte may tell.
fn lengths(input: &[u8], min: u16) -> Probe {
    let even = at(input, 0, |low| low & 1 == 0);
    let length = word_at(input, 0);
    let payload = word_at(input, 4);
    let least = min.saturating_add(min & 1).saturating_add(HEADER_BEHIND_LENGTH);
    let agree = match (length, payload) {
        (Some(length), _) if length < least => Probe::No,
        (Some(length), Some(payload)) => {
            let padded = payload.checked_add(payload & 1).and_then(|padded| padded.checked_add(HEADER_BEHIND_LENGTH));
            if padded == Some(length) && payload >= min { Probe::Yes } else { Probe::No }
        }
        _ => Probe::Need(6),
    };
    even.and(agree)
}

fn word_at(input: &[u8], offset: usize) -> Option<u16> {
    input.get(offset..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// Is that word there?
fn word(input: &[u8], offset: usize, wanted: u16) -> Probe {
    let [low, high] = wanted.to_le_bytes();
    at(input, offset, |byte| byte == low).and(at(input, offset.saturating_add(1), |byte| byte == high))
}

/// Does the byte at that offset pass?
fn at(input: &[u8], offset: usize, passes: impl Fn(u8) -> bool) -> Probe {
    match input.get(offset) {
        Some(&byte) if passes(byte) => Probe::Yes,
        Some(_) => Probe::No,
        None => Probe::Need(offset.saturating_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::frame;
    use super::super::session::tests::request;
    use super::super::transaction::tests::lookup_request;
    use super::*;

    fn ask(input: &[u8], usual_port: bool) -> Probe {
        probe(Side::Client, input, usual_port)
    }

    /// Walks as a caller does: more bytes only if asked for, and never a change of mind.
    fn settle(input: &[u8], usual_port: bool) -> (Probe, usize) {
        let mut length = 1;
        loop {
            let Some(bytes) = input.get(..length) else { return (Probe::Need(length), input.len()) };
            match ask(bytes, usual_port) {
                Probe::Need(total) => {
                    assert!(total > length, "{total} {length}");
                    length = total;
                }
                decided => return (decided, length),
            }
        }
    }

    #[test]
    fn session_messages_on_any_port_tell_who_is_who() {
        for (from, function) in [(Side::Client, 2), (Side::Server, 3)] {
            let bytes = frame(0, function, class::SESSION, &request().payload());
            for usual_port in [false, true] {
                assert_eq!(probe(from, &bytes, usual_port), Probe::Yes);
                assert_eq!(probe(from.peer(), &bytes, usual_port), Probe::No);
            }
            for length in 1..15 {
                assert_eq!(probe(from, &bytes[..length], false), Probe::Need(15), "{length}");
            }
        }
    }

    #[test]
    fn one_wrong_byte_is_enough() {
        let bytes = frame(0, 2, class::SESSION, &request().payload());
        for offset in 0..15 {
            let mut wrong = bytes.clone();
            wrong[offset] ^= 0x21;
            assert_eq!(ask(&wrong, false), Probe::No, "{offset}");
            assert!(settle(&wrong, false).1 <= 15);
        }
    }

    #[test]
    fn midstream_on_the_usual_port_only() {
        for class in [class::SESSION, class::SERVICE, class::TRANSACTION] {
            let bytes = frame(5, 0x21, class, &[1; 40]);
            assert_eq!(settle(&bytes, true), (Probe::Yes, 12));
            assert_eq!(settle(&bytes, false).0, Probe::No);
        }
        assert_eq!(settle(&frame(5, 0x21, 0x1234, &[1; 40]), true).0, Probe::No);
    }

    #[test]
    fn the_script_with_its_wrong_length() {
        for user in ["al", "fifteen letters", "a much longer name than those"] {
            assert_eq!(settle(&lookup_request(user), true).0, Probe::Yes, "{user}");
        }
    }

    #[test]
    fn other_protocols_are_refused_early() {
        for (bytes, by) in [
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03".as_slice(), 6),
            (b"\x15\x03\x03\x00\x02\x02\x28", 1),
            (b"GET / HTTP/1.1\r\n", 1),
            (b"POST / HTTP/1.1\r\n", 6),
            (b"OPTIONS sip:a SIP/2.0\r\n", 1),
            (b"SSH-2.0-OpenSSH\r\n", 1),
            (b"\x00\x00\x00\x64\xFFSMB", 2),
            (b"\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 6),
        ] {
            let refused = |usual| (1..=bytes.len()).find(|&length| ask(&bytes[..length], usual) == Probe::No);
            assert!(refused(false).unwrap() <= by, "{bytes:?} {:?}", refused(false));
            assert!(refused(true).unwrap() <= bytes.len().min(12), "{bytes:?} {:?}", refused(true));
        }
    }

    #[test]
    fn every_byte_pair_is_answered() {
        for first in 0..=255u8 {
            for second in 0..=255u8 {
                for usual_port in [false, true] {
                    if let Probe::Need(total) = ask(&[first, second], usual_port) {
                        assert!(total > 2);
                    }
                }
            }
        }
    }
}
