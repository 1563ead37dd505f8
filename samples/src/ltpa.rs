//! LTPA tokens: what Domino and WebSphere put into the cookies `LtpaToken` and `LtpaToken2`.
//!
//! The tokens are real: made with the demo keys below, opened by `samples/demo.ltpa.keys` (password [`PASSWORD`]) and by
//! `samples/demo.domino.secret`. Layouts as published: the Domino C API guide "Single Sign-On with Domino and WebSphere" for
//! Domino's own, the sources of Eclipse Amlen (`ltpautils.c`) for WebSphere's two versions and for the key file.
//!
//! ```
//! use nrpcsniff_samples::{Network, ltpa};
//!
//! let net = Network::new();
//! let until = net.now() + 120 * ltpa::MINUTE;
//! let domino = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), until);
//! let (v1, v2) = (ltpa::DEMO.v1("CN=Ann Smith,O=ACME", until), ltpa::DEMO.v2("CN=Ann Smith,O=ACME", until));
//! assert!(domino.starts_with("AAECAz"));
//! // Version 1 begins with a block that depends on the key alone.
//! assert_eq!(v1[..10], ltpa::DEMO.v1("CN=Bob Ray,O=ACME", until)[..10]);
//! assert_ne!(v1[..10], ltpa::OTHER.v1("CN=Ann Smith,O=ACME", until)[..10]);
//! # assert_ne!(v1, v2);
//! ```
//!
//! Every time is in nanoseconds since 1970, as [`Network::now`](crate::Network::now) and [`Host::clock`](crate::Host::clock) give it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyInit, KeyIvInit};
use num_bigint::BigUint;
use sha1::{Digest, Sha1};

use crate::time::{MILLISECOND, SECOND};

/// Nanoseconds in a minute, the unit in which issuers are configured.
pub const MINUTE: u64 = 60 * SECOND;

/// Password of `samples/demo.ltpa.keys`: the default of WebSphere Liberty.
pub const PASSWORD: &str = "WebAS";

/// The secret of the demo Web SSO document (field `LTPA_DominoSecret`, 20 bytes).
pub const DOMINO_SECRET: [u8; 20] = *b"constructed secret 1";

/// The keys of `samples/demo.ltpa.keys`.
pub const DEMO: Keys = Keys { secret: *b"constructed demo key 24b", realm: "ldap.example.net:389" };

/// Keys that no file in the samples opens: of a cell that was never told about the other's keys.
pub const OTHER: Keys = Keys { secret: *b"another cell's key of 24", realm: "ldap.example.net:389" };

/// The keys of a WebSphere cell, or of a Domino domain that imported them.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// Encrypts both versions: 3DES with all of it, AES with its first 16 bytes.
    pub secret: [u8; 24],
    /// Realm of the user registry.
    pub realm: &'static str,
}

/// A token as Domino makes it with a key of its own: header, creation, end, user, SHA-1 over these and the secret, in base64.
pub fn domino(user: &str, created: u64, expires: u64) -> String {
    domino_with(&DOMINO_SECRET, user, created, expires)
}

/// A token as [`domino`] makes it, with another secret.
pub fn domino_with(secret: &[u8; 20], user: &str, created: u64, expires: u64) -> String {
    let mut token = vec![0, 1, 2, 3];
    token.extend(format!("{:08x}{:08x}{user}", created / SECOND, expires / SECOND).as_bytes());
    let hash = Sha1::new().chain_update(&token).chain_update(secret).finalize();
    token.extend(hash);
    BASE64_STANDARD.encode(token)
}

/// The file for `--domino-secret-file`.
pub fn domino_secret_file() -> String {
    BASE64_STANDARD.encode(DOMINO_SECRET) + "\n"
}

impl Keys {
    /// An `LtpaToken` of WebSphere, version 1: 3DES in ECB mode over user, end and signature.
    pub fn v1(&self, user: &str, expires: u64) -> String {
        let body = self.identity(user);
        let signature = sign(&iso_9796(&Sha1::digest(&body).into()));
        let complement = modulus() - &signature;
        let token = signed(&body, expires, &signature.min(complement));
        BASE64_STANDARD.encode(triple_des(&self.secret, token.as_bytes()))
    }

