//! What a cipher suite asks for, read from its name.

use nrpcsniff_dissectors::tls;

/// What records are protected with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cipher {
    /// Nothing: the MAC alone.
    Null,
    /// RC4 with a key of 128 bits.
    Rc4,
    /// Triple DES in CBC mode.
    TripleDes,
    /// AES in CBC mode, with a key of so many bytes.
    AesCbc(usize),
    /// AES in GCM.
    AesGcm(usize),
    /// AES in CCM with a tag of 16 bytes.
    AesCcm(usize),
    /// AES in CCM with a tag of 8 bytes.
    AesCcm8(usize),
    /// ChaCha20 and Poly1305.
    ChaCha20,
}

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
}

/// What a cipher suite asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suite {
    /// The client encrypts the secret to the server's RSA key: who has that key can read all.
    pub rsa: bool,
    pub cipher: Cipher,
    /// Hash of the MAC; of an AEAD cipher it does not matter.
    pub mac: Hash,
    /// Hash of the key derivation from TLS 1.2 on.
    pub prf: Hash,
}

impl Hash {
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

impl Cipher {
    /// Bytes of its key.
    pub(super) const fn key(self) -> usize {
        match self {
            Self::Null => 0,
            Self::Rc4 => 16,
            Self::TripleDes => 24,
            Self::AesCbc(key) | Self::AesGcm(key) | Self::AesCcm(key) | Self::AesCcm8(key) => key,
            Self::ChaCha20 => 32,
        }
    }

    /// It authenticates by itself.
    pub(super) const fn is_aead(self) -> bool {
        matches!(self, Self::AesGcm(_) | Self::AesCcm(_) | Self::AesCcm8(_) | Self::ChaCha20)
    }

    /// Bytes of a block, of a cipher in CBC mode.
    pub(super) const fn block(self) -> Option<usize> {
        match self {
            Self::TripleDes => Some(8),
            Self::AesCbc(_) => Some(16),
            _ => None,
        }
    }

    /// Bytes of the tag, of an AEAD cipher.
    pub(super) const fn tag(self) -> usize {
        match self {
            Self::AesCcm8(_) => 8,
            _ => 16,
        }
    }
}

impl Suite {
    /// The suite of that number, if it can be opened here.
    pub(super) fn of(id: u16) -> Option<Self> {
        Self::named(tls::suite_name(id)?)
    }

    fn named(name: &str) -> Option<Self> {
        let name = name.strip_prefix("TLS_")?;
        // TLS 1.3 names cipher and hash only.
        let (exchange, rest) = name.split_once("_WITH_").unwrap_or(("", name));
        let (cipher, hash) = cipher(rest)?;
        let mac = match hash {
            "MD5" => Hash::Md5,
            "SHA" => Hash::Sha1,
            "SHA384" => Hash::Sha384,
            "SHA256" | "" => Hash::Sha256,
            _ => return None,
        };
        let prf = if mac == Hash::Sha384 { Hash::Sha384 } else { Hash::Sha256 };
        Some(Self { rsa: exchange == "RSA", cipher, mac, prf })
    }
}

/// The cipher at the front of the rest of a name, and what follows it.
fn cipher(name: &str) -> Option<(Cipher, &str)> {
    const CIPHERS: [(&str, Cipher); 14] = [
        ("AES_128_CBC", Cipher::AesCbc(16)),
        ("AES_256_CBC", Cipher::AesCbc(32)),
        ("AES_128_GCM", Cipher::AesGcm(16)),
        ("AES_256_GCM", Cipher::AesGcm(32)),
        ("AES_128_CCM_8", Cipher::AesCcm8(16)),
        ("AES_256_CCM_8", Cipher::AesCcm8(32)),
        ("AES_128_CCM8", Cipher::AesCcm8(16)),
        ("AES_256_CCM8", Cipher::AesCcm8(32)),
        ("AES_128_CCM", Cipher::AesCcm(16)),
        ("AES_256_CCM", Cipher::AesCcm(32)),
        ("CHACHA20_POLY1305", Cipher::ChaCha20),
        ("3DES_EDE_CBC", Cipher::TripleDes),
        ("RC4_128", Cipher::Rc4),
        ("NULL", Cipher::Null),
    ];
    let (rest, cipher) = CIPHERS.iter().find_map(|(front, cipher)| Some((name.strip_prefix(front)?, *cipher)))?;
    match rest.strip_prefix('_') {
        Some(hash) => Some((cipher, hash)),
        None => rest.is_empty().then_some((cipher, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_needed() {
        let suite = |id| Suite::of(id).unwrap();
        for (id, rsa, cipher, mac, prf) in [
            (0x0004, true, Cipher::Rc4, Hash::Md5, Hash::Sha256),
            (0x000A, true, Cipher::TripleDes, Hash::Sha1, Hash::Sha256),
            (0x003C, true, Cipher::AesCbc(16), Hash::Sha256, Hash::Sha256),
            (0xC030, false, Cipher::AesGcm(32), Hash::Sha384, Hash::Sha384),
            (0xC024, false, Cipher::AesCbc(32), Hash::Sha384, Hash::Sha384),
            (0xC09C, true, Cipher::AesCcm(16), Hash::Sha256, Hash::Sha256),
            (0xC0A1, true, Cipher::AesCcm8(32), Hash::Sha256, Hash::Sha256),
            (0xCCA8, false, Cipher::ChaCha20, Hash::Sha256, Hash::Sha256),
            (0x1302, false, Cipher::AesGcm(32), Hash::Sha384, Hash::Sha384),
            (0x1305, false, Cipher::AesCcm8(16), Hash::Sha256, Hash::Sha256),
            (0x0002, true, Cipher::Null, Hash::Sha1, Hash::Sha256),
            (0x0095, false, Cipher::AesCbc(32), Hash::Sha1, Hash::Sha256), // RSA_PSK is not RSA
        ] {
            assert_eq!(suite(id), Suite { rsa, cipher, mac, prf }, "{id:#06x}");
        }
        // Camellia, export ciphers, DES, a number without a name.
        assert!([0x0041, 0x0003, 0x0009, 0xEEEE].into_iter().all(|id| Suite::of(id).is_none()));
    }
}
