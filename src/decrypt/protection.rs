//! Record protection: AEAD (RFC 5246 section 6.2.3.3, RFC 7905, RFC 8446 section 5.2), CBC with a MAC before or after (RFC 5246 section
//! 6.2.3.2, RFC 7366), RC4 and no cipher with a MAC.

use super::derive::{expand_label, hmac};
use super::suite::{Cipher, Hash, Suite};
use aes::{Aes128, Aes256};
use aes_gcm::aead::consts::{U8, U12, U16};
use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, InnerIvInit, KeyIvInit, StreamCipher};
use ccm::Ccm;
use chacha20poly1305::ChaCha20Poly1305;
use des::TdesEde3;
use nrpcsniff_dissectors::tls::{ContentType, HEADER, Header};
use rc4::Rc4;

/// Version that needs no explicit IV in CBC mode.
const TLS10: u16 = 0x0301;
/// Bytes of keystream that are made to find the place behind lost records.
const KEYSTREAM: u64 = 4 << 20;

/// What was in a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plaintext {
    /// Sequence number of the record.
    pub sequence: u64,
    pub kind: ContentType,
    pub bytes: Vec<u8>,
}

/// Which sequence numbers are tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct SequenceSearch {
    /// The number that comes next if nothing is lost.
    pub next: u64,
    /// Records that are lost at least and at most.
    pub records: (u64, u64),
    /// Bytes that are lost, with the headers of their records.
    pub bytes: u64,
}

impl SequenceSearch {
    fn sequences(self) -> impl Iterator<Item = u64> {
        let (least, most) = self.records;
        self.next.saturating_add(least)..=self.next.saturating_add(most)
    }
}

/// Keys of one direction of TLS 1.2 and before, out of the key block.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyMaterial<'a> {
    pub mac: &'a [u8],
    pub key: &'a [u8],
    pub iv: &'a [u8],
}

/// The protection of one direction, with its keys.
pub(super) enum Protection {
    Aead(AeadRecords),
    Block(BlockRecords),
    Stream(Box<StreamRecords>),
}

/// Keys of an AEAD cipher, whichever.
trait AeadKey: Send {
    fn open(&self, nonce: &[u8; 12], sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>>;
}

impl<A: Aead<NonceSize = U12> + Send> AeadKey for A {
    fn open(&self, nonce: &[u8; 12], sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
        self.decrypt(&Nonce::<A>::from(*nonce), Payload { msg: sealed, aad }).ok()
    }
}

fn aead(cipher: Cipher, key: &[u8]) -> Option<Box<dyn AeadKey>> {
    fn boxed<A: Aead<NonceSize = U12> + KeyInit + Send + 'static>(key: &[u8]) -> Option<Box<dyn AeadKey>> {
        let cipher: A = <A as KeyInit>::new_from_slice(key).ok()?;
        Some(Box::new(cipher))
    }
    match cipher {
        Cipher::AesGcm(16) => boxed::<Aes128Gcm>(key),
        Cipher::AesGcm(_) => boxed::<Aes256Gcm>(key),
        Cipher::AesCcm(16) => boxed::<Ccm<Aes128, U16, U12>>(key),
        Cipher::AesCcm(_) => boxed::<Ccm<Aes256, U16, U12>>(key),
        Cipher::AesCcm8(16) => boxed::<Ccm<Aes128, U8, U12>>(key),
        Cipher::AesCcm8(_) => boxed::<Ccm<Aes256, U8, U12>>(key),
        Cipher::ChaCha20 => boxed::<ChaCha20Poly1305>(key),
        _ => None,
    }
}

impl Protection {
    /// The protection of TLS 1.3, from a traffic secret (RFC 8446 section 7.3).
    pub(super) fn tls13(suite: Suite, secret: &[u8]) -> Option<Self> {
        let key = expand_label(suite.prf, secret, "key", suite.cipher.key());
        let iv = expand_label(suite.prf, secret, "iv", 12);
        let key = aead(suite.cipher, &key)?;
        Some(Self::Aead(AeadRecords { key, iv: iv.try_into().ok()?, form: NonceForm::Tls13, tag: suite.cipher.tag() }))
    }

