//! JSON web tokens (RFC 7519): what they claim, read without keys. Whether the signature holds is not judged.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// Longer values are no tokens: browsers keep cookies of 4 KiB, and few servers take headers of 16.
const MAX_LENGTH: usize = 16 * 1024;
/// Audiences that are kept.
const AUDIENCES: usize = 16;
/// Characters of a claim that are kept.
const MAX_TEXT: usize = 256;
/// The first moment of 2100: an end behind it is written in milliseconds, as some issuers do by mistake.
const YEAR_2100: i64 = 4_102_444_800;

/// What a token claims. Whose it is and who wrote it is no secret; the signature is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Jwt {
    /// Algorithm of the signature (`alg`), or of the encryption of the key.
    pub algorithm: Option<String>,
    /// Which key of the issuer (`kid`).
    pub key_id: Option<String>,
    /// It is encrypted (RFC 7516): nothing of its claims can be read.
    pub is_encrypted: bool,
    /// Issuer (`iss`).
    pub issuer: Option<String>,
    /// Subject (`sub`): the user, as the issuer knows him.
    pub subject: Option<String>,
    /// The user in words that people know: `upn`, `email`, `preferred_username`.
    pub user: Option<String>,
    /// Whom it is for (`aud`): at most 16.
    pub audience: Vec<String>,
    /// End (`exp`), in seconds since 1970-01-01 UTC.
    pub expires: Option<i64>,
    /// Beginning (`nbf`), in the same unit.
    pub not_before: Option<i64>,
    /// When it was issued (`iat`), in the same unit.
    pub issued: Option<i64>,
}

impl Jwt {
    /// Reads a value, quotes around it left out; `None` if it is no token of this kind.
    pub fn read(value: &str) -> Option<Self> {
        let value = value.trim().trim_matches('"');
        if value.len() > MAX_LENGTH || !value.starts_with("eyJ") {
            return None;
        }
        let parts: Vec<&str> = value.splitn(6, '.').collect();
        let header = object(parts.first()?)?;
        let mut token = Self { algorithm: text_of(&header, "alg"), key_id: text_of(&header, "kid"), ..Self::default() };
        match parts.as_slice() {
            [_, claims, _] => token.claims(&object(claims)?),
            [_, _, _, _, _] => token.is_encrypted = true,
            _ => return None,
        }
        Some(token)
    }

    fn claims(&mut self, claims: &Map<String, Value>) {
        self.issuer = text_of(claims, "iss");
        self.subject = text_of(claims, "sub");
        self.user = ["upn", "email", "preferred_username"].into_iter().find_map(|name| text_of(claims, name));
        self.audience = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).take(AUDIENCES).map(kept).collect(),
            Some(Value::String(one)) => vec![kept(one)],
            _ => Vec::new(),
        };
        let time = |name| claims.get(name).and_then(seconds);
        (self.expires, self.not_before, self.issued) = (time("exp"), time("nbf"), time("iat"));
    }

    /// The user as the token names him: in words that people know, else its subject.
    pub fn whose(&self) -> Option<&str> {
        self.user.as_deref().or(self.subject.as_deref())
    }

    /// When it begins: not before that time, nor before it was issued.
    pub fn begins(&self) -> Option<i64> {
        self.not_before.max(self.issued)
    }
}

/// One part: base64url of a JSON object (RFC 7515 section 2).
fn object(part: &str) -> Option<Map<String, Value>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let bytes = GeneralPurpose::new(&URL_SAFE, config).decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn text_of(object: &Map<String, Value>, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(kept)
}

fn kept(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// A NumericDate (RFC 7519 section 2): seconds, perhaps with a fraction; or milliseconds, by mistake.
fn seconds(value: &Value) -> Option<i64> {
    let whole = || value.to_string().split('.').next().and_then(|whole| whole.parse().ok());
    let number = value.as_i64().or_else(|| value.is_f64().then(whole).flatten())?;
    Some(if number >= YEAR_2100 { number.div_euclid(1000) } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        let engine = GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_encode_padding(false));
        format!("{}.{}.c2ln", engine.encode(header), engine.encode(claims))
    }

    const HEADER: &str = r#"{"alg":"RS256","kid":"k1"}"#;

    #[test]
    fn claims_are_read() {
        let claims = r#"{"iss":"https://idp.example.org","sub":"4711","aud":["a","b"],"exp":1700003600,"nbf":1700000000.5,
            "iat":1700000000,"email":"ann@example.com"}"#;
        let read = Jwt::read(&format!("\"{}\"", token(HEADER, claims))).unwrap();
        assert_eq!((read.algorithm.as_deref(), read.key_id.as_deref()), (Some("RS256"), Some("k1")));
        assert_eq!((read.issuer.as_deref(), read.whose()), (Some("https://idp.example.org"), Some("ann@example.com")));
        assert_eq!(read.audience, ["a", "b"]);
        assert_eq!((read.expires, read.begins()), (Some(1_700_003_600), Some(1_700_000_000)));
    }

    #[test]
    fn what_issuers_do() {
        let read = |claims: &str| Jwt::read(&token(HEADER, claims)).unwrap();
        assert_eq!(read(r#"{"aud":"one","sub":"ann"}"#).audience, ["one"]);
        assert_eq!(read(r#"{"exp":1700003600000}"#).expires, Some(1_700_003_600));
        assert_eq!(read(r#"{"exp":"soon","aud":7,"sub":""}"#), read("{}"));
        assert_eq!(read(&format!(r#"{{"sub":"{}"}}"#, "é".repeat(600))).subject.map(|s| s.chars().count()), Some(256));
        let sealed = Jwt::read(&format!("{}.YQ.YQ.YQ.YQ", token(HEADER, "{}").split('.').next().unwrap())).unwrap();
        assert!(sealed.is_encrypted && sealed.expires.is_none());
    }

    #[test]
    fn what_is_none() {
        let whole = token(HEADER, "{}");
        for value in ["", "eyJ", "eyJ.eyJ.x", "AAECAw==", "eyJhbGciOiJIUzI1NiJ9.eyJ", &whole[..whole.len() - 5]] {
            assert_eq!(Jwt::read(value), None, "{value}");
        }
        assert_eq!(Jwt::read(&format!("{whole}{}", "A".repeat(MAX_LENGTH))), None);
        assert_eq!(Jwt::read(&format!("{whole}.a.b.c")), None);
    }
}
