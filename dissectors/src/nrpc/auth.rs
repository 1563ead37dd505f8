//! Authentication messages (type 0x13 of the session layer).
//!
//! One layout is public, that of R5: certificate dates, a public key object, and the sender's distinguished name in clear
//! (from the message `check_lotus.pl` sends). Messages of current releases are of another layout, which is not public; from
//! those only a name that stands in clear is taken, with [`Mark::Inferred`].

use super::session::eight;
use super::{LicenseId, Mark, TimeDate, lmbcs};
use crate::Side;
use nom::bytes::complete::{tag, take};
use nom::multi::length_data;
use nom::number::complete::le_u16;
use nom::{FindSubstring, IResult, Parser};

/// Size of the fixed part of the R5 layout, which stands at p+36.
const FIXED_SIZE: u16 = 40;
/// Longest distinguished name in bytes (MAXUSERNAME of the C API).
const LONGEST_NAME: usize = 256;
/// Items kept of one key object; the public one has seven.
const ITEM_LIMIT: usize = 32;

/// Authentication message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Auth {
    /// User in clear: the name in a message of the client.
    pub user: Option<String>,
    /// The name in a message of the server.
    pub server_name: Option<String>,
    /// Either name as sent, in LMBCS.
    pub name_raw: Vec<u8>,
    /// How sure the name is.
    pub name_mark: Mark,
    /// The message has the public R5 layout.
    pub r5: bool,
    /// The sender's licence.
    pub license: Option<LicenseId>,
    /// Certificate created.
    pub certificate_created: Option<TimeDate>,
    /// Certificate expires.
    pub certificate_expires: Option<TimeDate>,
    /// The sender's public key.
    pub key: Option<KeyObject>,
}

/// A public key object, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyObject {
    /// Length in bytes.
    pub length: usize,
    /// Size of the key in bits (item `BL`).
    pub bits: Option<u16>,
    /// Tags of its items with the length of each.
    pub items: Vec<([u8; 2], usize)>,
}

/// The fixed part of the R5 layout.
struct FixedR5 {
    license: LicenseId,
    created: Option<TimeDate>,
    expires: Option<TimeDate>,
    key_length: u16,
    name_length: u16,
}

impl Auth {
    /// Reads a payload, which may be cut; `claimed` is its length as the header tells it.
    pub(super) fn parse(from: Side, payload: &[u8], claimed: u16) -> Self {
        Self::parse_r5(from, payload, claimed).unwrap_or_else(|| {
            let mut auth = Self::default();
            if let Some(name) = name_in_clear(payload) {
                auth.set_name(from, name, Mark::Inferred);
            }
            auth
        })
    }

    /// The R5 layout; `None` if the lengths in it do not add up to the payload.
    fn parse_r5(from: Side, payload: &[u8], claimed: u16) -> Option<Self> {
        let (behind, fixed) = fixed(payload).ok()?;
        let total = FIXED_SIZE.checked_add(fixed.key_length)?.checked_add(fixed.name_length)?;
        if total != claimed {
            return None;
        }
        let mut auth = Self {
            r5: true,
            license: Some(fixed.license),
            certificate_created: fixed.created,
            certificate_expires: fixed.expires,
            ..Self::default()
        };
        if let Some((key, name)) = behind.split_at_checked(usize::from(fixed.key_length)) {
            auth.key = Some(KeyObject::parse(key));
            if let Ok((_, name)) = sized(name) {
                auth.set_name(from, name, Mark::Evidenced);
            }
        }
        Some(auth)
    }

    fn set_name(&mut self, from: Side, name: &[u8], mark: Mark) {
        let text = Some(lmbcs::decode(name)).filter(|text| !text.is_empty());
        match from {
            Side::Client => self.user = text,
            Side::Server => self.server_name = text,
        }
        self.name_raw = name.to_vec();
        self.name_mark = mark;
    }
}

impl KeyObject {
    fn parse(bytes: &[u8]) -> Self {
        let mut key = Self { length: bytes.len(), ..Self::default() };
        let mut rest = bytes;
        while key.items.len() < ITEM_LIMIT
            && let Ok((behind, (tag, value))) = item(rest)
        {
            if &tag == b"BL" {
                key.bits = value.try_into().ok().map(u16::from_le_bytes);
            }
            key.items.push((tag, value.len()));
            rest = behind;
        }
        key
    }
}

fn fixed(input: &[u8]) -> IResult<&[u8], FixedR5> {
    let (input, _) = le_u16(input)?;
    let (input, license) = eight(input)?;
    let (input, _) = (le_u16, le_u16).parse(input)?;
    let (input, (created, expires)) = (eight, eight).parse(input)?;
    let (input, _) = le_u16(input)?;
    let (input, (key_length, name_length)) = (le_u16, le_u16).parse(input)?;
    let (input, _) = tag(&FIXED_SIZE.to_le_bytes()[..]).parse(input)?;
    let (input, _) = le_u16(input)?;
    let (created, expires) = (TimeDate::from_wire(&created), TimeDate::from_wire(&expires));
    Ok((input, FixedR5 { license: LicenseId(license), created, expires, key_length, name_length }))
}

/// An item of a key object: two capital letters, a length, a value.
fn item(input: &[u8]) -> IResult<&[u8], ([u8; 2], &[u8])> {
    let letters = take(2usize)
        .map_opt(|tag: &[u8]| <[u8; 2]>::try_from(tag).ok().filter(|t| t.iter().all(u8::is_ascii_uppercase)));
    (letters, sized).parse(input)
}

/// A length and that many bytes.
fn sized(input: &[u8]) -> IResult<&[u8], &[u8]> {
    length_data(le_u16).parse(input)
}