    /// The protection of TLS 1.0 to 1.2.
    pub(super) fn older(suite: Suite, version: u16, material: KeyMaterial<'_>, encrypt_then_mac: bool) -> Option<Self> {
        let mac = Mac { hash: suite.mac, key: material.mac.to_vec() };
        if suite.cipher.is_aead() {
            let key = aead(suite.cipher, material.key)?;
            let mut iv = [0; 12];
            iv.get_mut(..material.iv.len())?.copy_from_slice(material.iv);
            let form = if suite.cipher == Cipher::ChaCha20 { NonceForm::ChaCha20 } else { NonceForm::Explicit };
            return Some(Self::Aead(AeadRecords { key, iv, form, tag: suite.cipher.tag() }));
        }
        if let Some(block) = suite.cipher.block() {
            let last = if version <= TLS10 { Some(material.iv.to_vec()) } else { None };
            let key = material.key.to_vec();
            return Some(Self::Block(BlockRecords { cipher: suite.cipher, key, mac, block, last, encrypt_then_mac }));
        }
        let rc4 = if suite.cipher == Cipher::Rc4 { Some(Rc4::new_from_slice(material.key).ok()?) } else { None };
        Some(Self::Stream(Box::new(StreamRecords { rc4, ahead: Vec::new(), mac })))
    }

    /// Opens a record (header and fragment), if its tag or MAC is right for one of the sequence numbers.
    pub(super) fn open(&mut self, record: &[u8], search: SequenceSearch) -> Option<Plaintext> {
        let (head, fragment) = record.split_at_checked(HEADER)?;
        let header = Header::parse(head)?;
        match self {
            Self::Aead(aead) => aead.open(header, head, fragment, search),
            Self::Block(block) => block.open(header, fragment, search),
            Self::Stream(stream) => stream.open(header, fragment, search),
        }
    }

    /// Bytes that protection adds to the content of a record; of a cipher in blocks about so many.
    pub(super) fn overhead(&self) -> u64 {
        let bytes = match self {
            Self::Aead(aead) => aead.tag.saturating_add(match aead.form {
                NonceForm::Tls13 => 1,
                NonceForm::ChaCha20 => 0,
                NonceForm::Explicit => 8,
            }),
            Self::Block(block) => block.mac.hash.length().saturating_add(block.block.saturating_mul(3) / 2),
            Self::Stream(stream) => stream.mac.hash.length(),
        };
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// How nonce and additional data are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NonceForm {
    Tls13,
    /// TLS 1.2 with a part of the nonce in the record.
    Explicit,
    /// TLS 1.2 with the sequence number in the nonce (RFC 7905).
    ChaCha20,
}

pub(super) struct AeadRecords {
    key: Box<dyn AeadKey>,
    iv: [u8; 12],
    form: NonceForm,
    tag: usize,
}

impl AeadRecords {
    fn open(&self, header: Header, head: &[u8], fragment: &[u8], search: SequenceSearch) -> Option<Plaintext> {
        let (explicit, sealed) = match self.form {
            NonceForm::Explicit => fragment.split_at_checked(8)?,
            NonceForm::Tls13 | NonceForm::ChaCha20 => (&[][..], fragment),
        };
        let length = sealed.len().checked_sub(self.tag)?;
        search.sequences().find_map(|sequence| {
            let nonce = self.nonce(explicit, sequence);
            let aad = pseudo_header(sequence, header, length);
            let aad = if self.form == NonceForm::Tls13 { head } else { &aad };
            let plain = self.key.open(&nonce, sealed, aad)?;
            self.plain(header, sequence, plain)
        })
    }

    fn nonce(&self, explicit: &[u8], sequence: u64) -> [u8; 12] {
        let mut nonce = self.iv;
        if let (NonceForm::Explicit, Some(place)) = (self.form, nonce.get_mut(4..)) {
            place.copy_from_slice(explicit);
        } else {
            for (byte, part) in nonce.iter_mut().skip(4).zip(sequence.to_be_bytes()) {
                *byte ^= part;
            }
        }
        nonce
    }

