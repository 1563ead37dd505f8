//! Keys out of secrets: the PRF of TLS 1.0 to 1.2 (RFC 2246 and 5246 section 5) and HKDF of TLS 1.3 (RFC 8446 section 7.1).

use super::suite::Hash;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};

/// HMAC over some parts one after the other.
pub(super) fn hmac(hash: Hash, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    match hash {
        Hash::Md5 => mac::<Hmac<Md5>>(key, parts),
        Hash::Sha1 => mac::<Hmac<Sha1>>(key, parts),
        Hash::Sha256 => mac::<Hmac<Sha256>>(key, parts),
        Hash::Sha384 => mac::<Hmac<Sha384>>(key, parts),
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Which pseudorandom function counts: MD5 and SHA-1 together before TLS 1.2.
#[derive(Debug, Clone, Copy)]
pub(super) enum Prf {
    Old,
    New(Hash),
}

impl Prf {
    /// `length` bytes out of a secret.
    pub(super) fn derive(self, secret: &[u8], label: &str, seeds: &[&[u8]], length: usize) -> Vec<u8> {
        let seed = [&[label.as_bytes()], seeds].concat().concat();
        match self {
            Self::New(hash) => expand(hash, secret, &seed, length),
            Self::Old => {
                // Both halves share the middle byte of an odd secret.
                let half = secret.len().div_ceil(2);
                let (first, second) = (secret.get(..half), secret.get(secret.len().saturating_sub(half)..));
                let md5 = expand(Hash::Md5, first.unwrap_or_default(), &seed, length);
                let sha1 = expand(Hash::Sha1, second.unwrap_or_default(), &seed, length);
                md5.iter().zip(&sha1).map(|(a, b)| a ^ b).collect()
            }
        }
    }

    /// Hash of the handshake so far (RFC 7627 section 3).
    pub(super) fn hash(self, messages: &[u8]) -> Vec<u8> {
        match self {
            Self::Old => [Md5::digest(messages).as_slice(), Sha1::digest(messages).as_slice()].concat(),
            Self::New(Hash::Sha384) => Sha384::digest(messages).to_vec(),
            Self::New(_) => Sha256::digest(messages).to_vec(),
        }
    }
}

/// `P_hash` (RFC 5246 section 5).
fn expand(hash: Hash, secret: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
    let mut a = hmac(hash, secret, &[seed]);
    let mut out = Vec::with_capacity(length);
    while out.len() < length {
        out.extend(hmac(hash, secret, &[&a, seed]));
        a = hmac(hash, secret, &[&a]);
    }
    out.truncate(length);
    out
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
pub(super) fn expand_label(hash: Hash, secret: &[u8], label: &str, length: usize) -> Vec<u8> {
    let byte = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
    let info =
        [&[0, byte(length), byte(label.len().saturating_add(6))][..], b"tls13 ", label.as_bytes(), &[0]].concat();
    let (mut out, mut last, mut counter) = (Vec::with_capacity(length), Vec::new(), 1_u8);
    while out.len() < length {
        last = hmac(hash, secret, &[&last, &info, &[counter]]);
        out.extend_from_slice(&last);
        counter = counter.wrapping_add(1);
    }
    out.truncate(length);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// The vector for P_SHA256 of the IETF TLS list (2009), as other implementations test it.
    #[test]
    fn prf_of_tls_12() {
        let secret = hex("9bbe436ba940f017b17652849a71db35");
        let seed = hex("a0ba9f936cda311827a6f796ffd5198c");
        let out = Prf::New(Hash::Sha256).derive(&secret, "test label", &[&seed], 100);
        let expected = "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa0\
                        22f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66";
        assert_eq!(out, hex(expected));
    }

    /// RFC 8448 section 3: the server's handshake traffic secret gives key and IV.
    #[test]
    fn labels_of_tls_13() {
        let secret = hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        assert_eq!(expand_label(Hash::Sha256, &secret, "key", 16), hex("3fce516009c21727d0f2e4e86ee403bc"));
        assert_eq!(expand_label(Hash::Sha256, &secret, "iv", 12), hex("5d313eb2671276ee13000b30"));
    }
}
