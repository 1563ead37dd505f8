//! A JSON web token in words: its claims, read without keys. Nothing here says that its signature holds.

use super::held::with;
use super::{TokenSubject, between, seconds, sizes};
use nrpcsniff_dissectors::jwt::Jwt;
use nrpcsniff_dissectors::ltpa::{Token, utc};
use nrpcsniff_dissectors::{Fields, Reading, Value};

/// Seconds that servers let clocks differ: as with an LTPA token.
const TOLERANCE: i64 = 300;

/// What it is, where it was found.
pub(super) fn heading(name: Option<&str>) -> &'static str {
    if is_misplaced(name) { "no LTPA token, but a JSON web token (JWT)" } else { "a JSON web token (JWT)" }
}

/// What it is for, and what was not done.
pub(super) fn meaning(name: Option<&str>) -> &'static str {
    if is_misplaced(name) {
        "A JWT is signed by another method and is accepted only by servers that were set up for it (Sametime 12 and later use it \
         among themselves). A server that wants LTPA ignores it. Its claims stand here as they were written; its signature was \
         not verified."
    } else {
        "Sametime 12, Domino 14, the Domino REST API and identity providers (OpenID Connect) sign users on with such tokens. Its \
         claims stand here as they were written; its signature was not verified, for that takes the issuer's key. Whoever holds \
         it is that user until it ends: handle it like a password."
    }
}

/// It was found where an LTPA token belongs.
fn is_misplaced(name: Option<&str>) -> bool {
    name.is_some_and(|name| name.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("LtpaToken")))
}

/// Label and value of every claim that is there.
pub(super) fn rows(subject: &TokenSubject<'_>, token: &Token, jwt: &Jwt) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let mut row = |label, text: Option<String>| rows.extend(text.map(|text| (label, text)));
    row("subject", jwt.subject.clone());
    row("user", jwt.user.clone());
    row("issuer", jwt.issuer.clone());
    row("audience", (!jwt.audience.is_empty()).then(|| jwt.audience.join(", ")));
    row("issued", jwt.issued.map(utc));
    row("from", jwt.not_before.map(utc));
    row("until", jwt.expires.map(|end| format!("{}{}", utc(end), life(jwt, end))));
    row("expired", Some(verdict(subject, jwt)));
    let key = jwt.key_id.as_ref().map(|id| format!(", key {id}")).unwrap_or_default();
    row("algorithm", jwt.algorithm.as_ref().map(|algorithm| format!("{algorithm}{key}")));
    row("signature", Some(signature(jwt).to_owned()));
    rows.extend(sizes(subject, token));
    rows
}

fn life(jwt: &Jwt, end: i64) -> String {
    let life = jwt.begins().and_then(|begin| end.checked_sub(begin)).filter(|&life| life >= 0);
    life.map(|life| format!(", {} after it began", between(life))).unwrap_or_default()
}

fn signature(jwt: &Jwt) -> &'static str {
    match jwt.algorithm.as_deref() {
        _ if jwt.is_encrypted => "not verified: the token is encrypted, and its claims with it",
        Some(none) if none.eq_ignore_ascii_case("none") => "it has none (alg none): no server should take it",
        _ => "not verified: that takes the issuer's key",
    }
}

/// Whether it had ended, and by which clock.
fn verdict(subject: &TokenSubject<'_>, jwt: &Jwt) -> String {
    let (now, at) = (subject.now.whole_seconds(), seconds(subject.now));
    let clock = if subject.now_given { "(--now)" } else { "(the clock of this machine; --now TIME gives another)" };
    match jwt.expires {
        None => "cannot be told: it claims no end".to_owned(),
        Some(end) => {
            let apart = between(now.saturating_sub(end).saturating_abs());
            if end < now {
                format!("yes, {apart} before {at} {clock}")
            } else {
                format!("no, {apart} are left at {at} {clock}")
            }
        }
    }
}

/// Remedies: what the times tell, then what is misplaced.
pub(super) fn advice(subject: &TokenSubject<'_>, jwt: &Jwt) -> Vec<String> {
    let now = subject.now.whole_seconds();
    let cases = [
        (
            jwt.begins().is_some_and(|begin| begin > now.saturating_add(TOLERANCE)),
            "It is not valid yet: the clock of its issuer is ahead, or that by which it was judged is behind. Set all servers by \
             the same time source (Domino 14 allows 15 s by default, OIDC_LOGIN_CLOCK_SKEW_SEC).",
        ),
        (
            jwt.expires.is_some_and(|end| end < now),
            "It had ended: log in again, or see why its renewal was refused. If that happens too soon, look at the lifetime that \
             the issuer gives its tokens.",
        ),
        (is_misplaced(subject.name), "Look which server issued it: where it was found, an LTPA token belongs."),
    ];
    cases.into_iter().filter(|(is, _)| *is).map(|(_, text)| text.to_owned()).collect()
}

