//! A hello in the form of SSL 2.0, in which Java 6 and OpenSSL 0.9.8 begin even where they want TLS (RFC 5246 appendix E.2). Servers of
//! today do not take it.

use super::hello::ClientHello;

/// Length, type, version, and the lengths of three lists.
const FIXED: usize = 11;
/// First bytes that tell one by one.
const TELLING: usize = 5;
/// Bytes behind the length that these take.
const BEHIND: usize = 9;

/// What the first bytes of a client are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OldHello {
    /// Such a hello, of so many bytes.
    Whole(Box<ClientHello>, usize),
    /// So many bytes are needed to tell, or to read it.
    Need(usize),
    /// Something else.
    No,
}

/// Judges the first bytes of a client: length with its high bit set, type 1, version 2 or 3.0 to 3.3, and lengths that add up.
pub(super) fn read(input: &[u8]) -> OldHello {
    let fits = |(at, byte): (usize, &u8)| match at {
        0 => *byte >= 0x80,
        2 => *byte == 1,
        3 => matches!(*byte, 0 | 3),
        4 => *byte <= 3,
        _ => true,
    };
    if !input.iter().take(TELLING).enumerate().all(fits) {
        return OldHello::No;
    }
    // One at a time: any of them may say that it is none, however the bytes are cut.
    if input.len() < TELLING {
        return OldHello::Need(input.len().saturating_add(1));
    }
    let Some(&[high, low, _, major, minor, ref lengths @ ..]) = input.first_chunk::<FIXED>() else {
        return OldHello::Need(FIXED);
    };
    let number = |high, low| usize::from(u16::from_be_bytes([high, low]));
    let at = |place: usize| number(byte(lengths, place), byte(lengths, place.saturating_add(1)));
    let (suites, session, challenge) = (at(0), at(2), at(4));
    let total = number(high & 0x7F, low).saturating_add(2);
    let sum = BEHIND.saturating_add(2).saturating_add(suites).saturating_add(session).saturating_add(challenge);
    let plausible =
        suites > 0 && suites.is_multiple_of(3) && matches!(session, 0 | 16) && (16..=32).contains(&challenge);
    let version = u16::from_be_bytes([major, minor]);
    if !plausible || sum != total || !matches!(version, 0x0002 | 0x0300..=0x0303) {
        return OldHello::No;
    }
    let Some(body) = input.get(FIXED..total) else { return OldHello::Need(total) };
    let (specs, rest) = body.split_at_checked(suites).unwrap_or_default();
    let challenge = rest.get(session..).unwrap_or_default();
    let mut random = [0; 32];
    // The challenge stands at the end, behind zeros.
    random.iter_mut().rev().zip(challenge.iter().rev()).for_each(|(byte, challenge)| *byte = *challenge);
    // Of three bytes; those that begin with 0 are TLS's, the others are ciphers of SSL 2.0.
    let suites = specs.chunks_exact(3).filter_map(|spec| match *spec {
        [0, high, low] => Some(u16::from_be_bytes([high, low])),
        _ => None,
    });
    let hello = ClientHello { version, random, suites: suites.collect(), is_old_form: true, ..ClientHello::default() };
    OldHello::Whole(Box::new(hello), total)
}

fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::stream;
    use super::*;
    use crate::Side;
    use crate::drive::Driver;

    fn hello(version: u16) -> Vec<u8> {
        let specs = [[0, 0, 0x2F], [0, 0, 0x05], [1, 0, 0x80]].concat();
        let [high, low] = version.to_be_bytes();
        let length = u8::try_from(BEHIND + specs.len() + 16).unwrap();
        [&[0x80, length, 1, high, low, 0, 9, 0, 0, 0, 16][..], &specs, &[7; 16]].concat()
    }

    #[test]
    fn what_it_offers() {
        for version in [0x0002, 0x0300, 0x0301] {
            let bytes = hello(version);
            let OldHello::Whole(hello, total) = read(&bytes) else { panic!("{version:x}") };
            assert_eq!((hello.version, total), (version, bytes.len()));
            assert_eq!(hello.suites, [0x2F, 0x05]);
            assert_eq!((hello.random[15], hello.random[16]), (0, 7));
        }
    }

    #[test]
    fn a_conversation_that_begins_so() {
        let mut driver = Driver::new(stream::open());
        driver.data(Side::Client, &hello(0x0301));
        driver.data(Side::Server, &[21, 3, 1, 0, 2, 2, 70]);
        let said: Vec<_> = driver.messages.iter().map(|(_, message)| message.summary()).collect();
        let [first, alert] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!(first, "ClientHello, up to TLS 1.0, in the form of SSL 2.0");
        assert!(alert.contains("protocol_version"), "{alert}");
    }

    #[test]
    fn every_truncation_and_what_is_none() {
        let bytes = hello(0x0301);
        for length in 0..bytes.len() {
            let needed = match length {
                0..TELLING => length + 1,
                TELLING..FIXED => FIXED,
                _ => bytes.len(),
            };
            assert_eq!(read(&bytes[..length]), OldHello::Need(needed), "{length}");
        }
        for at in [0, 2, 3, 4, 5, 6, 10] {
            let mut other = bytes.clone();
            other[at] ^= 0x44;
            other[0] &= if at == 0 { 0x7F } else { 0xFF };
            assert_eq!(read(&other), OldHello::No, "{at}");
        }
        assert_eq!(read(b"\x80\x81\x82"), OldHello::No);
    }
}
