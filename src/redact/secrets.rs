//! Secrets of one kind each: tokens, JSON web tokens, tickets, credentials, and what is base64 of a text.
//!
//! All of them are base64. Letters and digits are exchanged for others, signs stay where they are, so that whatever escapes a value is
//! written with it keeps its length. What rules read of a token stays: its class (length and beginning), times and user of Domino's,
//! and which tokens were made with the same key, for what begins alike begins alike afterwards.

use super::key::{Key, exchanged};
use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use nrpcsniff_dissectors::ltpa::{Class, Token};
use std::ops::Range;

/// Characters of base64 in front of a Domino token's user name: header and times.
const DOMINO_FRONT: usize = 27;
/// Bytes of the digest at the end of a Domino token.
const DOMINO_DIGEST: usize = 20;
/// Characters that hold the first block of a WebSphere token, by which its key is known, and the first two. The character
/// behind belongs to two blocks, and stays.
const BLOCKS: [usize; 2] = [10, 21];
/// NTLM's name, in front of each of its messages.
const NTLM: &[u8] = b"NTLMSSP\0";
/// The shortest string of a ticket that may be encrypted.
const SEALED: usize = 16;
/// How deep tickets are nested at most.
const DEPTH: usize = 16;

/// A value of base64 within a text, without its escapes.
struct Base64 {
    text: String,
    /// For each character: where it stands, if it is written as itself.
    places: Vec<Option<usize>>,
}

impl Base64 {
    fn of(bytes: &[u8]) -> Self {
        let (mut text, mut places) = (String::new(), Vec::new());
        let mut at = 0_usize;
        while let Some(&byte) = bytes.get(at) {
            let escaped = bytes.get(at..at.saturating_add(3)).and_then(|three| match three {
                [b'%', b'2', b'B' | b'b'] => Some('+'),
                [b'%', b'2', b'F' | b'f'] => Some('/'),
                [b'%', b'3', b'D' | b'd'] => Some('='),
                _ => None,
            });
            text.push(escaped.unwrap_or(char::from(byte)));
            places.push(escaped.is_none().then_some(at));
            at = at.saturating_add(if escaped.is_some() { 3 } else { 1 });
        }
        Self { text, places }
    }

    /// Exchanges the letters and digits of those characters.
    fn exchange(&self, bytes: &mut [u8], characters: Range<usize>, mut stream: impl Iterator<Item = u8>) {
        let places = self.places.get(characters.start..characters.end.min(self.places.len())).unwrap_or_default();
        for place in places.iter().flatten() {
            if let Some(byte) = bytes.get_mut(*place) {
                *byte = exchanged(*byte, 26, &mut stream);
            }
        }
    }

    /// Writes other characters in place of these; false if one of them cannot stand where it should.
    fn write(&self, bytes: &mut [u8], new: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let old = self.text.chars();
        let fits = new.chars().count() == self.places.len()
            && new
                .chars()
                .zip(old)
                .zip(&self.places)
                .all(|((new, old), place)| new == old || (place.is_some() && (plain(new) || !plain(old))));
        if fits {
            for (place, new) in self.places.iter().zip(new.bytes()) {
                if let Some(byte) = place.and_then(|at| bytes.get_mut(at)) {
                    *byte = new;
                }
            }
        }
        fits
    }

    /// Characters in front of the padding whose bits are all used: the last one may stay as it is.
    fn used(&self) -> usize {
        let length = self.text.trim_end_matches('=').len();
        if length.is_multiple_of(4) { length } else { length.saturating_sub(1) }
    }
}

/// Replaces a token of sign-on, or anything that looks like one. Gives its kind.
pub(super) fn token(key: &Key, bytes: &mut [u8]) -> &'static str {
    let value = Base64::of(bytes);
    let token = Token::read(None, &value.text);
    let whole = value.text.as_bytes();
    if is_domino(&value.text) {
        let raw = value.text.trim_end_matches('=').len().saturating_mul(6).checked_div(8).unwrap_or_default();
        let cut = token.class != Class::Domino;
        // The first character that is of the digest alone.
        let digest = raw.saturating_sub(DOMINO_DIGEST).saturating_mul(8).div_ceil(6);
        let from = if cut { DOMINO_FRONT } else { digest };
        value.exchange(bytes, from..value.used(), key.stream("token", whole));
        return "LTPA token";
    }
    let [one, two] = BLOCKS;
    let front = |length: usize| whole.get(..length.saturating_add(1).min(whole.len())).unwrap_or_default();
    value.exchange(bytes, 0..one.min(value.used()), key.stream("block", front(one)));
    value.exchange(bytes, one.saturating_add(1)..two.min(value.used()), key.stream("blocks", front(two)));
    value.exchange(bytes, two.saturating_add(1)..value.used(), key.stream("token", whole));
    if token.class.is_genuine() { "LTPA token" } else { "opaque value" }
}

