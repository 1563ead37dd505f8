//! Signatures of WebSphere's tokens: RSA, public operation only.
//!
//! Version 2 signs with PKCS #1 v1.5 (RFC 8017 section 9.2) a SHA-1 of a SHA-1. Version 1 signs a SHA-1 in the format of
//! ISO/IEC 9796:1991 (also in Menezes, van Oorschot, Vanstone: Handbook of Applied Cryptography, section 11.3.5), where the
//! signer gives the smaller one of `s` and `n - s`.

use num_bigint::BigUint;
use sha1::{Digest, Sha1};

/// Bytes of the exponent at the end of a key.
const EXPONENT: usize = 3;
/// Moduli that are taken, in bits.
const MODULUS: std::ops::RangeInclusive<u64> = 512..=8192;

/// DigestInfo of SHA-1 without the digest (RFC 8017 section 9.2, note 1).
const SHA1_INFO: [u8; 15] = [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14];

/// Shadow of each nibble (ISO/IEC 9796:1991, the permutation).
const SHADOW: [u8; 16] = [0xE, 0x3, 0x5, 0x8, 0x9, 0x4, 0x2, 0xF, 0x0, 0xD, 0xB, 0x6, 0x7, 0xA, 0xC, 0x1];

/// The public key of a key file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PublicKey {
    modulus: BigUint,
    exponent: BigUint,
}

impl PublicKey {
    /// As key files hold it: the modulus with a leading zero byte, then three bytes of exponent, both big-endian.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (modulus, exponent) = bytes.split_at_checked(bytes.len().checked_sub(EXPONENT)?)?;
        let whole = modulus.first() == Some(&0) && modulus.len() % 64 == 1;
        let key = Self { modulus: BigUint::from_bytes_be(modulus), exponent: BigUint::from_bytes_be(exponent) };
        (whole && MODULUS.contains(&key.modulus.bits()) && key.modulus.bit(0) && key.exponent.bit(0)).then_some(key)
    }

    /// The signature of version 1 fits the body.
    pub(super) fn fits_v1(&self, body: &[u8], signature: &[u8]) -> bool {
        let (Some(opened), bits) = (self.open(signature), self.modulus.bits()) else { return false };
        let wanted = redundant(&Sha1::digest(body), bits.saturating_sub(1));
        wanted.is_some_and(|wanted| opened == wanted || [opened, wanted].into_iter().sum::<BigUint>() == self.modulus)
    }

    /// The signature of version 2 fits the body.
    pub(super) fn fits_v2(&self, body: &[u8], signature: &[u8]) -> bool {
        let length = usize::try_from(self.modulus.bits().div_ceil(8)).unwrap_or_default();
        let digest = Sha1::digest(Sha1::digest(body));
        let wanted = padded(&digest, length);
        wanted.is_some_and(|wanted| self.open(signature) == Some(BigUint::from_bytes_be(&wanted)))
    }

    /// What was signed; `None` for what is no signature by this key.
    fn open(&self, signature: &[u8]) -> Option<BigUint> {
        let signature = BigUint::from_bytes_be(signature);
        (signature < self.modulus).then(|| signature.modpow(&self.exponent, &self.modulus))
    }
}

/// EMSA-PKCS1-v1_5 of a SHA-1.
fn padded(digest: &[u8], length: usize) -> Option<Vec<u8>> {
    let filling = length.checked_sub(SHA1_INFO.len())?.checked_sub(digest.len())?.checked_sub(3)?;
    let head = [0, 1].into_iter().chain(std::iter::repeat_n(0xFF, filling)).chain([0]);
    Some(head.chain(SHA1_INFO).chain(digest.iter().copied()).collect())
}

/// The digest with its redundancy, in so many bits: its bytes, from the last one on and over again, each followed by its
/// shadow; the shadow of the digest's first byte tells where that is; the top bit is set, and the last byte ends in 6.
fn redundant(digest: &[u8], bits: u64) -> Option<BigUint> {
    let count = usize::try_from(bits.div_ceil(16)).ok()?;
    let mut bytes: Vec<u8> = digest.iter().rev().cycle().take(count).flat_map(|&byte| [byte, shadow(byte)]).collect();
    let mark = digest.len().checked_mul(2)?.checked_sub(1)?;
    *bytes.get_mut(mark)? ^= 1;
    let last = bytes.first_mut()?;
    *last = (*last << 4) | 6;
    let mut number = BigUint::from_bytes_le(&bytes);
    let top = bits.checked_sub(1)?;
    for beyond in bits..number.bits() {
        number.set_bit(beyond, false);
    }
    number.set_bit(top, true);
    Some(number)
}

fn shadow(byte: u8) -> u8 {
    let of = |nibble: u8| SHADOW.get(usize::from(nibble & 0x0F)).copied().unwrap_or_default();
    (of(byte >> 4) << 4) | of(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of 100 bits would be the standard's example; what tokens need is a digest in 1023 bits.
    #[test]
    fn the_redundancy_can_be_taken_off_again() {
        let digest = Sha1::digest("a body");
        let number = redundant(&digest, 1023).unwrap();
        assert_eq!(number.bits(), 1023);
        let bytes = number.to_bytes_le();
        assert_eq!((bytes.len(), bytes[0] & 0x0F), (128, 6));
        for (at, &byte) in digest.iter().rev().enumerate().skip(1) {
            let mark = u8::from(at == 19);
            assert_eq!((bytes[2 * at], bytes[2 * at + 1]), (byte, shadow(byte) ^ mark));
        }
        assert_eq!(redundant(&digest, 300), None, "no room for the digest");
    }

    #[test]
    fn the_shadow_is_a_permutation() {
        let mut seen = SHADOW;
        seen.sort_unstable();
        assert!(seen.iter().copied().eq(0..16));
        assert_eq!(shadow(0x0F), 0xE1);
    }

    #[test]
    fn a_key_is_checked_before_it_is_used() {
        let key = |modulus: &[u8]| PublicKey::from_bytes(&[&[0], modulus, &[1, 0, 1]].concat());
        assert!(key(&[0xFF; 128]).is_some());
        for modulus in [[0u8; 128].as_slice(), &[0xFF; 127], &[0xFE; 128], &[0xFF; 2048], &[]] {
            assert!(key(modulus).is_none());
        }
        for length in 0..4 {
            assert!(PublicKey::from_bytes(&vec![0xFF; length]).is_none());
        }
        assert!(PublicKey::from_bytes(&[0xFF; 132]).is_none());
    }

    #[test]
    fn what_is_no_signature_fits_nothing() {
        let key = PublicKey::from_bytes(&[&[0], &[0xFF; 128][..], &[1, 0, 1]].concat()).unwrap();
        for signature in [[].as_slice(), &[0; 128], &[0xFF; 128], &[0xFF; 500], &[1]] {
            assert!(!key.fits_v1(b"body", signature) && !key.fits_v2(b"body", signature));
        }
    }
}