/// The fields of a token, with those of its claims. Its class is "other", as that of all tokens which are none of LTPA's, so that
/// programs which know only these still read it; the flag says what it is.
pub(super) fn fields(fields: Fields, jwt: &Jwt, reading: &Reading<'_>) -> Fields {
    let now = reading.now.div_euclid(1_000_000_000);
    let judged = [
        (jwt.expires.is_some_and(|end| end < now), "expired"),
        (jwt.begins().is_some_and(|begin| begin > now.saturating_add(TOLERANCE)), "future"),
    ];
    let flags = std::iter::once("jwt").chain(judged.into_iter().filter_map(|(is, word)| is.then_some(word)));
    let audience: Vec<Value> = jwt.audience.iter().map(|one| one.as_str().into()).collect();
    with(
        fields,
        vec![
            ("class", "other".into()),
            ("user", jwt.whose().map(str::to_owned).into()),
            ("created", jwt.issued.map(utc).into()),
            ("expires", jwt.expires.map(utc).into()),
            ("flags", flags.map(Value::from).collect::<Vec<_>>().into()),
            ("subject", jwt.subject.clone().into()),
            ("issuer", jwt.issuer.clone().into()),
            ("audience", audience.into()),
            ("not_before", jwt.not_before.map(utc).into()),
            ("algorithm", jwt.algorithm.clone().into()),
            ("key_id", jwt.key_id.clone().into()),
            ("encrypted", jwt.is_encrypted.into()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Held, explain, json};
    use super::*;
    use crate::model::Timestamp;
    use nrpcsniff_dissectors::ltpa::Keyring;

    /// HS256, uid=anna,o=example by "sametime", 2023-11-14 22:13:20 to 23:13:20.
    const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1aWQ9YW5uYSxvPWV4YW1wbGUiLCJpc3MiOiJzYW1ldGltZSIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjoxNzAwMDAzNjAwfQ.LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE";

    fn shown(name: Option<&str>, now: i64, as_json: bool) -> String {
        let held = Held::Jwt { token: Token::read(name, JWT), jwt: Box::new(Jwt::read(JWT).unwrap()) };
        let (keys, now) = (Keyring::new(), Timestamp::new(now * 1_000_000_000, 0));
        let subject = TokenSubject { name, held: &held, now, now_given: true, keys: &keys, show_secrets: false };
        let mut out = Vec::new();
        if as_json {
            json(&subject, &mut out).unwrap();
        } else {
            explain(&subject, false, 90, &mut out).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("LXEWQrcm") && !text.contains("eyJ"), "{text}");
        text
    }

    #[test]
    fn claims_are_told_and_nothing_is_called_verified() {
        let text = shown(Some("sametimeJwt"), 1_700_007_200, false);
        for part in [
            "sametimeJwt: a JSON web token (JWT)",
            "subject      uid=anna,o=example",
            "issuer       sametime",
            "until        2023-11-14T23:13:20Z, 60.0 min after it began",
            "expired      yes, 60.0 min before",
            "signature    not verified",
            "It had ended",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let living = shown(None, 1_700_000_100, false);
        assert!(living.contains("expired      no, ") && !living.contains("what to do"), "{living}");
        assert!(shown(None, 1_699_990_000, false).contains("not valid yet"));
        assert!(shown(Some("LtpaToken2"), 1_700_000_100, false).contains("an LTPA token belongs"));
    }

    #[test]
    fn json_has_the_claims() {
        let value: serde_json::Value = serde_json::from_str(&shown(Some("sametimeJwt"), 1_700_007_200, true)).unwrap();
        assert_eq!(value["class"], "other");
        assert_eq!(value["flags"], serde_json::json!(["jwt", "expired"]));
        assert_eq!((&value["user"], &value["issuer"]), (&"uid=anna,o=example".into(), &"sametime".into()));
        assert_eq!(
            (&value["created"], &value["expires"]),
            (&"2023-11-14T22:13:20Z".into(), &"2023-11-14T23:13:20Z".into())
        );
        assert!(value["verified"].is_null() && value["not_before"].is_null());
    }
}
