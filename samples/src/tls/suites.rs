//! The cipher suites of the samples: AES-GCM in TLS 1.2 (RFC 5288) and TLS 1.3 (RFC 8446 section 5.2).

use std::marker::PhantomData;

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes128Gcm, Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter, MessageEncrypter, Nonce,
    OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls12AeadAlgorithm, Tls13AeadAlgorithm,
    UnsupportedOperationError, make_tls12_aad, make_tls13_aad,
};
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{self, CipherSuiteCommon, KeyExchangeAlgorithm, hash};
use rustls::{
    CipherSuite, ConnectionTrafficSecrets, Error, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite,
    Tls13CipherSuite,
};
use sha2::{Digest, Sha256, Sha384};

/// `TLS_AES_128_GCM_SHA256`.
pub(super) static TLS13_AES128: SupportedCipherSuite = SupportedCipherSuite::Tls13(&Tls13CipherSuite {
    common: common(CipherSuite::TLS13_AES_128_GCM_SHA256, &HashOf::<Sha256>(PhantomData)),
    hkdf_provider: &HkdfUsingHmac(&HmacSha256),
    aead_alg: &Gcm::<Aes128Gcm>(PhantomData),
    quic: None,
});

/// `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
pub(super) static TLS12_AES128: SupportedCipherSuite = SupportedCipherSuite::Tls12(&Tls12CipherSuite {
    common: common(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, &HashOf::<Sha256>(PhantomData)),
    prf_provider: &PrfUsingHmac(&HmacSha256),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: SIGNATURES,
    aead_alg: &Gcm::<Aes128Gcm>(PhantomData),
});

/// `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384`.
pub(super) static TLS12_AES256: SupportedCipherSuite = SupportedCipherSuite::Tls12(&Tls12CipherSuite {
    common: common(CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, &HashOf::<Sha384>(PhantomData)),
    prf_provider: &PrfUsingHmac(&HmacSha384),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: SIGNATURES,
    aead_alg: &Gcm::<Aes256Gcm>(PhantomData),
});

static SIGNATURES: &[SignatureScheme] = &[SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256];

const fn common(suite: CipherSuite, hash_provider: &'static dyn hash::Hash) -> CipherSuiteCommon {
    CipherSuiteCommon { suite, hash_provider, confidentiality_limit: 1 << 24 }
}

/// A hash of the SHA-2 family.
struct HashOf<D>(PhantomData<D>);

trait Sha2: Digest + Clone + Send + Sync + 'static {
    const NAME: hash::HashAlgorithm;
}

impl Sha2 for Sha256 {
    const NAME: hash::HashAlgorithm = hash::HashAlgorithm::SHA256;
}

impl Sha2 for Sha384 {
    const NAME: hash::HashAlgorithm = hash::HashAlgorithm::SHA384;
}

impl<D: Sha2> hash::Hash for HashOf<D> {
    fn start(&self) -> Box<dyn hash::Context> {
        Box::new(Running(D::new()))
    }

    fn hash(&self, data: &[u8]) -> hash::Output {
        hash::Output::new(&D::digest(data))
    }

    fn output_len(&self) -> usize {
        <D as Digest>::output_size()
    }

    fn algorithm(&self) -> hash::HashAlgorithm {
        D::NAME
    }
}

struct Running<D>(D);

impl<D: Sha2> hash::Context for Running<D> {
    fn fork_finish(&self) -> hash::Output {
        hash::Output::new(&self.0.clone().finalize())
    }

    fn fork(&self) -> Box<dyn hash::Context> {
        Box::new(Self(self.0.clone()))
    }

