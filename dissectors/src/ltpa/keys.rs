//! Keys that open and verify tokens.

use super::body::Body;
use super::domino::{self, DIGEST};
use super::key_error::KeyError;
use super::key_file::{KeyFile, triple_des};
use super::{Class, Token, text};
use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use std::fmt;

/// Keys that open and verify tokens. Its `Debug` shows how many, not which.
#[derive(Clone, Default)]
pub struct Keyring {
    websphere: Vec<KeyFile>,
    domino: Vec<[u8; DIGEST]>,
}

/// What a key found in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// User: a distinguished name as the issuer writes it.
    pub user: Option<String>,
    /// Realm of the user registry.
    pub realm: Option<String>,
    /// End in milliseconds since 1970-01-01 UTC.
    pub expires_ms: Option<i64>,
    /// Another end, outside of what is signed, in the same unit: more than three seconds apart, and WebSphere refuses the token.
    pub disputed_ms: Option<i64>,
    /// The signature holds; of a Domino token: one of the secrets signed it. `None`: the key file has no public key.
    pub verified: Option<bool>,
    /// Version: 0 Domino, 1 or 2 WebSphere.
    pub version: u8,
    /// Attributes of a WebSphere token besides user and expiry, such as `host`.
    pub attributes: Vec<(String, String)>,
}

impl Opened {
    /// What it turned out to be.
    pub const fn class(&self) -> Class {
        match self.version {
            0 => Class::Domino,
            1 => Class::WebsphereV1,
            _ => Class::WebsphereV2,
        }
    }
}

impl Keyring {
    /// No keys.
    pub const fn new() -> Self {
        Self { websphere: Vec::new(), domino: Vec::new() }
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.websphere.is_empty() && self.domino.is_empty()
    }

    /// Adds the keys of WebSphere's key file (`ltpa.keys`), opened with the first password that fits.
    pub fn add_key_file(&mut self, file: &[u8], passwords: &[&[u8]]) -> Result<(), KeyError> {
        self.websphere.push(KeyFile::parse(file, passwords)?);
        Ok(())
    }

    /// Adds a Domino secret (item LTPA_DominoSecret of a Web SSO Configuration document): 20 bytes in base64.
    pub fn add_domino_secret(&mut self, secret: &str) -> Result<(), KeyError> {
        let bytes = text::decode(secret.trim()).and_then(|bytes| bytes.try_into().ok());
        self.domino.push(bytes.ok_or_else(|| {
            KeyError::new(
                None,
                "this is no Domino secret: it should be the 28 characters of LTPA_DominoSecret in the Web SSO \
                 Configuration document (base64 of 20 bytes)",
            )
        })?);
        Ok(())
    }

    /// Opens a token with the first key that fits. A Domino token is in clear: it is verified if there are secrets.
    pub fn open(&self, token: &Token) -> Option<Opened> {
        if self.is_empty() || !token.class.is_genuine() {
            return None;
        }
        let raw = token.raw()?;
        if token.class == Class::Domino {
            return self.verify(&raw);
        }
        let opened = |keys: &KeyFile| keys.open(1, &raw).or_else(|| keys.open(2, &raw));
        self.websphere.iter().find_map(opened)
    }

    fn verify(&self, raw: &[u8]) -> Option<Opened> {
        let clear = domino::read(raw)?;
        let verified = self.domino.iter().any(|secret| domino::is_signed(raw, secret));
        (!self.domino.is_empty()).then(|| Opened {
            user: clear.user,
            realm: None,
            expires_ms: clear.expires.checked_mul(1000),
            disputed_ms: None,
            verified: Some(verified),
            version: 0,
            attributes: Vec::new(),
        })
    }
}

impl KeyFile {
    fn open(&self, version: u8, raw: &[u8]) -> Option<Opened> {
        let plain = if version == 1 { triple_des(&self.secret, raw) } else { self.aes(raw) }?;
        let body = Body::parse(&plain)?;
        let verified = self.public.as_ref().map(|key| match version {
            1 => key.fits_v1(body.signed, &body.signature),
            _ => key.fits_v2(body.signed, &body.signature),
        });
        let (realm, user) = body.user();
        let (expires_ms, disputed_ms) = (Some(body.expires_ms), body.disputed_ms);
        Some(Opened { user, realm, expires_ms, disputed_ms, verified, version, attributes: body.others() })
    }

