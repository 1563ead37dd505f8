//! Keys that open and verify tokens.

use super::{Class, Token};

/// Keys that open and verify tokens. Its `Debug` shows how many, not which.
#[derive(Default)]
pub struct Keyring {
    domino: Vec<[u8; 20]>,
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
    /// The signature holds. `None`: the key file has no public key.
    pub verified: Option<bool>,
    /// Version: 0 Domino, 1 or 2 WebSphere.
    pub version: u8,
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
        Self { domino: Vec::new() }
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.domino.is_empty()
    }

    /// Opens a token with the first key that fits.
    pub fn open(&self, token: &Token) -> Option<Opened> {
        let _ = token;
        None
    }
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} Domino secrets)", self.domino.len())
    }
}