    /// In TLS 1.3 the true type stands behind the content, and zeros behind it.
    fn plain(&self, header: Header, sequence: u64, mut bytes: Vec<u8>) -> Option<Plaintext> {
        if self.form != NonceForm::Tls13 {
            return Some(Plaintext { sequence, kind: header.kind, bytes });
        }
        let end = bytes.iter().rposition(|&byte| byte != 0)?;
        let kind = ContentType::of(*bytes.get(end)?)?;
        bytes.truncate(end);
        Some(Plaintext { sequence, kind, bytes })
    }
}

pub(super) struct BlockRecords {
    cipher: Cipher,
    key: Vec<u8>,
    mac: Mac,
    block: usize,
    /// TLS 1.0: the last block of the record before, which is the IV of the next.
    last: Option<Vec<u8>>,
    encrypt_then_mac: bool,
}

impl BlockRecords {
    fn open(&mut self, header: Header, fragment: &[u8], search: SequenceSearch) -> Option<Plaintext> {
        let implicit = self.last.clone();
        let tag = if self.encrypt_then_mac { self.mac.hash.length() } else { 0 };
        let (sealed, tag) = fragment.split_at_checked(fragment.len().checked_sub(tag)?)?;
        if let Some(last) = &mut self.last {
            *last = sealed.get(sealed.len().saturating_sub(self.block)..)?.to_vec();
        }
        let (iv, blocks) = match &implicit {
            Some(iv) => (iv.as_slice(), sealed),
            None => sealed.split_at_checked(self.block)?,
        };
        let plain = self.decrypt(iv, blocks)?;
        let content = content(&plain)?;
        let (signed, tag) = if self.encrypt_then_mac {
            (sealed, tag)
        } else {
            content.split_at_checked(content.len().checked_sub(self.mac.hash.length())?)?
        };
        let sequence = search.sequences().find(|&sequence| self.mac.is_right(sequence, header, signed, tag))?;
        let bytes = if self.encrypt_then_mac { content } else { signed };
        Some(Plaintext { sequence, kind: header.kind, bytes: bytes.to_vec() })
    }

    fn decrypt(&self, iv: &[u8], blocks: &[u8]) -> Option<Vec<u8>> {
        match self.cipher {
            Cipher::TripleDes => cbc_decrypt::<TdesEde3>(&self.key, iv, blocks),
            Cipher::AesCbc(16) => cbc_decrypt::<Aes128>(&self.key, iv, blocks),
            _ => cbc_decrypt::<Aes256>(&self.key, iv, blocks),
        }
    }
}

/// Without the padding: bytes that all say how many of them come before the last.
fn content(plain: &[u8]) -> Option<&[u8]> {
    let padding = usize::from(*plain.last()?);
    let length = plain.len().checked_sub(padding)?.checked_sub(1)?;
    let (content, padded) = plain.split_at_checked(length)?;
    padded.iter().all(|&byte| usize::from(byte) == padding).then_some(content)
}

fn cbc_decrypt<C>(key: &[u8], iv: &[u8], blocks: &[u8]) -> Option<Vec<u8>>
where
    C: BlockCipherDecrypt + KeyInit,
    cbc::Decryptor<C>: KeyIvInit + BlockModeDecrypt + InnerIvInit,
{
    let cipher = <cbc::Decryptor<C> as KeyIvInit>::new_from_slices(key, iv).ok()?;
    cipher.decrypt_padded_vec::<NoPadding>(blocks).ok()
}

pub(super) struct StreamRecords {
    rc4: Option<Rc4>,
    /// Keystream that was made and not used yet.
    ahead: Vec<u8>,
    mac: Mac,
}

impl StreamRecords {
    fn open(&mut self, header: Header, fragment: &[u8], search: SequenceSearch) -> Option<Plaintext> {
        let at = |sequence: u64| {
            // Of every lost record all but the header took keystream.
            let headers = sequence.saturating_sub(search.next).saturating_mul(5);
            search.bytes.checked_sub(headers)
        };
        let furthest = search.sequences().filter_map(at).max().filter(|&furthest| furthest <= KEYSTREAM)?;
        let furthest = usize::try_from(furthest).ok()?;
        self.make(furthest.saturating_add(fragment.len()));
        let found = search.sequences().find_map(|sequence| {
            let start = usize::try_from(at(sequence)?).ok()?;
            let bytes = self.apply(start, fragment)?;
            let (content, tag) = bytes.split_at_checked(bytes.len().checked_sub(self.mac.hash.length())?)?;
            let plain = Plaintext { sequence, kind: header.kind, bytes: content.to_vec() };
            self.mac.is_right(sequence, header, content, tag).then_some((start, plain))
        });
        let (start, plain) = found?;
        if self.rc4.is_some() {
            self.ahead.drain(..start.saturating_add(fragment.len()));
        }
        Some(plain)
    }