    /// An `LtpaToken2`, version 2: AES in CBC mode, the key its own initialisation vector.
    pub fn v2(&self, user: &str, expires: u64) -> String {
        let body = format!("expire:{}${}", expires / MILLISECOND, self.identity(user));
        let token = signed(&body, expires, &sign(&pkcs_1(&Sha1::digest(Sha1::digest(&body)).into())));
        let key: &[u8] = &self.secret[..16];
        let cipher = cbc::Encryptor::<aes::Aes128>::new_from_slices(key, key).expect("16 bytes each");
        BASE64_STANDARD.encode(cipher.encrypt_padded_vec::<Pkcs7>(token.as_bytes()))
    }

    /// The file WebSphere exports under this password: Java properties.
    pub fn file(&self, password: &str) -> String {
        let sealed = |plain: &[u8]| property(&BASE64_STANDARD.encode(triple_des(&password_key(password), plain)));
        let private =
            [&[0, 0, 0, 128][..], &number(&EXPONENT), &PUBLIC_EXPONENT, &[0], &number(&P), &[0], &number(&Q)].concat();
        let public = [&[0][..], &number(&MODULUS), &PUBLIC_EXPONENT].concat();
        format!(
            "# Constructed demo keys: never use them anywhere.\n\
             com.ibm.websphere.CreationDate=Mon Mar 10 08\\:30\\:00 GMT 2025\n\
             com.ibm.websphere.CreationHost=dmgr.example.net\n\
             com.ibm.websphere.ltpa.version=1.0\n\
             com.ibm.websphere.ltpa.Realm={}\n\
             com.ibm.websphere.ltpa.3DESKey={}\n\
             com.ibm.websphere.ltpa.PrivateKey={}\n\
             com.ibm.websphere.ltpa.PublicKey={}\n",
            property(self.realm),
            sealed(&self.secret),
            sealed(&private),
            property(&BASE64_STANDARD.encode(public)),
        )
    }

    fn identity(&self, user: &str) -> String {
        format!("u:user\\:{}/{}", escaped(self.realm), escaped(user))
    }
}

/// What separates the parts of a token is written with a backslash inside them.
fn escaped(text: &str) -> String {
    text.replace(':', "\\:").replace('$', "\\$").replace('%', "\\%")
}

/// A value of a Java properties file.
fn property(text: &str) -> String {
    text.replace('=', "\\=").replace(':', "\\:")
}

fn signed(body: &str, expires: u64, signature: &BigUint) -> String {
    let signature = BASE64_STANDARD.encode(fixed(signature));
    format!("{body}%{}%{signature}", expires / MILLISECOND)
}

fn triple_des(key: &[u8; 24], plain: &[u8]) -> Vec<u8> {
    let cipher = ecb::Encryptor::<des::TdesEde3>::new_from_slice(key).expect("24 bytes");
    cipher.encrypt_padded_vec::<Pkcs7>(plain)
}

/// The key that a password stands for: its SHA-1 and four zero bytes.
fn password_key(password: &str) -> [u8; 24] {
    let mut key = [0; 24];
    key[..20].copy_from_slice(&Sha1::digest(password));
    key
}

/// The demo key pair, made once with `openssl genrsa 1024`: modulus, private exponent, primes, in hexadecimal.
const MODULUS: [&str; 3] = [
    "e78778eb472f1d288fa4ed24f26b9c7e356a32a1ea85d05dd2e05f882aa4bd34ad73a7e13375aefcb2c72a3f19883aa8",
    "867dcb0f4121a7e63c7de7713545dc0fd61ae97d337fbda3790b96bcff0ec99f5854ad33e027cd1849715f784ca146e6",
    "01a7cd1abd2f53ea58505986de28af4b0300cbb669f3bd35ca9ebb4876aacb4d",
];
const EXPONENT: [&str; 3] = [
    "d3000554f6249bc03158aebe33279b10f200fc6fcf597011717305dd046fe9f6adf46f14af5f1ac034f5892cc44a009b",
    "412636fe89eef022c51240f04d0a83873759ab55994202f848d2b4a046dda743d831a14572d909973cae410f51e9d933",
    "9c3bb90937fef8c7d196dc9a0eaaa432758dc697bc25a6242f86ce5afe84d341",
];
const P: [&str; 2] = [
    "f7c09242be0fedfc8eb7db2e72486b108a63e9edfa896fc771deaf56d075e3461a6c58265f8a178642a9bf4399346223",
    "009e1eb98ccde4cb1d724c1bc526c535",
];
const Q: [&str; 2] = [
    "ef3ca489c29dd1945d8977a202f8f8df8adac03e0914b4ab0ec5fca22991917f8fcbb9ecb92a18f2ed1dffd127d6d353",
    "fa883496dfb6b17f93dd04f1fc3e28b9",
];
const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];

