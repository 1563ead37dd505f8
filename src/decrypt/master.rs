//! The master secret of TLS 1.0 to 1.2 and the key block from it (RFC 5246 sections 6.3 and 8.1, RFC 7627).

use super::derive::Prf;
use super::direction::Epoch;
use super::protection::{KeyMaterial, Protection};
use super::suite::{Cipher, Suite};
use nrpcsniff_dissectors::tls::{ServerHello, TLS12};

/// Both sides' randoms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Randoms<'a> {
    pub client: &'a [u8],
    pub server: &'a [u8],
}

/// The function that counts for that version.
pub(super) fn prf(version: u16, suite: Suite) -> Prf {
    if version >= TLS12 { Prf::New(suite.prf) } else { Prf::Old }
}

/// The master secret out of the premaster secret; with the extension it covers the handshake so far.
pub(super) fn master(prf: Prf, premaster: &[u8], randoms: Randoms<'_>, handshake: Option<&[u8]>) -> Vec<u8> {
    match handshake {
        Some(messages) => prf.derive(premaster, "extended master secret", &[&prf.hash(messages)], 48),
        None => prf.derive(premaster, "master secret", &[randoms.client, randoms.server], 48),
    }
}

/// What protects the records of client and server.
pub(super) fn epochs(hello: &ServerHello, suite: Suite, master: &[u8], randoms: Randoms<'_>) -> Option<[Epoch; 2]> {
    let mac = if suite.cipher.is_aead() { 0 } else { suite.mac.length() };
    let key = suite.cipher.key();
    let iv = match suite.cipher {
        Cipher::ChaCha20 => 12,
        cipher if cipher.is_aead() => 4,
        cipher => cipher.block().unwrap_or(0),
    };
    let length = mac.checked_add(key)?.checked_add(iv)?.checked_mul(2)?;
    let seeds = [randoms.server, randoms.client];
    let block = prf(hello.version, suite).derive(master, "key expansion", &seeds, length);
    let mut rest = block.as_slice();
    let mut take = |length: usize| {
        let (taken, behind) = rest.split_at_checked(length)?;
        rest = behind;
        Some(taken)
    };
    let (macs, keys, ivs) = ([take(mac)?, take(mac)?], [take(key)?, take(key)?], [take(iv)?, take(iv)?]);
    let [client, server] = [0, 1].map(|side| {
        let material = KeyMaterial { mac: macs.get(side)?, key: keys.get(side)?, iv: ivs.get(side)? };
        let protection = Protection::older(suite, hello.version, material, hello.encrypt_then_mac)?;
        Some(Epoch::older(protection))
    });
    Some([client?, server?])
}