    /// Makes keystream up to that length.
    fn make(&mut self, length: usize) {
        if let Some(rc4) = &mut self.rc4 {
            let held = self.ahead.len();
            self.ahead.resize(length.max(held), 0);
            rc4.apply_keystream(self.ahead.get_mut(held..).unwrap_or_default());
        }
    }

    fn apply(&self, start: usize, fragment: &[u8]) -> Option<Vec<u8>> {
        if self.rc4.is_none() {
            return Some(fragment.to_vec());
        }
        let keystream = self.ahead.get(start..start.checked_add(fragment.len())?)?;
        Some(fragment.iter().zip(keystream).map(|(byte, key)| byte ^ key).collect())
    }
}

struct Mac {
    hash: Hash,
    key: Vec<u8>,
}

impl Mac {
    fn is_right(&self, sequence: u64, header: Header, signed: &[u8], tag: &[u8]) -> bool {
        hmac(self.hash, &self.key, &[&pseudo_header(sequence, header, signed.len()), signed]) == tag
    }
}

/// What is authenticated beside the content: sequence number, type, version, length (RFC 5246 section 6.2.3.1).
fn pseudo_header(sequence: u64, header: Header, length: usize) -> Vec<u8> {
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    let parts =
        [&sequence.to_be_bytes()[..], &[header.kind.number()], &header.version.to_be_bytes(), &length.to_be_bytes()];
    parts.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cbc::cipher::BlockModeEncrypt;

    const SECRET: [u8; 20] = [7; 20];
    const KEY: [u8; 24] = *b"abcdefgh01234567ABCDEFGH";

    fn suite(id: u16) -> Suite {
        Suite::of(id).unwrap()
    }

    fn record(version: u16, fragment: &[u8]) -> Vec<u8> {
        let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
        [&[23][..], &version.to_be_bytes(), &length, fragment].concat()
    }

    /// Content with its MAC behind it (RFC 5246 section 6.2.3.1).
    fn signed(hash: Hash, sequence: u64, version: u16, content: &[u8]) -> Vec<u8> {
        let key = &SECRET[..hash.length()];
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let head = [&sequence.to_be_bytes()[..], &[23], &version.to_be_bytes(), &length].concat();
        [content, &hmac(hash, key, &[&head, content])].concat()
    }

    fn in_order(next: u64) -> SequenceSearch {
        SequenceSearch { next, records: (0, 0), bytes: 0 }
    }

    /// RC4 with MD5: as old WebSphere speaks it.
    fn rc4_records(count: u64) -> Vec<Vec<u8>> {
        let mut cipher = Rc4::new_from_slice(&KEY[..16]).unwrap();
        (0..count)
            .map(|sequence| {
                let mut fragment = signed(Hash::Md5, sequence, 0x0301, format!("message {sequence}").as_bytes());
                cipher.apply_keystream(&mut fragment);
                record(0x0301, &fragment)
            })
            .collect()
    }

    fn rc4() -> Protection {
        let material = KeyMaterial { mac: &SECRET[..16], key: &KEY[..16], iv: &[] };
        Protection::older(suite(0x0004), 0x0301, material, false).unwrap()
    }

    #[test]
    fn rc4_goes_on_behind_lost_records() {
        let records = rc4_records(9);
        let mut protection = rc4();
        for (number, sequence) in [0, 1].into_iter().zip(0..) {
            let plain = protection.open(&records[number], in_order(sequence)).unwrap();
            assert_eq!(plain.bytes, format!("message {number}").as_bytes());
        }
        let bytes: usize = records[2..5].iter().map(Vec::len).sum();
        let search = SequenceSearch { next: 2, records: (1, 20), bytes: bytes as u64 };
        let plain = protection.open(&records[5], search).unwrap();
        assert_eq!((plain.sequence, plain.bytes.as_slice()), (5, &b"message 5"[..]));
        assert_eq!(protection.open(&records[6], in_order(6)).unwrap().bytes, b"message 6");
        assert_eq!(protection.open(&records[8], in_order(7)), None);
        let lost = SequenceSearch { next: 7, records: (1, 20), bytes: records[7].len() as u64 };
        assert_eq!(protection.open(&records[8], lost).unwrap().sequence, 8);
    }

    /// Triple DES with SHA-1, its IV from the record before (TLS 1.0) or in the record.
    fn des_records(version: u16, iv: [u8; 8]) -> Vec<Vec<u8>> {
        let mut iv = iv.to_vec();
        (0..4_u64)
            .map(|sequence| {
                let mut plain = signed(Hash::Sha1, sequence, version, format!("REGISTER {sequence}").as_bytes());
                let padding = 7 - plain.len() % 8;
                plain.extend(vec![u8::try_from(padding).unwrap(); padding + 1]);
                let cipher = <cbc::Encryptor<TdesEde3> as KeyIvInit>::new_from_slices(&KEY, &iv).unwrap();
                let sealed = cipher.encrypt_padded_vec::<NoPadding>(&plain);
                if version > TLS10 {
                    return record(version, &[iv.as_slice(), &sealed].concat());
                }
                iv = sealed[sealed.len() - 8..].to_vec();
                record(version, &sealed)
            })
            .collect()
    }

    #[test]
    fn triple_des_with_and_without_iv_in_the_record() {
        for version in [0x0301, 0x0302] {
            let (records, iv) = (des_records(version, *b"initials"), b"initials");
            let material = KeyMaterial { mac: &SECRET, key: &KEY, iv };
            let mut protection = Protection::older(suite(0x000A), version, material, false).unwrap();
            for (record, sequence) in records.iter().zip(0..) {
                let plain = protection.open(record, in_order(sequence)).unwrap();
                assert_eq!(plain.bytes, format!("REGISTER {sequence}").as_bytes());
            }
            // Without the record before, its IV is missing as well: the next but one opens.
            let mut protection = Protection::older(suite(0x000A), version, material, false).unwrap();
            protection.open(&records[0], in_order(0)).unwrap();
            let behind = |bytes: usize| SequenceSearch { next: 1, records: (1, 5), bytes: bytes as u64 };
            assert_eq!(protection.open(&records[2], behind(60)).is_some(), version > TLS10);
            assert_eq!(protection.open(&records[3], behind(120)).unwrap().sequence, 3);
        }
    }

    #[test]
    fn damaged_and_short_records_do_not_open() {
        let material = KeyMaterial { mac: &SECRET, key: &KEY, iv: b"initials" };
        let block = || Protection::older(suite(0x000A), 0x0302, material, false).unwrap();
        let aead = |id: u16| {
            let key = suite(id).cipher.key();
            let material = KeyMaterial { mac: &[], key: &[9; 32][..key], iv: &[1; 4] };
            Protection::older(suite(id), 0x0303, material, false).unwrap()
        };
        let whole = des_records(0x0302, *b"initials").remove(0);
        for length in 0..whole.len() {
            let mut cut = whole[..length].to_vec();
            if let Some(place) = cut.get_mut(3..5) {
                place.copy_from_slice(&u16::try_from(length.saturating_sub(5)).unwrap().to_be_bytes());
            }
            assert_eq!(block().open(&cut, in_order(0)), None);
            assert_eq!(rc4().open(&cut, in_order(0)), None);
            for id in [0x009C, 0xC09C, 0xC0A1] {
                assert_eq!(aead(id).open(&cut, in_order(0)), None);
            }
        }
        for at in 5..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert_eq!(block().open(&damaged, in_order(0)), None, "{at}");
        }
        assert_eq!(block().open(&whole, in_order(1)), None);
    }
}
