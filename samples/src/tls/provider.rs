//! What rustls reckons with: RustCrypto, and randomness that is the same every time.
//!
//! Nothing here keeps a secret from anybody: the keys of a sample can be found out from its name.

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::Arc;

use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::signature::{RandomizedSigner, SignatureEncoding, Signer as _, Verifier};
use rsa::{PrivateKey, PublicKey, pkcs1v15, pss};
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, SharedSecret, SupportedKxGroup,
    WebPkiSupportedAlgorithms,
};
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, PrivateKeyDer, SignatureVerificationAlgorithm, alg_id};
use rustls::sign::{Signer, SigningKey};
use rustls::{Error, NamedGroup, SignatureAlgorithm, SignatureScheme, SupportedCipherSuite};
use sha2::Sha256;
use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

use crate::rng::SplitMix64;

/// A provider with these cipher suites; with `large_share` it offers a key share of more than a kilobyte first.
pub(super) fn provider(cipher_suites: Vec<SupportedCipherSuite>, large_share: bool) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites,
        kx_groups: if large_share { vec![&LargeShare, &X25519] } else { vec![&X25519] },
        signature_verification_algorithms: WebPkiSupportedAlgorithms {
            all: &[&Pkcs1, &Pss],
            mapping: &[(SignatureScheme::RSA_PSS_SHA256, &[&Pss]), (SignatureScheme::RSA_PKCS1_SHA256, &[&Pkcs1])],
        },
        secure_random: &Drawn,
        key_provider: &Keys,
    })
}

thread_local! {
    /// Where randomness comes from: rustls wants a source that outlives everything, each connection has one of its own.
    static SOURCE: RefCell<SplitMix64> = const { RefCell::new(SplitMix64::new(0)) };
}

/// Does something with randomness from `rng`.
pub(super) fn drawing<T>(rng: &mut SplitMix64, work: impl FnOnce() -> T) -> T {
    SOURCE.with_borrow_mut(|source| std::mem::swap(source, rng));
    let result = work();
    SOURCE.with_borrow_mut(|source| std::mem::swap(source, rng));
    result
}

/// Randomness from the connection at work.
#[derive(Debug)]
struct Drawn;

impl SecureRandom for Drawn {
    fn fill(&self, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
        buf.copy_from_slice(&SOURCE.with_borrow_mut(|source| source.bytes(buf.len())));
        Ok(())
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(SOURCE.with_borrow_mut(SplitMix64::word32))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(SOURCE.with_borrow_mut(SplitMix64::word))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        dst.copy_from_slice(&SOURCE.with_borrow_mut(|source| source.bytes(dst.len())));
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

/// Key exchange on Curve25519 (RFC 7748).
#[derive(Debug)]
struct X25519;

impl SupportedKxGroup for X25519 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = SOURCE.with_borrow_mut(SplitMix64::array);
        Ok(Box::new(Exchange { secret, public: x25519(secret, X25519_BASEPOINT_BYTES) }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

struct Exchange {
    secret: [u8; 32],
    public: [u8; 32],
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = peer.try_into().map_err(|_| rustls::PeerMisbehaved::InvalidKeyShare)?;
        Ok(x25519(self.secret, peer)[..].into())
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

/// What X25519MLKEM768 looks like to somebody who does not know it.
#[derive(Debug)]
struct LargeShare;

/// Bytes of the client's share: one of ML-KEM-768 and one of X25519 (draft-ietf-tls-ecdhe-mlkem section 3.1).
const LARGE_SHARE: usize = 1184 + 32;

impl SupportedKxGroup for LargeShare {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(LargeExchange(SOURCE.with_borrow_mut(|source| source.bytes(LARGE_SHARE)))))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

struct LargeExchange(Vec<u8>);

impl ActiveKeyExchange for LargeExchange {
    fn complete(self: Box<Self>, _: &[u8]) -> Result<SharedSecret, Error> {
        Err(Error::General("nobody reckons with this share".to_owned()))
    }

    fn pub_key(&self) -> &[u8] {
        &self.0
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

/// Reads RSA keys.
#[derive(Debug)]
struct Keys;

impl KeyProvider for Keys {
    fn load_private_key(&self, key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        let key = PrivateKey::from_pkcs8_der(key.secret_der()).map_err(|error| Error::General(error.to_string()))?;
        Ok(Arc::new(RsaKey(key)))
    }
}

#[derive(Debug)]
struct RsaKey(PrivateKey);

impl SigningKey for RsaKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let known = [SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];
        let scheme = known.into_iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(RsaSigner { key: self.0.clone(), scheme }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

#[derive(Debug)]
struct RsaSigner {
    key: PrivateKey,
    scheme: SignatureScheme,
}

impl Signer for RsaSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(if self.scheme == SignatureScheme::RSA_PSS_SHA256 {
            pss::SigningKey::<Sha256>::new(self.key.clone()).sign_with_rng(&mut Drawn, message).to_vec()
        } else {
            pkcs1v15::SigningKey::<Sha256>::new(self.key.clone()).sign(message).to_vec()
        })
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2).
#[derive(Debug)]
struct Pkcs1;

/// RSASSA-PSS with SHA-256 (RFC 8017 section 8.1).
#[derive(Debug)]
struct Pss;

impl SignatureVerificationAlgorithm for Pkcs1 {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let signature = signature.try_into().map_err(|_| InvalidSignature)?;
        pkcs1v15::VerifyingKey::<Sha256>::new(public(key)?).verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_PKCS1_SHA256
    }
}

impl SignatureVerificationAlgorithm for Pss {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let signature = signature.try_into().map_err(|_| InvalidSignature)?;
        pss::VerifyingKey::<Sha256>::new(public(key)?).verify(message, &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_PSS_SHA256
    }
}

fn public(key: &[u8]) -> Result<PublicKey, InvalidSignature> {
    PublicKey::from_pkcs1_der(key).map_err(|_| InvalidSignature)
}