/// A canonical name that stands in clear: `CN=` up to the length that stands in front of it, else up to the first byte that
/// is not printable ASCII. It must have a second part, as every name in a hierarchy has.
pub(super) fn name_in_clear(payload: &[u8]) -> Option<&[u8]> {
    let mut from = 0usize;
    while let Some(offset) = payload.get(from..).and_then(|rest| find(rest, b"CN=")) {
        let start = from.saturating_add(offset);
        let (before, rest) = payload.split_at_checked(start)?;
        let rest = rest.get(..LONGEST_NAME).unwrap_or(rest);
        let run = rest.iter().take_while(|byte| (0x20..0x7F).contains(*byte)).count();
        let run = rest.get(..run)?;
        if let Some(name) = measured(before, rest).or(Some(run)).filter(|name| is_hierarchical(name)) {
            return Some(name);
        }
        from = start.saturating_add(run.len().max(1));
    }
    None
}

/// The name of the length that the two bytes in front of it give.
fn measured<'a>(before: &[u8], rest: &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(u16::from_le_bytes(*before.last_chunk()?));
    let name = rest.get(..length)?;
    let plain = name.iter().all(|&byte| byte >= 0x20 && byte != 0x7F);
    (plain && is_hierarchical(name)).then_some(name)
}

fn is_hierarchical(name: &[u8]) -> bool {
    [b"/OU=".as_slice(), b"/O=", b"/C="].iter().any(|part| find(name, part).is_some())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.find_substring(what)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An R5 message built from the field table; the key is made up.
    pub(crate) fn r5(name: &[u8]) -> Vec<u8> {
        let mut key = Vec::new();
        for (tag, value) in [(b"BV", b"1.0\0".as_slice()), (b"BC", &[3]), (b"BL", &[0, 2]), (b"NN", &[0xAB; 64])] {
            key.extend(tag);
            key.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
            key.extend(value);
        }
        let mut bytes = vec![1, 0];
        bytes.extend([0xC0, 0xFF, 0xEE, 0x12, 0x34, 3, 0, 0, 0, 0, 2, 0]);
        for (ticks, day) in [(1u32, 2_451_641u32), (2, 2_487_439)] {
            bytes.extend(ticks.to_le_bytes());
            bytes.extend(day.to_le_bytes());
        }
        for word in [0, key.len(), name.len() + 2, 40, 0] {
            bytes.extend(u16::try_from(word).unwrap().to_le_bytes());
        }
        bytes.extend(key);
        bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        bytes.extend(name);
        bytes
    }

    fn parse(from: Side, payload: &[u8]) -> Auth {
        Auth::parse(from, payload, u16::try_from(payload.len()).unwrap())
    }

    #[test]
    fn the_r5_layout() {
        let auth = parse(Side::Client, &r5(b"CN=J\x94rg/OU=West/O=Acme"));
        assert!(auth.r5);
        assert_eq!(auth.user.as_deref(), Some("CN=Jörg/OU=West/O=Acme"));
        assert_eq!((auth.server_name, auth.name_mark), (None, Mark::Evidenced));
        assert_eq!(auth.certificate_created.unwrap().rfc3339().unwrap(), "2000-04-06T00:00:00.01Z");
        assert_eq!(auth.certificate_expires.unwrap().rfc3339().unwrap(), "2098-04-10T00:00:00.02Z");
        assert_eq!(auth.license.unwrap().hex(), "c0ffee1234030000");
        let key = auth.key.unwrap();
        assert_eq!(key.bits, Some(512));
        assert_eq!(key.items, [(*b"BV", 4), (*b"BC", 1), (*b"BL", 2), (*b"NN", 64)]);
    }

    #[test]
    fn a_servers_message_names_the_server() {
        let auth = parse(Side::Server, &r5(b"CN=Mail01/O=Acme"));
        assert_eq!((auth.user, auth.server_name.as_deref()), (None, Some("CN=Mail01/O=Acme")));
    }

    #[test]
    fn other_layouts_give_a_name_in_clear_only() {
        for (bytes, name) in [
            (b"\x01\x02\xFF\xFFCN=Ann/O=Acme\x00\x99CN=x".as_slice(), Some("CN=Ann/O=Acme")),
            (b"\x0D\x00CN=Ann/O=Acme!!", Some("CN=Ann/O=Acme")),
            (b"\x0D\x00CN=\x8Enn/O=Acme\xFF", Some("CN=Änn/O=Acme")),
            (b"CN=nohierarchy\x00CN=Ann/OU=x", Some("CN=Ann/OU=x")),
            (b"nothing here CN=", None),
            (b"CN=Ann\x02/O=Acme", None),
        ] {
            let auth = parse(Side::Client, bytes);
            assert_eq!(auth.user.as_deref(), name);
            assert_eq!(auth.name_mark, if name.is_some() { Mark::Inferred } else { Mark::Unknown });
            assert!(!auth.r5 && auth.key.is_none());
        }
    }

    #[test]
    fn every_cut() {
        let payload = r5(b"CN=Ann/O=Acme");
        let claimed = u16::try_from(payload.len()).unwrap();
        for length in 0..payload.len() {
            let auth = Auth::parse(Side::Client, &payload[..length], claimed);
            assert_eq!(auth.r5, length >= 40);
            assert_eq!(auth.user, None);
        }
    }

    #[test]
    fn a_search_is_linear() {
        let hostile = b"CN=".repeat(20_000);
        assert_eq!(name_in_clear(&hostile), None);
        let late = [hostile.as_slice(), b"/O=a"].concat();
        assert!(name_in_clear(&late).is_some_and(|name| name.len() <= LONGEST_NAME && name.ends_with(b"CN=/O=a")));
    }
}
