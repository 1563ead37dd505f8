//! One token: its class, its times, its fingerprints.

use super::text::{self, Plain};
use super::{Keyring, Opened, domino};
use crate::Secret;
use sha2::{Digest, Sha256};
use std::fmt;

/// Longer values are no tokens: browsers keep cookies of 4 KiB (RFC 6265 section 6.1), and few servers take 8 KiB.
const MAX_LENGTH: usize = 16 * 1024;
/// Block of 3DES in bytes.
const V1_BLOCK: usize = 8;
/// Block of AES in bytes.
const V2_BLOCK: usize = 16;
/// Least bytes of version 1: `u:user\\:` (8), a realm and a name, `%` and 13 digits of time, `%` and 172 characters of a
/// signature of 1024 bits, filled up to a block.
const MIN_V1: usize = 208;
/// Least bytes of version 2: the same behind `expire:`, 13 digits and `$`.
const MIN_V2: usize = 240;
/// What scripts and servers write for "nothing" besides `undefined`.
const LITERALS: [&str; 7] = ["null", "(null)", "NaN", "none", "false", "deleted", "[object Object]"];

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
    /// It stood in quotes of which one is missing.
    HalfQuoted,
    /// It was percent-encoded.
    PercentEncoded,
    /// `+` had become a blank.
    PlusToSpace,
    /// Base64 without its padding.
    Unpadded,
    /// A cookie of this name cannot hold such a token.
    Misnamed,
    /// The cookie's name says nothing: the value told that this is a token.
    KnownByValue,
    /// A JSON web token.
    Jwt,
    /// A SAML assertion.
    Saml,
    /// It begins as Domino's tokens do, though it is none that could be read.
    DominoHeader,
    /// Base64 of text, or of bytes too alike to be encrypted.
    NotEncrypted,
    /// Longer than any token: only length, class and fingerprint were kept.
    TooLong,
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
    /// Length of the value in bytes, without quotes and percent-encoding.
    pub length: usize,
    /// Of the value without quotes and encoding: the same token has the same, however it was written.
    pub fingerprint: Fingerprint,
    /// Version 1: of the first cipher block, which depends on the key alone: another fingerprint, other keys.
    pub key_fingerprint: Option<Fingerprint>,
    /// Version 2: of the first cipher block, which depends on the key and on the time of expiry to ten seconds. The same
    /// fingerprint, the same keys; another one proves nothing.
    pub slot_fingerprint: Option<Fingerprint>,
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
        let mut plain = Plain::new(value);
        let length = plain.text.len();
        let word = word(&plain.text);
        let raw = if word.is_none() { plain.decode() } else { None };
        let mut token = Self {
            class: word.unwrap_or(Class::Other),
            length,
            fingerprint: Fingerprint::of(plain.text.as_bytes()),
            key_fingerprint: None,
            slot_fingerprint: None,
            user: None,
            created: None,
            expires: None,
            flags: plain.flags,
            value: Secret::default(),
        };
        // No product makes one so long: it is not kept, so that hostile cookies cost no memory.
        if length > MAX_LENGTH {
            token.flags.push(Flag::TooLong);
            return token;
        }
        if word.is_none() {
            token.class = token.classify(name.map_or(Name::Other, Name::of), &plain.text, raw.as_deref());
        }
        token.value = Secret::new(plain.text);
        token
    }

    /// Classifies a cookie's value if the name says that it should be a token (LtpaToken, LtpaToken2 and names that
    /// begin so, SametimeToken, whatever the case), or if the value is one beyond doubt: Domino's tokens are, whatever
    /// the cookie's name ([`Flag::KnownByValue`]); WebSphere's look like anything encrypted.
    pub fn in_cookie(name: &str, value: &str) -> Option<Self> {
        if Name::of(name) != Name::Other {
            return Some(Self::read(Some(name), value));
        }
        // Cheap, for every cookie is asked: the header in base64, within the first few characters.
        let start: String = value.chars().take(12).collect();
        let mut token = start.contains("AAECA").then(|| Self::read(Some(name), value))?;
        token.flags.push(Flag::KnownByValue);
        Some(token).filter(|token| token.class == Class::Domino)
    }

    /// Opens it with the keys, if one fits.
    pub fn open(&self, keys: &Keyring) -> Option<Opened> {
        keys.open(self)
    }

    /// The bytes behind the base64.
    pub fn raw(&self) -> Option<Vec<u8>> {
        text::decode(self.value.expose())
    }

    /// It holds that flag.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// For people: "Domino token of CN=Ann/O=Acme, fingerprint 3f2a…". May hold text from the wire.
    pub fn label(&self) -> String {
        let what = self.what();
        match &self.user {
            Some(user) => format!("{what} of {user}, fingerprint {}", self.fingerprint),
            None if self.class.is_word() => what.to_owned(),
            None => format!("{what}, fingerprint {}", self.fingerprint),
        }
    }

    fn what(&self) -> &'static str {
        match self.class {
            Class::Domino => "Domino token",
            Class::WebsphereV1 => "WebSphere token (version 1)",
            Class::WebsphereV2 => "WebSphere token (version 2)",
            Class::Websphere => "WebSphere token (version 1 or 2)",
            Class::Undefined => "the word \"undefined\" instead of a token",
            Class::Empty => "an empty value instead of a token",
            Class::JunkLiteral => "a script's word for nothing instead of a token",
            Class::NotBase64 => "a value that is not base64, so no LTPA token",
            Class::Truncated if self.has(Flag::DominoHeader) => "Domino token that was cut or damaged",
            Class::Truncated => "token that was cut",
            Class::Other if self.has(Flag::Jwt) => "JSON web token, no LTPA token",
            Class::Other if self.has(Flag::Saml) => "SAML assertion, no LTPA token",
            Class::Other => "value that is no LTPA token",
        }
    }

    /// What it is, if it is more than a word.
    fn classify(&mut self, name: Name, text: &str, raw: Option<&[u8]>) -> Class {
        match raw {
            _ if is_jwt(text) => self.other(Flag::Jwt),
            None => Class::NotBase64,
            Some(raw) if domino::is_domino(raw) => self.domino(name, raw),
            Some(raw) => self.foreign(raw).unwrap_or_else(|| self.websphere(name, raw)),
        }
    }

    fn other(&mut self, why: Flag) -> Class {
        self.flags.push(why);
        Class::Other
    }

    fn domino(&mut self, name: Name, raw: &[u8]) -> Class {
        let clear = domino::read(raw);
        self.created = clear.as_ref().map(|clear| clear.created);
        self.expires = clear.as_ref().map(|clear| clear.expires);
        self.user = clear.and_then(|clear| clear.user);
        if self.created > self.expires {
            self.flags.push(Flag::TimesReversed);
        }
        if name == Name::LtpaToken2 {
            self.flags.push(Flag::Misnamed);
        }
        if self.user.is_some() {
            return Class::Domino;
        }
        self.flags.push(Flag::DominoHeader);
        Class::Truncated
    }

    /// Base64 of what no issuer of LTPA tokens makes.
    fn foreign(&mut self, raw: &[u8]) -> Option<Class> {
        let is_text = raw.iter().all(|&byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'));
        let flag = match raw {
            [b'{', ..] if is_text => Flag::Jwt,
            [b'<', ..] if is_text => Flag::Saml,
            _ if is_text || is_uniform(raw) => Flag::NotEncrypted,
            _ => return None,
        };
        Some(self.other(flag))
    }

    /// A whole number of cipher blocks, and room for a signature.
    fn websphere(&mut self, name: Name, raw: &[u8]) -> Class {
        let class = match (name, raw.len() % 16) {
            (_, 8) | (Name::LtpaToken, 0) => Class::WebsphereV1,
            (Name::LtpaToken2, 0) => Class::WebsphereV2,
            (_, 0) => Class::Websphere,
            _ => return Class::Truncated,
        };
        let least = if class == Class::WebsphereV2 { MIN_V2 } else { MIN_V1 };
        if raw.len() < least {
            return Class::Truncated;
        }
        if name == Name::LtpaToken2 && class == Class::WebsphereV1 {
            self.flags.push(Flag::Misnamed);
        }
        match class {
            Class::WebsphereV1 => self.key_fingerprint = raw.get(..V1_BLOCK).map(Fingerprint::of),
            Class::WebsphereV2 => self.slot_fingerprint = raw.get(..V2_BLOCK).map(Fingerprint::of),
            _ => {}
        }
        class
    }
}

