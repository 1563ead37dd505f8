//! What two tokens have in common, told without keys.
//!
//! Version 1 is encrypted block by block (ECB) and begins with the same eight bytes, `u:user\:`: equal first blocks mean equal
//! keys, and further equal blocks the same realm and user, as far as they reach. Version 2 is chained with a constant
//! start, and its first 16 bytes are `expire:` and the time to ten seconds: equal first blocks mean equal keys, other ones
//! nothing.

use super::{Class, Token};

/// Block of 3DES in bytes.
const BLOCK: usize = 8;
/// What stands behind the body of version 1: two `%`, 13 digits of time, 172 characters of signature.
const TAIL: usize = 187;

impl Token {
    /// Were both made with the same keys? `None`: that cannot be told.
    pub fn same_key(&self, other: &Self) -> Option<bool> {
        let v1 = self.key_fingerprint.zip(other.key_fingerprint).map(|(one, other)| one == other);
        let same_slot = self.slot_fingerprint.is_some() && self.slot_fingerprint == other.slot_fingerprint;
        v1.or_else(|| same_slot.then_some(true))
    }

    /// Do both name the same user of the same realm? Told of Domino's tokens, which are in clear, and of those of version 1
    /// that the same keys made. `None`: that cannot be told.
    pub fn same_identity(&self, other: &Self) -> Option<bool> {
        match (self.class, other.class) {
            (Class::Domino, Class::Domino) => Some(self.user == other.user),
            (Class::WebsphereV1, Class::WebsphereV1) => self.same_body(other),
            _ => None,
        }
    }

    /// Cipher blocks at the beginning that two tokens of version 1 share.
    pub fn common_blocks(&self, other: &Self) -> Option<usize> {
        let is_v1 = self.class == Class::WebsphereV1 && other.class == Class::WebsphereV1;
        let (one, other) = is_v1.then(|| self.raw().zip(other.raw()))??;
        Some(one.chunks(BLOCK).zip(other.chunks(BLOCK)).take_while(|(one, other)| one == other).count())
    }

    /// The length tells that of the body to a block: shared blocks that reach its end prove that it is the same, and those
    /// that do not reach its last whole block that it is another.
    fn same_body(&self, other: &Self) -> Option<bool> {
        let (length, others) = (self.raw()?.len(), other.raw()?.len());
        let shared = self.common_blocks(other)?.saturating_mul(BLOCK);
        let most = length.checked_sub(TAIL)?.checked_sub(1)?;
        let least = most.saturating_sub(BLOCK.saturating_sub(1));
        match shared {
            0 => None,
            _ if length != others => Some(false),
            _ if shared >= most => Some(true),
            _ if shared < least.saturating_sub(least % BLOCK) => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::Aes128;
    use base64::Engine;
    use cbc::cipher::block_padding::Pkcs7;
    use cbc::cipher::{BlockModeEncrypt, KeyInit, KeyIvInit};
    use des::TdesEde3;

    const SIGNATURE: &str = "c2lnbmF0dXJl";

    fn encode(raw: &[u8]) -> String {
        base64::engine::general_purpose::STANDARD.encode(raw)
    }

    /// Key of bytes that differ: DES drops the lowest bit of each.
    fn key<const N: usize>(seed: u8) -> [u8; N] {
        std::array::from_fn(|at| seed.wrapping_add(u8::try_from(at).unwrap() * 6))
    }

    fn v1(seed: u8, user: &str, expires: u64) -> Token {
        let signature = SIGNATURE.repeat(15)[..172].to_owned();
        let plain = format!("u:user\\:realm/{user}%{expires}%{signature}");
        let sealed = ecb::Encryptor::<TdesEde3>::new(&key(seed).into()).encrypt_padded_vec::<Pkcs7>(plain.as_bytes());
        Token::read(Some("LtpaToken"), &encode(&sealed))
    }

    fn v2(seed: u8, expires: u64) -> Token {
        let signature = SIGNATURE.repeat(15)[..172].to_owned();
        let plain = format!("expire:{expires}$u:user\\:realm/uid=ann,o=acme%{expires}%{signature}");
        let key = key::<16>(seed).into();
        let sealed = cbc::Encryptor::<Aes128>::new(&key, &key).encrypt_padded_vec::<Pkcs7>(plain.as_bytes());
        Token::read(Some("LtpaToken2"), &encode(&sealed))
    }

    #[test]
    fn the_first_block_of_version_1_tells_the_key() {
        let ann = v1(1, "uid=ann,o=acme", 1_700_000_000_000);
        assert_eq!(ann.class, Class::WebsphereV1);
        assert_eq!(ann.same_key(&v1(1, "uid=bob,ou=sales,o=acme", 1_800_000_000_000)), Some(true));
        assert_eq!(ann.same_key(&v1(9, "uid=ann,o=acme", 1_700_000_000_000)), Some(false));
        assert_eq!(ann.same_key(&v2(1, 1_700_000_000_000)), None);
    }

    #[test]
    fn the_first_block_of_version_2_tells_only_that_it_is_the_same() {
        let token = v2(1, 1_700_000_001_000);
        assert_eq!(token.class, Class::WebsphereV2);
        assert_eq!(token.same_key(&v2(1, 1_700_000_009_999)), Some(true));
        assert_eq!(token.same_key(&v2(1, 1_700_000_010_000)), None);
        assert_eq!(token.same_key(&v2(9, 1_700_000_001_000)), None);
        assert_eq!(token.same_identity(&v2(1, 1_700_000_001_000)), None);
    }

    #[test]
    fn blocks_tell_users_apart_at_every_length() {
        for length in 12..40 {
            let name = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop".split_at(length).0;
            let token = v1(1, name, 1_700_000_000_000);
            assert_eq!(token.same_identity(&token), Some(true));
            assert_ne!(token.same_identity(&v1(1, name, 1_700_000_300_000)), Some(false), "{name}");
            let other = format!("X{}", &name[1..]);
            assert_eq!(token.same_identity(&v1(1, &other, 1_700_000_000_000)), Some(false), "{name}");
            let last = format!("{}X", &name[1..]);
            assert_ne!(token.same_identity(&v1(1, &last, 1_700_000_000_000)), Some(true), "{name}");
            assert_eq!(token.same_identity(&v1(9, name, 1_700_000_000_000)), None, "{name}");
            assert_eq!(
                token.same_identity(&v1(1, &format!("{name}12345678"), 1_700_000_000_000)),
                Some(false),
                "{name}"
            );
        }
    }

    #[test]
    fn the_name_in_clear_tells_domino_users_apart() {
        let token = |user: &str| {
            let raw = [b"\0\x01\x02\x03499601a649961916", user.as_bytes(), &[0; 20]].concat();
            Token::read(None, &encode(&raw))
        };
        assert_eq!(token("CN=Ann/O=Acme").same_identity(&token("CN=Ann/O=Acme")), Some(true));
        assert_eq!(token("CN=Ann/O=Acme").same_identity(&token("CN=Ann/O=Acme/C=US")), Some(false));
        assert_eq!(token("CN=Ann/O=Acme").same_identity(&v1(1, "CN=Ann/O=Acme", 1_700_000_000_000)), None);
    }
}
