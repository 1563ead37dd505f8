//! JSON web tokens (RFC 7519) whose claims are real and whose signature is none.

use crate::time::SECOND;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// A token with these claims, in the order given: numbers and quoted texts as JSON writes them.
pub fn token(claims: &[(&str, &str)]) -> String {
    let claims: Vec<String> = claims.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let header = r#"{"alg":"RS256","typ":"JWT","kid":"constructed"}"#;
    format!("{}.{}.{}", part(header), part(&format!("{{{}}}", claims.join(","))), part("no signature at all"))
}

/// A token of that user by that issuer, for `audience`; `from` and `until` in nanoseconds since 1970.
pub fn of_user(user: &str, issuer: &str, audience: &str, from: u64, until: u64) -> String {
    let quoted = |text: &str| format!("\"{text}\"");
    let seconds = |at: u64| (at / SECOND).to_string();
    token(&[
        ("iss", &quoted(issuer)),
        ("sub", &quoted(user)),
        ("aud", &quoted(audience)),
        ("iat", &seconds(from)),
        ("exp", &seconds(until)),
    ])
}