/// What a cookie's name says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    LtpaToken,
    LtpaToken2,
    Sametime,
    Other,
}

impl Name {
    fn of(name: &str) -> Self {
        let begins = |with: &str| name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        match name.trim() {
            _ if begins("LtpaToken2") => Self::LtpaToken2,
            _ if begins("LtpaToken") => Self::LtpaToken,
            _ if begins("SametimeToken") => Self::Sametime,
            _ => Self::Other,
        }
    }
}

/// Nothing, or what scripts write for it.
fn word(text: &str) -> Option<Class> {
    let is = |literal: &str| text.eq_ignore_ascii_case(literal);
    match text {
        "" => Some(Class::Empty),
        _ if is("undefined") => Some(Class::Undefined),
        _ if LITERALS.into_iter().any(is) => Some(Class::JunkLiteral),
        _ => None,
    }
}

/// Three parts parted by dots, the first the base64 of `{"` (RFC 7519 section 3).
fn is_jwt(text: &str) -> bool {
    let parts = text.split('.');
    let alphabet =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'='));
    text.starts_with("eyJ") && parts.clone().count() == 3 && parts.clone().all(alphabet)
}

/// So few different bytes as no cipher leaves: of 208 random bytes about 140 differ.
fn is_uniform(raw: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in raw {
        if let Some(slot) = seen.get_mut(usize::from(byte)) {
            *slot = true;
        }
    }
    raw.len() >= MIN_V1 && seen.iter().filter(|&&seen| seen).count() < 64
}