/// Base64 of the four bytes that begin a Domino token.
pub(super) fn is_domino(text: &str) -> bool {
    text.starts_with("AAECA")
}

/// Changes the user's name in a Domino token.
pub(super) fn inside_domino(bytes: &mut [u8], change: &mut dyn FnMut(&mut [u8])) {
    let value = Base64::of(bytes);
    let Some(mut raw) = decoded(&value.text, &STANDARD) else { return };
    let end = raw.len().saturating_sub(DOMINO_DIGEST);
    if let Some(user) = raw.get_mut(20..end) {
        change(user);
    }
    value.write(bytes, &encoded(&raw, &STANDARD, &value.text));
}

/// Replaces what proves a JSON web token: its signature, and what names a session in its claims. `inside` changes the claims further.
/// What is encrypted (RFC 7516) goes as a whole.
pub(super) fn web_token(key: &Key, bytes: &mut [u8], inside: &mut dyn FnMut(&mut [u8])) {
    let whole = bytes.to_vec();
    let dots: Vec<usize> = whole.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(at, _)| at).collect();
    let &[first, second, ..] = &dots[..] else { return key.scramble(bytes, &whole) };
    if dots.len() == 2
        && let Some(claims) = bytes.get_mut(first.saturating_add(1)..second)
    {
        of_text(claims, &URL_SAFE, &mut |claims| {
            claims_of_session(key, claims);
            inside(claims);
        });
    }
    let from = if dots.len() == 2 { second } else { first };
    if let Some(proof) = bytes.get_mut(from..) {
        let end = proof.len().saturating_sub(1);
        key.scramble(proof.get_mut(..end).unwrap_or_default(), &whole);
    }
}

/// Claims that open or name a session (RFC 7519, OpenID Connect).
fn claims_of_session(key: &Key, claims: &mut [u8]) {
    for name in ["jti", "sid", "nonce", "at_hash", "c_hash", "s_hash", "session_state"] {
        let wanted = format!("\"{name}\":\"");
        let Some(at) = memchr::memmem::find(claims, wanted.as_bytes()) else { continue };
        let Some(value) = claims.get_mut(at.saturating_add(wanted.len())..) else { continue };
        let length = memchr::memchr(b'"', value).unwrap_or_default();
        if let Some(value) = value.get_mut(..length) {
            let old = value.to_vec();
            key.scramble(value, &old);
        }
    }
}

/// Changes what base64 holds, if it is a text that keeps its length; false if it is none.
pub(super) fn of_text(bytes: &mut [u8], alphabet: &Alphabet, change: &mut dyn FnMut(&mut [u8])) -> bool {
    let value = Base64::of(bytes);
    let Some(mut raw) = decoded(&value.text, alphabet) else { return false };
    if raw.is_empty() || raw.iter().any(|byte| *byte < b' ' && !byte.is_ascii_whitespace()) {
        return false;
    }
    change(&mut raw);
    value.write(bytes, &encoded(&raw, alphabet, &value.text))
}

/// Changes a text that base64 holds as it is: bare, or in a stored block of deflate (RFC 1951 3.2.4). False if it is compressed.
pub(super) fn of_stored(bytes: &mut [u8], change: &mut dyn FnMut(&mut [u8])) -> bool {
    let value = Base64::of(bytes);
    let Some(mut raw) = decoded(&value.text, &STANDARD) else { return false };
    let from = if raw.first() == Some(&1) { 5 } else { 0 };
    let Some(text) = raw.get_mut(from..).filter(|text| text.first() == Some(&b'<')) else { return false };
    change(text);
    value.write(bytes, &encoded(&raw, &STANDARD, &value.text))
}