fn number(hex: &[&str]) -> Vec<u8> {
    BigUint::parse_bytes(hex.concat().as_bytes(), 16).expect("hexadecimal").to_bytes_be()
}

fn modulus() -> BigUint {
    BigUint::from_bytes_be(&number(&MODULUS))
}

fn sign(padded: &[u8; 128]) -> BigUint {
    BigUint::from_bytes_be(padded).modpow(&BigUint::from_bytes_be(&number(&EXPONENT)), &modulus())
}

/// 128 bytes, zeros first.
fn fixed(value: &BigUint) -> [u8; 128] {
    let bytes = value.to_bytes_be();
    let mut out = [0; 128];
    out[128 - bytes.len()..].copy_from_slice(&bytes);
    out
}

/// A hash padded as ISO 9796-1 pads a message for a modulus of 1024 bits: the message over and over from the right, before each
/// byte its redundancy, nibble by nibble through a permutation; marks at the end of the first copy and at both ends.
fn iso_9796(hash: &[u8; 20]) -> [u8; 128] {
    const PERMUTED: [u8; 16] = [14, 3, 5, 8, 9, 4, 2, 15, 0, 13, 11, 6, 7, 10, 12, 1];
    let mut out = [0; 128];
    for (pair, byte) in out.rchunks_mut(2).zip(hash.iter().rev().cycle()) {
        let [high, low] = [byte >> 4, byte & 15].map(|nibble| PERMUTED[usize::from(nibble)]);
        pair.copy_from_slice(&[high << 4 | low, *byte]);
    }
    out[128 - 2 * hash.len()] ^= 1;
    out[0] = out[0] & 0x7f | 0x40;
    out[127] = out[127] << 4 | 6;
    out
}

/// A SHA-1 in its DigestInfo, padded as PKCS #1 v1.5 does (RFC 8017 section 9.2).
fn pkcs_1(hash: &[u8; 20]) -> [u8; 128] {
    const DIGEST_INFO: [u8; 15] =
        [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
    let mut out = [0xff; 128];
    out[..2].copy_from_slice(&[0, 1]);
    out[92..].copy_from_slice(&[&[0][..], &DIGEST_INFO, hash].concat());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The token of markusberg/ltpa's own test (`src/index.test.ts`).
    #[test]
    fn a_domino_token_is_the_published_one() {
        let secret: [u8; 20] = std::array::from_fn(|i| i as u8);
        let token = domino_with(&secret, "My Test User", 1_234_567_890 * SECOND, 1_234_573_290 * SECOND);
        assert_eq!(token, "AAECAzQ5OTYwMmQyNDk5NjE3ZWFNeSBUZXN0IFVzZXJ1HUi4fVHSeb8JgA2xsVK0kjromg==");
    }

    /// First block of the token and key in Eclipse Amlen's tests (`TestLTPATokenV1`, `TestLTPAKey`).
    #[test]
    fn version_1_begins_as_published() {
        let key = BigUint::parse_bytes(b"32c92595b68890764105b3c3b38109ab256445f947924db7", 16).expect("hexadecimal");
        let secret: [u8; 24] = key.to_bytes_be().try_into().expect("24 bytes");
        let sealed = triple_des(&secret, b"u:user\\:9.3.179.80");
        assert_eq!(sealed[..8], [0x64, 0xef, 0xf4, 0xea, 0x2f, 0xcd, 0xd9, 0x16]);
    }

    /// What the signature of the same token gives under its public key: the padded hash of its body.
    #[test]
    fn a_hash_is_padded_as_a_published_signature_has_it() {
        let body = "u:user\\:9.3.179.80\\:5389/uid=u0000000,ou=users,ou=PERF,dc=ism.ibm,dc=com";
        let padded = iso_9796(&Sha1::digest(body).into());
        let hex = crate::text::hex(&padded);
        assert!(hex.starts_with("787370c8da9d6fb7c2e6a4d5b1af8e30a4d50582abda39140d899f47d69b3914fb7a3311a4d5e803f8"));
        assert!(hex.contains("f87370c8da9d6fb7c3e6a4d5"), "the mark of the first copy");
        assert!(hex.ends_with("d5e803f87370c8da9d6f76"));
    }

    #[test]
    fn signatures_open_with_the_public_key() {
        let padded = pkcs_1(&[7; 20]);
        let opened = sign(&padded).modpow(&BigUint::from_bytes_be(&PUBLIC_EXPONENT), &modulus());
        assert_eq!(fixed(&opened), padded);
    }
}