    fn finish(self: Box<Self>) -> hash::Output {
        hash::Output::new(&self.0.finalize())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

struct HmacSha256;
struct HmacSha384;

impl crypto::hmac::Hmac for HmacSha256 {
    fn with_key(&self, key: &[u8]) -> Box<dyn crypto::hmac::Key> {
        Box::new(Keyed(<Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")))
    }

    fn hash_output_len(&self) -> usize {
        32
    }
}

impl crypto::hmac::Hmac for HmacSha384 {
    fn with_key(&self, key: &[u8]) -> Box<dyn crypto::hmac::Key> {
        Box::new(Keyed(<Hmac<Sha384> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")))
    }

    fn hash_output_len(&self) -> usize {
        48
    }
}

struct Keyed<M>(M);

impl<M: Mac + Clone + Send + Sync> crypto::hmac::Key for Keyed<M> {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> crypto::hmac::Tag {
        let mut mac = self.0.clone();
        for part in [&[first], middle, &[last]].concat() {
            mac.update(part);
        }
        crypto::hmac::Tag::new(&mac.finalize().into_bytes())
    }

    fn tag_len(&self) -> usize {
        M::output_size()
    }
}

/// AES-GCM in the records of both versions.
struct Gcm<C>(PhantomData<C>);

const TAG: usize = 16;
/// Bytes of the nonce that a record of TLS 1.2 carries.
const EXPLICIT: usize = 8;

trait AesGcm: AeadInOut + KeyInit + Send + Sync + 'static {}

impl AesGcm for Aes128Gcm {}
impl AesGcm for Aes256Gcm {}

fn keyed<C: AesGcm>(key: &AeadKey) -> C {
    C::new_from_slice(key.as_ref()).expect("rustls asked for the length")
}

/// Seals the bytes behind `from`, and puts the tag behind them.
fn seal<C: AesGcm>(cipher: &C, nonce: &[u8], aad: &[u8], payload: &mut PrefixedPayload, from: usize) {
    let nonce = nonce.try_into().expect("12 bytes");
    let buffer = InOutBuf::from(&mut payload.as_mut()[from..]);
    let tag = cipher.encrypt_inout_detached(nonce, aad, buffer).expect("a record is short");
    payload.extend_from_slice(&tag);
}

/// Opens the bytes before the tag in place.
fn open<C: AesGcm>(cipher: &C, nonce: &[u8], aad: &[u8], sealed: &mut [u8]) -> Result<(), Error> {
    let nonce = nonce.try_into().expect("12 bytes");
    let (text, tag) = sealed.split_at_mut(sealed.len() - TAG);
    let tag = (&*tag).try_into().expect("16 bytes");
    cipher.decrypt_inout_detached(nonce, aad, InOutBuf::from(text), tag).map_err(|_| Error::DecryptError)
}

impl<C: AesGcm> Tls13AeadAlgorithm for Gcm<C> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Records13::<C> { cipher: keyed(&key), iv })
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Records13::<C> { cipher: keyed(&key), iv })
    }

    fn key_len(&self) -> usize {
        C::key_size()
    }

    fn extract_keys(&self, _: AeadKey, _: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

struct Records13<C> {
    cipher: C,
    iv: Iv,
}

impl<C: AesGcm> MessageEncrypter for Records13<C> {
    fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let total = self.encrypted_payload_len(msg.payload.len());
        let mut payload = PrefixedPayload::with_capacity(total);
        payload.extend_from_chunks(&msg.payload);
        payload.extend_from_slice(&[msg.typ.into()]);
        seal(&self.cipher, &Nonce::new(&self.iv, seq).0, &make_tls13_aad(total), &mut payload, 0);
        let (kind, version) = (rustls::ContentType::ApplicationData, rustls::ProtocolVersion::TLSv1_2);
        Ok(OutboundOpaqueMessage::new(kind, version, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len + 1 + TAG
    }
}

impl<C: AesGcm> MessageDecrypter for Records13<C> {
    fn decrypt<'a>(&mut self, mut msg: InboundOpaqueMessage<'a>, seq: u64) -> Result<InboundPlainMessage<'a>, Error> {
        let length = msg.payload.len();
        let text = length.checked_sub(TAG).ok_or(Error::DecryptError)?;
        open(&self.cipher, &Nonce::new(&self.iv, seq).0, &make_tls13_aad(length), &mut msg.payload)?;
        msg.payload.truncate(text);
        msg.into_tls13_unpadded_message()
    }
}

impl<C: AesGcm> Tls12AeadAlgorithm for Gcm<C> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Records12::<C> { cipher: keyed(&key), iv: Iv::copy(&[iv, extra].concat()) })
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Records12::<C> { cipher: keyed(&key), iv: Iv::copy(&[iv, &[0; EXPLICIT]].concat()) })
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape { enc_key_len: C::key_size(), fixed_iv_len: 4, explicit_nonce_len: EXPLICIT }
    }

    fn extract_keys(
        &self,
        _: AeadKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

struct Records12<C> {
    cipher: C,
    /// Four bytes from the handshake; where this seals, eight more that the number of the record changes.
    iv: Iv,
}

impl<C: AesGcm> MessageEncrypter for Records12<C> {
    fn encrypt(&mut self, msg: OutboundPlainMessage<'_>, seq: u64) -> Result<OutboundOpaqueMessage, Error> {
        let mut payload = PrefixedPayload::with_capacity(self.encrypted_payload_len(msg.payload.len()));
        let nonce = Nonce::new(&self.iv, seq).0;
        let aad = make_tls12_aad(seq, msg.typ, msg.version, msg.payload.len());
        payload.extend_from_slice(&nonce[4..]);
        payload.extend_from_chunks(&msg.payload);
        seal(&self.cipher, &nonce, &aad, &mut payload, EXPLICIT);
        Ok(OutboundOpaqueMessage::new(msg.typ, msg.version, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        EXPLICIT + payload_len + TAG
    }
}

impl<C: AesGcm> MessageDecrypter for Records12<C> {
    fn decrypt<'a>(&mut self, mut msg: InboundOpaqueMessage<'a>, seq: u64) -> Result<InboundPlainMessage<'a>, Error> {
        let text = msg.payload.len().checked_sub(EXPLICIT + TAG).ok_or(Error::DecryptError)?;
        let nonce = [&self.iv.as_ref()[..4], &msg.payload[..EXPLICIT]].concat();
        let aad = make_tls12_aad(seq, msg.typ, msg.version, text);
        open(&self.cipher, &nonce, &aad, &mut msg.payload[EXPLICIT..])?;
        msg.payload.copy_within(EXPLICIT..EXPLICIT + text, 0);
        msg.payload.truncate(text);
        Ok(msg.into_plain_message())
    }
}