/// Replaces the password of Basic credentials; `inside` changes what is left of them.
pub(super) fn basic(key: &Key, bytes: &mut [u8], inside: &mut dyn FnMut(&mut [u8])) -> bool {
    of_text(bytes, &STANDARD, &mut |text| {
        let colon = memchr::memchr(b':', text).map_or(0, |at| at.saturating_add(1));
        if let Some(password) = text.get_mut(colon..) {
            let old = password.to_vec();
            key.scramble(password, &old);
        }
        if let Some(user) = text.get_mut(..colon) {
            inside(user);
        }
    })
}

/// Replaces what is sealed in a ticket of Windows sign-on; false if it is none. `inside` changes what is left of it.
pub(super) fn ticket(key: &Key, bytes: &mut [u8], inside: &mut dyn FnMut(&mut [u8])) -> bool {
    let value = Base64::of(bytes);
    let Some(mut raw) = decoded(&value.text, &STANDARD) else { return false };
    ticket_bytes(key, &mut raw);
    inside(&mut raw);
    let new = encoded(&raw, &STANDARD, &value.text);
    // In a header nothing is escaped.
    if new.len() == bytes.len() {
        bytes.copy_from_slice(new.as_bytes());
    }
    true
}

/// The same for a ticket as it is.
pub(super) fn ticket_bytes(key: &Key, bytes: &mut [u8]) {
    if let Some(at) = memchr::memmem::find(bytes, NTLM) {
        if let Some(message) = bytes.get_mut(at..) {
            ntlm(key, message);
        }
        return;
    }
    sealed(key, bytes, DEPTH);
}

/// Responses and session key of NTLM's third message, the challenge of its second (MS-NLMP 2.2.1).
fn ntlm(key: &Key, message: &mut [u8]) {
    let number = |message: &[u8], at: usize, length: usize| {
        let bytes = message.get(at..at.saturating_add(length))?;
        Some(bytes.iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte)))
    };
    if message.get(8) == Some(&2)
        && let Some(challenge) = message.get_mut(24..32)
    {
        key.replace(challenge, "challenge");
    }
    for field in [12, 20, 52].into_iter().filter(|_| message.get(8) == Some(&3)).collect::<Vec<usize>>() {
        let (length, from) = (number(message, field, 2), number(message, field.saturating_add(4), 4));
        let (Some(length), Some(from)) = (length, from) else { continue };
        if let Some(response) = message.get_mut(from..from.saturating_add(length)) {
            key.replace(response, "response");
        }
    }
}

/// Octet strings that hold nothing that could be read (DER, X.690 8.7), however deep.
fn sealed(key: &Key, mut bytes: &mut [u8], depth: usize) {
    while let Some((header, length)) = element(bytes) {
        let tag = bytes.first().copied().unwrap_or_default();
        let end = header.saturating_add(length).min(bytes.len());
        let (now, behind) = bytes.split_at_mut(end);
        let content = now.get_mut(header..).unwrap_or_default();
        let nested = element(content).is_some_and(|(inner, length)| {
            inner.saturating_add(length) == content.len() && content.first().is_some_and(|tag| tag & 0x20 != 0)
        });
        if depth > 0 && (tag & 0x20 != 0 || (tag == 0x04 && nested)) {
            sealed(key, content, depth.saturating_sub(1));
        } else if tag == 0x04 && content.len() >= SEALED {
            key.replace(content, "sealed");
        }
        bytes = behind;
    }
}

