//! Tokens in the Domino style: nothing is encrypted.
//!
//! Header 00 01 02 03, creation and expiry as eight hexadecimal digits each (seconds since 1970-01-01 UTC), the user's name
//! in LMBCS, and 20 bytes of SHA-1 over all of that and the shared secret (HCL C API guide, "Single Sign-On with Domino and
//! WebSphere").

use crate::nrpc::lmbcs;
use sha1::{Digest, Sha1};

const HEADER: [u8; 4] = [0, 1, 2, 3];
/// Where the user's name begins.
const NAME: usize = 20;
/// Length of the SHA-1 at the end.
pub(super) const DIGEST: usize = 20;

/// What stands in a token in clear.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clear {
    /// Creation in seconds since 1970-01-01 UTC.
    pub created: i64,
    /// End in the same unit.
    pub expires: i64,
    /// The user. `None`: the token was cut, and where the name ends cannot be told.
    pub user: Option<String>,
}

/// Does it begin as Domino's tokens do?
pub(super) fn is_domino(raw: &[u8]) -> bool {
    raw.starts_with(&HEADER)
}

/// Reads a token; `None` if the times are not there.
pub(super) fn read(raw: &[u8]) -> Option<Clear> {
    let (created, expires) = (hex(raw.get(4..12)?)?, hex(raw.get(12..NAME)?)?);
    let name = raw.len().checked_sub(DIGEST).and_then(|end| raw.get(NAME..end)).filter(|name| !name.is_empty());
    Some(Clear { created, expires, user: name.map(lmbcs::decode) })
}

/// Is it signed with this secret?
pub(super) fn is_signed(raw: &[u8], secret: &[u8; DIGEST]) -> bool {
    let Some((signed, digest)) = raw.split_last_chunk::<DIGEST>() else { return false };
    let wanted: [u8; DIGEST] = Sha1::new_with_prefix(signed).chain_update(secret).finalize().into();
    *digest == wanted
}

/// Digits of either case: both are seen.
fn hex(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |number, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        number.checked_mul(16)?.checked_add(i64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(times: &[u8], user: &[u8]) -> Vec<u8> {
        [&HEADER, times, user, &[0xAB; DIGEST]].concat()
    }

    #[test]
    fn times_and_user_stand_in_clear() {
        let clear = read(&token(b"499601a649961916", b"CN=M\x81ller/O=Acme")).unwrap();
        let expected = Clear { created: 1_234_567_590, expires: 1_234_573_590, user: Some("CN=Müller/O=Acme".into()) };
        assert_eq!(clear, expected);
        assert_eq!(read(&token(b"12B9D4505FB5FBD0", b"x")).unwrap().expires, 1_605_762_000);
    }

    #[test]
    fn what_is_cut_has_no_user() {
        let whole = token(b"499601a649961916", b"x");
        for end in 0..whole.len() {
            let clear = read(&whole[..end]);
            assert_eq!(clear.is_some(), end >= NAME, "{end}");
            assert!(clear.is_none_or(|clear| clear.user.is_none()), "{end}");
        }
        assert!(read(&token(b"499601a64996191g", b"x")).is_none());
        assert!(read(&token(b"+99601a649961916", b"x")).is_none());
    }
}