    /// The first 16 bytes of the secret are key and initialisation vector alike.
    fn aes(&self, raw: &[u8]) -> Option<Vec<u8>> {
        let key: &[u8; 16] = self.secret.first_chunk()?;
        cbc::Decryptor::<Aes128>::new(key.into(), key.into()).decrypt_padded_vec::<Pkcs7>(raw).ok()
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} key files, {} Domino secrets)", self.websphere.len(), self.domino.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::key_file::tests::{FILE, PASSWORD};
    use super::*;
    use crate::Reading;

    /// Public constants of other projects' unit tests: spring-security-ltpa2-core and markusberg/ltpa.
    const V2: &str = "\
Wl3qcMXdvCZjScDwB18/5VYujKDYsptVWXwNVW2yKuZw6h5Kg4amiGDeQCh2xmtNVPgCkzyk66ZWrdY70+nQEe+gotHjJtrcoW/VnbbQAwrQE5GojqK+1Rdj\
vnwmQ9QULqcYAItw4ggZ2JF3CRR5uZ3NSFgkZpzkcMbfuYSWipNXsqEUHKONUlrg0Oc6lNKqWknx87HoPKmTnkGD5gdecu1FJCKUXSk1tanAjN3RaEWY8wox\
MIJQEMw/yeOrA9Fe+1nWjGAR5ITgkm+whpXfzl3n3g7kWHaBJf8DUUlKRsww4oCe3+t85b1WqoTC6FZw2qovLwn3ioRm1eIBDPO+KQZD60Ps4f+QEOjFzkLQ\
C2f6BlZKc8KMHhffRQRpBgOD6kYV/wGDRHuvkK5vMAeJtQ==";
    const DOMINO: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZNeSBUZXN0IFVzZXJjcHMKyXIrtD4SZcV7DKWd67EFng==";
    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhM=";

    fn keyring() -> Keyring {
        let mut keys = Keyring::new();
        keys.add_key_file(FILE.as_bytes(), &[PASSWORD]).unwrap();
        keys.add_domino_secret(&format!("{SECRET}\r\n")).unwrap();
        keys
    }

    #[test]
    fn tokens_are_opened_and_verified() {
        let opened = Token::read(Some("LtpaToken2"), V2).open(&keyring()).unwrap();
        assert_eq!((opened.version, opened.verified), (2, Some(true)));
        let user = "CN=fae6d87c-c642-45a6-9f09-915c7fd8b08c,OU=user,DC=foo,DC=bar";
        assert_eq!((opened.realm.as_deref(), opened.user.as_deref()), (Some("LdapRegistry"), Some(user)));
        assert_eq!(opened.expires_ms, Some(1_519_043_460_000));
        let domino = Token::read(None, DOMINO).open(&keyring()).unwrap();
        assert_eq!((domino.version, domino.verified), (0, Some(true)));
    }

    #[test]
    fn keys_refine_the_class() {
        let token = Token::read(None, V2);
        assert_eq!(token.class, Class::Websphere);
        let keys = keyring();
        let fields = token.fields(&Reading { keys: &keys, ..Reading::masked(0) });
        assert_eq!(fields[0], ("class", "websphere-v2".into()));
        assert!(fields.contains(&("verified", true.into())));
        assert!(fields.contains(&("expires", "2018-02-19T12:31:00Z".into())));
    }

    #[test]
    fn another_secret_signed_nothing() {
        let mut keys = Keyring::new();
        assert_eq!(Token::read(None, DOMINO).open(&keys), None, "no keys, no verdict");
        keys.add_domino_secret("jcDWR0+4RXCEZyLRb8a1zvATUQA=").unwrap();
        assert_eq!(Token::read(None, DOMINO).open(&keys).unwrap().verified, Some(false));
        assert_eq!(Token::read(None, V2).open(&keys), None);
        assert_eq!(Token::read(None, "undefined").open(&keys), None);
    }

    #[test]
    fn a_secret_has_20_bytes() {
        for wrong in ["", "AAEC", "not base64!", "AAECAwQFBgcICQoLDA0ODxAREhMU"] {
            let error = Keyring::new().add_domino_secret(wrong).unwrap_err().to_string();
            assert!(error.contains("28 characters") && !error.contains("AAEC"), "{error}");
        }
    }

    #[test]
    fn debug_counts_and_shows_nothing() {
        assert_eq!(format!("{:?}", keyring()), "Keyring(1 key files, 1 Domino secrets)");
        assert!(Keyring::default().is_empty() && !keyring().is_empty());
    }
}
