//! A key file of WebSphere: `ltpa.keys`, as the administrative console exports it and Liberty makes it.
//!
//! The secret of 24 bytes stands in it encrypted with 3DES under a key made of the password: its SHA-1 and four zero bytes.
//! The public key stands in clear; the private one is nobody's business here.

use super::key_error::KeyError;
use super::properties::{self, Property};
use super::signature::PublicKey;
use super::text;
use des::TdesEde3;
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeDecrypt, KeyInit};
use sha1::{Digest, Sha1};

/// Length of the secret: three DES keys.
pub(super) const SECRET: usize = 24;
const PREFIX: &str = "com.ibm.websphere.ltpa.";

/// What tokens are opened and verified with.
#[derive(Clone)]
pub(super) struct KeyFile {
    /// Key of 3DES; its first 16 bytes are that of AES.
    pub secret: [u8; SECRET],
    /// Key of the signatures, if the file has one.
    pub public: Option<PublicKey>,
}

impl KeyFile {
    /// Reads a key file and opens its secret with the first password that fits.
    pub(super) fn parse(file: &[u8], passwords: &[&[u8]]) -> Result<Self, KeyError> {
        let list = properties::parse(file);
        if !list.iter().any(|property| property.key.starts_with(PREFIX)) {
            return Err(KeyError::new(
                None,
                "this is no LTPA key file: no property begins with com.ibm.websphere.ltpa. (WebSphere exports one under \
                 Security > Global security > LTPA; Liberty keeps it in resources/security/ltpa.keys)",
            ));
        }
        let secret = find(&list, "3DESKey").ok_or_else(|| without_secret(&list))?;
        let public = find(&list, "PublicKey").map(public_key).transpose()?;
        Ok(Self { secret: open(secret, passwords)?, public })
    }
}

/// The last one counts, as in Java.
fn find<'a>(list: &'a [Property], name: &str) -> Option<&'a Property> {
    list.iter().rev().find(|property| property.key.strip_prefix(PREFIX) == Some(name))
}

fn without_secret(list: &[Property]) -> KeyError {
    match find(list, "sharedKey") {
        Some(shared) => KeyError::new(
            Some(shared.line),
            "this key file is of version 2.0 (FIPS 140-3: sharedKey instead of 3DESKey), which cannot be opened; leave it \
             out, and the tokens are judged without their contents",
        ),
        None => KeyError::new(
            None,
            "com.ibm.websphere.ltpa.3DESKey is missing: export the keys again, and take the whole file",
        ),
    }
}

fn public_key(property: &Property) -> Result<PublicKey, KeyError> {
    let key = text::decode(&property.value).and_then(|bytes| PublicKey::from_bytes(&bytes));
    key.ok_or_else(|| KeyError::new(Some(property.line), "PublicKey is damaged or cut: export the keys again"))
}

fn open(property: &Property, passwords: &[&[u8]]) -> Result<[u8; SECRET], KeyError> {
    let line = Some(property.line);
    let sealed = text::decode(&property.value).filter(|sealed| sealed.len() == SECRET.saturating_add(8));
    let sealed = sealed
        .ok_or_else(|| KeyError::new(line, "3DESKey is damaged or cut: it holds no 32 bytes; export the keys again"))?;
    passwords.iter().find_map(|password| secret(&sealed, password)).ok_or_else(|| {
        KeyError::new(
            line,
            "the password does not open 3DESKey: give the one that the keys were exported with, in clear (not {xor}…)",
        )
    })
}

/// A wrong password leaves a wrong padding, or once in 2^64 another secret.
fn secret(sealed: &[u8], password: &[u8]) -> Option<[u8; SECRET]> {
    let mut key = [0; SECRET];
    for (slot, byte) in key.iter_mut().zip(Sha1::digest(password)) {
        *slot = byte;
    }
    triple_des(&key, sealed)?.try_into().ok()
}

/// Opens 3DES in ECB mode with its padding.
pub(super) fn triple_des(key: &[u8; SECRET], sealed: &[u8]) -> Option<Vec<u8>> {
    let cipher = ecb::Decryptor::<TdesEde3>::new(key.into());
    cipher.decrypt_padded_vec::<Pkcs7>(sealed).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Public constants of another project's unit tests (github.com/sephiroth-j/spring-security-ltpa2-core, Constants.java).
    pub(crate) const PASSWORD: &[u8] = b"test123";
    pub(crate) const FILE: &str = "\
#IBM WebSphere Application Server key file
com.ibm.websphere.ltpa.version=1.0
com.ibm.websphere.ltpa.3DESKey=JvywHhxC+EhtUdeusbo31E5IUOEPmbMxMnKTTOB39fo\\=
com.ibm.websphere.ltpa.PublicKey=AOECPMDAs0o7MzQIgxZhAXJZ2BaDE3mqRZAbkbQO38CgUIgeAPEA3iWIYp+p/Ai0J4//UOml20an+AuCnDGzcFCa\
f3S3EAiR4cK59vl/u8TIswPIg2akh4J7qL3E/qRxN9WD945tS3h0YhJZSq7rC22wytLsxbFuKpEuYfm1i5spAQAB
";

    fn error(file: &str, passwords: &[&[u8]]) -> String {
        KeyFile::parse(file.as_bytes(), passwords).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_password_opens_the_secret() {
        let keys = KeyFile::parse(FILE.as_bytes(), &[b"other", PASSWORD]).unwrap_or_else(|error| panic!("{error}"));
        let hex = "4092869818436b0f016db6c3bf00366f362d347191f23fdf";
        assert_eq!(keys.secret.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")), hex);
        assert!(keys.public.is_some());
        let bare = FILE.replace("PublicKey", "NoKey").replace('\n', "\r\n");
        assert!(KeyFile::parse(bare.as_bytes(), &[PASSWORD]).is_ok_and(|keys| keys.public.is_none()));
    }

    #[test]
    fn errors_name_the_line_and_what_to_do() {
        assert!(error(FILE, &[b"Test123"]).starts_with("line 3: the password does not open 3DESKey"));
        assert!(error(FILE, &[]).starts_with("line 3: the password"));
        assert!(error("<xml/>", &[PASSWORD]).contains("no LTPA key file"));
        assert!(error("", &[PASSWORD]).contains("no LTPA key file"));
        let cut = |from: &str, to: &str| error(&FILE.replace(from, to), &[PASSWORD]);
        assert!(cut("39fo\\=", "").starts_with("line 3: 3DESKey is damaged or cut"));
        assert!(cut("spAQAB", "").starts_with("line 4: PublicKey is damaged or cut"));
        assert!(cut("3DESKey", "4DESKey").contains("3DESKey is missing"));
        let fips = cut("3DESKey", "sharedKey");
        assert!(fips.starts_with("line 3: this key file is of version 2.0"), "{fips}");
    }

    #[test]
    fn every_cut_is_an_error_or_a_key() {
        for end in 0..FILE.len() {
            let _ = KeyFile::parse(&FILE.as_bytes()[..end], &[PASSWORD]);
        }
    }
}