/// Length of the header and of the content of an element of DER or BER.
pub(super) fn element(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = *bytes.get(1)?;
    if first < 0x80 {
        return Some((2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    let field = bytes.get(2..count.saturating_add(2)).filter(|_| (1..=8).contains(&count))?;
    let length = field.iter().fold(0_u64, |length, &byte| length.wrapping_shl(8) | u64::from(byte));
    Some((count.saturating_add(2), usize::try_from(length).ok().filter(|&length| length < 1 << 30)?))
}

fn engine(alphabet: &Alphabet, padding: bool) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true)
        .with_encode_padding(padding);
    GeneralPurpose::new(alphabet, config)
}

fn decoded(text: &str, alphabet: &Alphabet) -> Option<Vec<u8>> {
    engine(alphabet, true).decode(text).ok()
}

/// Base64 with padding, if the text before had it.
fn encoded(raw: &[u8], alphabet: &Alphabet, before: &str) -> String {
    engine(alphabet, before.ends_with('=')).encode(raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD as ENGINE;

    const DOMINO: &str = "AAECAzUwOUI2RjRCNTA5Qjc2NTNDTj1Bbm5lIExhdm91ZS9PVT1VSy9PPVJVS4wOqEv/nGS4v6gHqcPyfDiuMRcR";

    fn replaced(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        token(&Key::of(b"k"), &mut bytes);
        String::from_utf8(bytes).unwrap()
    }

    fn cipher(first: u8, length: usize) -> String {
        let key = Key::of(&[first]);
        let bytes: Vec<u8> =
            [1, 2, 3, 4, 5, 6, 7, first].into_iter().chain(key.stream("x", b"")).take(length).collect();
        ENGINE.encode(bytes)
    }

    #[test]
    fn what_rules_read_of_a_domino_token_stays() {
        let (old, new) = (Token::read(None, DOMINO), Token::read(None, &replaced(DOMINO)));
        assert_eq!((old.class, &old.user, old.created, old.expires), (new.class, &new.user, new.created, new.expires));
        assert_ne!(old.fingerprint, new.fingerprint);
        let escaped = DOMINO.replace('/', "%2F").replace('+', "%2b");
        assert_eq!(replaced(&escaped).replace("%2F", "/").replace("%2b", "+"), replaced(DOMINO));
    }

    #[test]
    fn tokens_of_one_key_are_still_of_one_key() {
        for length in [264, 288] {
            let (one, same, other) = (cipher(1, length), cipher(1, length - 16), cipher(2, length));
            let read = |text: &str| Token::read(Some("LtpaToken"), text);
            let new = |text: &str| read(&replaced(text));
            assert_eq!(new(&one).class, read(&one).class);
            assert_eq!(new(&one).key_fingerprint, new(&same).key_fingerprint);
            assert_ne!(new(&one).key_fingerprint, new(&other).key_fingerprint);
            assert_ne!(new(&one).key_fingerprint, read(&one).key_fingerprint);
            assert_ne!(new(&one).fingerprint, new(&same).fingerprint);
        }
    }

    #[test]
    fn of_a_web_token_the_claims_stay_and_the_proof_goes() {
        let claims = URL.encode(br#"{"sub":"ann","jti":"3f2a9cc1","exp":1745344099}"#);
        let text = format!("eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJlIG9mIGl0");
        let mut bytes = text.clone().into_bytes();
        web_token(&Key::of(b"k"), &mut bytes, &mut |_| ());
        let new = String::from_utf8(bytes).unwrap();
        let parts: Vec<_> = new.split('.').collect();
        let claims = String::from_utf8(URL.decode(parts[1]).unwrap()).unwrap();
        assert_eq!((parts[0], new.len()), ("eyJhbGciOiJSUzI1NiJ9", text.len()));
        assert!(claims.contains(r#""sub":"ann""#) && claims.contains("1745344099") && !claims.contains("3f2a9cc1"));
        assert!(!text.contains(parts[2]));
    }

    use base64::engine::general_purpose::URL_SAFE_NO_PAD as URL;

    #[test]
    fn the_user_of_basic_credentials_stays() {
        let mut bytes = ENGINE.encode("ann:S3cret pass").into_bytes();
        let length = bytes.len();
        assert!(basic(&Key::of(b"k"), &mut bytes, &mut |_| ()));
        let text = String::from_utf8(ENGINE.decode(&bytes).unwrap()).unwrap();
        assert!(
            bytes.len() == length && text.starts_with("ann:") && !text.contains("S3cret") && !text.contains("pass")
        );
    }

    #[test]
    fn what_is_sealed_in_a_ticket_goes_and_what_is_read_stays() {
        let sealed: Vec<u8> = (0..32).collect();
        let inner =
            [&[0x30, 0x24, 0x02, 0x01, 0x05, 0x1b, 0x03, b'a', b'n', b'n', 0x04, 0x1a][..], &sealed[..26]].concat();
        let outer = [&[0x60, 0x28, 0x04, 0x26][..], &inner].concat();
        let mut bytes = outer.clone();
        ticket_bytes(&Key::of(b"k"), &mut bytes);
        assert_eq!((&bytes[..16], bytes.len()), (&outer[..16], outer.len()));
        assert!(!bytes.windows(6).any(|six| six == &sealed[3..9]));
    }
}
