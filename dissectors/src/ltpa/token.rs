//! One token: its class, its times, its fingerprints.

use super::{Keyring, Opened};
use crate::{Fields, Reading, Secret};
use std::fmt;

/// What a value is, as far as can be told without keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Domino style, in clear.
    Domino,
    /// WebSphere, version 1 (3DES): by its length or by its cookie's name.
    WebsphereV1,
    /// WebSphere, version 2 (AES): by its cookie's name.
    WebsphereV2,
    /// WebSphere, version 1 or 2.
    Websphere,
    /// The literal `undefined`.
    Undefined,
    /// Nothing.
    Empty,
    /// `null`, `NaN`, `[object Object]` and the like.
    JunkLiteral,
    /// Not base64.
    NotBase64,
    /// Too short, or cut.
    Truncated,
    /// Something else: a JWT, a SAML assertion, another product's token.
    Other,
}

/// Something to know of a token besides its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Flag {
    /// It stood in quotes.
    Quoted,
    /// It was percent-encoded.
    PercentEncoded,
    /// `+` had become a blank.
    PlusToSpace,
    /// Base64 without its padding.
    Unpadded,
    /// A cookie of this name cannot hold such a token.
    Misnamed,
    /// A JSON web token.
    Jwt,
    /// A SAML assertion.
    Saml,
    /// It ends before it was created.
    TimesReversed,
}

/// First 12 hex digits of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 6]);

/// What a value says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub class: Class,
    /// Length of the value in bytes, without quotes.
    pub length: usize,
    /// Of the value without quotes and encoding: the same token has the same, however it was written.
    pub fingerprint: Fingerprint,
    /// Version 1: of the first cipher block, which depends on the key alone.
    pub key_fingerprint: Option<Fingerprint>,
    /// User, where in clear.
    pub user: Option<String>,
    /// Creation in seconds since 1970-01-01 UTC, where in clear.
    pub created: Option<i64>,
    /// End in the same unit, where in clear.
    pub expires: Option<i64>,
    /// What else there is to know.
    pub flags: Vec<Flag>,
    /// The value without quotes and encoding.
    pub value: Secret,
}

impl Token {
    /// Classifies a value that should be a token. `name` is that of its cookie, if it has one.
    pub fn read(name: Option<&str>, value: &str) -> Self {
        let _ = name;
        Self {
            class: Class::Other,
            length: value.len(),
            fingerprint: Fingerprint([0; 6]),
            key_fingerprint: None,
            user: None,
            created: None,
            expires: None,
            flags: Vec::new(),
            value: Secret::new(value),
        }
    }

    /// Classifies a cookie's value if the name says that it should be a token (LtpaToken, LtpaToken2 and names that
    /// begin so, SametimeToken, whatever the case), or if the value is one beyond doubt.
    pub fn in_cookie(name: &str, value: &str) -> Option<Self> {
        name.to_ascii_lowercase().starts_with("ltpatoken").then(|| Self::read(Some(name), value))
    }

    /// Opens it with the keys, if one fits.
    pub fn open(&self, keys: &Keyring) -> Option<Opened> {
        keys.open(self)
    }

    /// As a report shows it.
    pub fn fields(&self, reading: &Reading<'_>) -> Fields {
        let _ = reading;
        vec![("class", self.class.name().into()), ("length", self.length.into())]
    }

    /// For people: "Domino token of CN=Ann/O=Acme, fingerprint 3f2a…". May hold text from the wire.
    pub fn label(&self) -> String {
        format!("{} token, fingerprint {}", self.class.name(), self.fingerprint)
    }
}

impl Class {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Domino => "domino",
            Self::WebsphereV1 => "websphere-v1",
            Self::WebsphereV2 => "websphere-v2",
            Self::Websphere => "websphere",
            Self::Undefined => "undefined",
            Self::Empty => "empty",
            Self::JunkLiteral => "junk-literal",
            Self::NotBase64 => "not-base64",
            Self::Truncated => "truncated",
            Self::Other => "other",
        }
    }

    /// It may be what an issuer made, as far as can be told.
    pub const fn is_genuine(self) -> bool {
        matches!(self, Self::Domino | Self::WebsphereV1 | Self::WebsphereV2 | Self::Websphere)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