impl Flag {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quoted => "quoted",
            Self::HalfQuoted => "half-quoted",
            Self::PercentEncoded => "percent-encoded",
            Self::PlusToSpace => "plus-to-space",
            Self::Unpadded => "unpadded",
            Self::Misnamed => "misnamed",
            Self::KnownByValue => "known-by-value",
            Self::Jwt => "jwt",
            Self::Saml => "saml",
            Self::DominoHeader => "domino-header",
            Self::NotEncrypted => "not-encrypted",
            Self::TooLong => "too-long",
            Self::TimesReversed => "times-reversed",
        }
    }
}

impl Fingerprint {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        Self(digest.first_chunk().copied().unwrap_or_default())
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

    /// It is nothing, or a word for it.
    pub const fn is_word(self) -> bool {
        matches!(self, Self::Empty | Self::Undefined | Self::JunkLiteral)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Public constants of other projects' unit tests (github.com/markusberg/ltpa; github.com/eclipse/amlen).
    const DOMINO: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZNeSBUZXN0IFVzZXJjcHMKyXIrtD4SZcV7DKWd67EFng==";
    const SHORT_DOMINO: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZNeSBUZXN0IFVzZXJj";

    /// Base64 of that many bytes that look encrypted.
    fn cipher(length: usize) -> String {
        use base64::Engine;
        let bytes = (0u32..).flat_map(|n| Fingerprint::of(&n.to_le_bytes()).0).take(length);
        base64::engine::general_purpose::STANDARD.encode(bytes.collect::<Vec<_>>())
    }

    fn class(name: &str, value: &str) -> Class {
        Token::read(Some(name), value).class
    }

    #[test]
    fn a_domino_token_says_who_and_until_when() {
        let token = Token::read(Some("LtpaToken"), DOMINO);
        assert_eq!((token.class, token.length, token.flags.len()), (Class::Domino, DOMINO.len(), 0));
        assert_eq!(token.user.as_deref(), Some("My Test User"));
        assert_eq!((token.created, token.expires), (Some(1_234_567_590), Some(1_234_573_590)));
        assert_eq!(token.fingerprint.to_string(), "dc02c3400ce9");
        assert!(token.label().starts_with("Domino token of My Test User, fingerprint "));
    }

    #[test]
    fn however_it_is_written_it_is_the_same_token() {
        let clean = Token::read(None, DOMINO);
        let encoded = DOMINO.replace('+', "%2B").replace('=', "%3D");
        for value in [format!("\"{DOMINO}\""), format!("“{DOMINO}”"), encoded, DOMINO.trim_end_matches('=').into()]
        {
            let token = Token::read(None, &value);
            assert_eq!((token.class, token.fingerprint), (Class::Domino, clean.fingerprint), "{value}");
            assert_eq!(token.value, clean.value);
            assert_eq!(token.flags.len(), 1, "{value}");
        }
    }

    #[test]
    fn words_for_nothing() {
        assert_eq!(class("LtpaToken", "undefined"), Class::Undefined);
        assert_eq!(class("LtpaToken", "\"Undefined\""), Class::Undefined);
        for value in ["null", "NaN", "none", "FALSE", "deleted", "[object Object]", "%5Bobject%20Object%5D"] {
            assert_eq!(class("LtpaToken", value), Class::JunkLiteral, "{value}");
        }
        for value in ["", "\"\"", "  ", "“”"] {
            assert_eq!(class("LtpaToken", value), Class::Empty, "{value}");
        }
    }

    #[test]
    fn length_and_name_tell_the_versions_apart() {
        let (by_8, by_16) = (cipher(264), cipher(288));
        assert_eq!(class("ltpatoken", &by_8), Class::WebsphereV1);
        assert_eq!(class("LtpaToken", &by_16), Class::WebsphereV1);
        assert_eq!(class("LTPATOKEN2", &by_16), Class::WebsphereV2);
        assert_eq!(class("LtpaToken2_mq", &by_16), Class::WebsphereV2);
        assert_eq!(class("SametimeToken", &by_16), Class::Websphere);
        assert_eq!(Token::read(None, &by_8).class, Class::WebsphereV1);
        let misnamed = Token::read(Some("LtpaToken2"), &by_8);
        assert_eq!((misnamed.class, misnamed.flags.as_slice()), (Class::WebsphereV1, [Flag::Misnamed].as_slice()));
        assert!(Token::read(Some("LtpaToken2"), DOMINO).has(Flag::Misnamed));
    }

    #[test]
    fn what_was_cut_is_said_to_be_cut() {
        for length in [150, 263, 265, 8, 200, 64] {
            assert_eq!(class("LtpaToken", &cipher(length)), Class::Truncated, "{length}");
        }
        assert_eq!(class("LtpaToken2", &cipher(224)), Class::Truncated);
        assert_eq!(class("LtpaToken", &cipher(208)), Class::WebsphereV1);
        let short = Token::read(Some("LtpaToken"), SHORT_DOMINO);
        assert_eq!((short.class, short.user), (Class::Truncated, None));
        assert_eq!((short.flags.as_slice(), short.expires), ([Flag::DominoHeader].as_slice(), Some(1_234_573_590)));
    }

    #[test]
    fn what_others_issue_is_no_ltpa_token() {
        let jwt = Token::read(Some("LtpaToken2"), "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2ln-_");
        assert_eq!((jwt.class, jwt.flags), (Class::Other, vec![Flag::Jwt]));
        let saml = Token::read(Some("LtpaToken"), "PHNhbWxwOlJlc3BvbnNlPjwvc2FtbHA6UmVzcG9uc2U+");
        assert_eq!((saml.class, saml.flags), (Class::Other, vec![Flag::Saml]));
        let text = Token::read(Some("LtpaToken"), "c29tZSBwbGFpbiB0ZXh0");
        assert_eq!((text.class, text.flags), (Class::Other, vec![Flag::NotEncrypted]));
        let zeros = Token::read(Some("LtpaToken"), &"AAAA".repeat(100));
        assert_eq!((zeros.class, zeros.flags), (Class::Other, vec![Flag::NotEncrypted]));
        assert_eq!(class("LtpaToken", "a;b"), Class::NotBase64);
    }

    #[test]
    fn a_cookie_is_known_by_name_or_beyond_doubt_by_value() {
        let read = |name, value: &str| Token::in_cookie(name, value).map(|token| (token.class, token.flags));
        assert_eq!(read("sametimetoken", "x!"), Some((Class::NotBase64, vec![])));
        assert_eq!(read("AcmeSSO", DOMINO), Some((Class::Domino, vec![Flag::KnownByValue])));
        assert_eq!(read("AcmeSSO", &format!("\"{DOMINO}\"")).unwrap().0, Class::Domino);
        assert_eq!(read("LtpaToken", DOMINO), Some((Class::Domino, vec![])));
        assert_eq!(read("AcmeSSO", SHORT_DOMINO), None);
        assert_eq!(read("JSESSIONID", &cipher(288)), None);
        assert_eq!(read("JSESSIONID", "undefined"), None);
        assert_eq!(read("Ltpatöken", ""), None);
    }

    #[test]
    fn a_long_value_leaves_its_fingerprint_only() {
        let text = "QUJD".repeat(4097);
        let token = Token::read(Some("LtpaToken"), &text);
        assert_eq!(
            (token.class, token.length, token.flags.as_slice()),
            (Class::Other, 16_388, [Flag::TooLong].as_slice())
        );
        assert!(token.value.is_empty());
        assert_eq!(token.fingerprint, Fingerprint::of(text.as_bytes()));
    }
}
