//! One sign-on token explained: as text for people, or as a JSON object.

mod held;
mod jwt;
mod words;

pub(crate) use held::Held;
pub(crate) use words::nothing;

use super::escape::JsonFormatter;
use super::text::{Paint, span, wrap};
use super::view::FieldsView;
use crate::model::Timestamp;
use nrpcsniff_dissectors::ltpa::{Class, Facts, Keyring, Token, utc};
use nrpcsniff_dissectors::{Fields, Reading, Value};
use serde::Serialize;
use std::io::{self, Write};

/// A token and how it is to be looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenSubject<'a> {
    /// Name of its cookie.
    pub name: Option<&'a str>,
    /// What it holds.
    pub held: &'a Held,
    /// The time by which it is judged.
    pub now: Timestamp,
    /// That time is the user's; else it is the machine's.
    pub now_given: bool,
    /// Keys that may open it.
    pub keys: &'a Keyring,
    /// True if the value of the token is shown.
    pub show_secrets: bool,
}

/// Writes what the token is, what it says and what to do.
pub(crate) fn explain(subject: &TokenSubject<'_>, color: bool, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let explanation = Explanation::of(subject);
    let (paint, width) = (Paint(color), width.clamp(40, 100));
    let heading =
        subject.name.map_or(explanation.heading.to_owned(), |name| format!("{name}: {}", explanation.heading));
    writeln!(out, "{}", paint.bold(&wrap(&heading, "", width)))?;
    for (label, text) in explanation.rows {
        writeln!(out, "{}", wrap(&text, &format!("  {label:<12} "), width))?;
    }
    writeln!(out, "\n{}", wrap(explanation.meaning, "", width))?;
    if explanation.advice.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.bold("Likely causes, and what to do"))?;
    for (index, line) in explanation.advice.iter().enumerate() {
        writeln!(out, "{}", wrap(line, &format!("  {}. ", index + 1), width))?;
    }
    Ok(())
}

/// What people read of a token.
struct Explanation {
    heading: &'static str,
    rows: Vec<(&'static str, String)>,
    meaning: &'static str,
    advice: Vec<String>,
}

impl Explanation {
    fn of(subject: &TokenSubject<'_>) -> Self {
        match subject.held {
            Held::Ltpa(token) => {
                let facts = token.facts(subject.keys);
                Self {
                    heading: words::heading(facts.class, token),
                    rows: rows(subject, token, &facts),
                    meaning: words::meaning(facts.class, token),
                    advice: words::advice(token, &facts, subject.now.nanos()),
                }
            }
            Held::Jwt { token, jwt } => Self {
                heading: jwt::heading(subject.name),
                rows: jwt::rows(subject, token, jwt),
                meaning: jwt::meaning(subject.name),
                advice: jwt::advice(subject, jwt),
            },
            Held::DominoSession(token) => Self {
                heading: "a session cookie of one Domino server, no single sign-on",
                rows: sizes(subject, token),
                meaning: words::DOMINO_SESSION,
                advice: words::lines(&words::FOR_SINGLE_SIGN_ON),
            },
        }
    }
}

/// Writes the token as one line of JSON: the fields that it has in a report, and what they mean.
pub(crate) fn json(subject: &TokenSubject<'_>, out: &mut dyn Write) -> io::Result<()> {
    let now = subject.now.nanos();
    let reading = Reading { seen: now, now, keys: subject.keys, show_secrets: subject.show_secrets };
    let Explanation { meaning, advice, .. } = Explanation::of(subject);
    let advice: Vec<Value> = advice.into_iter().map(Into::into).collect();
    let mut fields: Fields = vec![("cookie", subject.name.map(str::to_owned).into())];
    fields.extend(subject.held.fields(&reading));
    fields.extend([
        ("judged_at", seconds(subject.now).into()),
        ("explanation", meaning.into()),
        ("advice", advice.into()),
    ]);
    line(fields, out)
}

/// Writes that a text holds no token, as one line of JSON.
pub(crate) fn json_of_nothing(sentence: &str, out: &mut dyn Write) -> io::Result<()> {
    line(vec![("cookie", Value::Null), ("class", "other".into()), ("explanation", sentence.into())], out)
}

fn line(fields: Fields, out: &mut dyn Write) -> io::Result<()> {
    FieldsView(fields).serialize(&mut serde_json::Serializer::with_formatter(&mut *out, JsonFormatter::compact()))?;
    writeln!(out)
}

/// Label and value of everything that is known of a token. The value itself comes only if secrets are shown, since
/// whoever has it is logged in.
fn rows(subject: &TokenSubject<'_>, token: &Token, facts: &Facts) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    let mut row = |label, text: Option<String>| rows.extend(text.map(|text| (label, text)));
    row("user", facts.user.clone());
    row("realm", facts.realm.clone());
    row("created", facts.created.map(utc));
    row("expires", facts.expires.map(|expires| end(expires, facts.created)));
    row("also ends", facts.disputed_end.map(|end| format!("{}, outside of what is signed", utc(end))));
    row("expired", facts.expires.map(|expires| verdict(subject, expires)));
    let others: Vec<_> = facts.attributes.iter().map(|(name, value)| format!("{name} {value}")).collect();
    row("says also", (!others.is_empty()).then(|| others.join(", ")));
    row("signature", facts.class.is_genuine().then(|| signature(subject, facts).to_owned()));
    let flags = token.flag_names(facts, subject.now.nanos()).join(", ");
    row("flags", (!flags.is_empty()).then_some(flags));
    row(
        "keys",
        token.key_fingerprint.map(|print| format!("{print}, of the first cipher block: another one, other LTPA keys")),
    );
    row("keys", token.slot_fingerprint.map(|print| {
        format!("{print}, of the first cipher block: the same one, the same LTPA keys and expiry; another one says nothing")
    }));
    rows.extend(sizes(subject, token));
    rows
}

/// Length and fingerprint of a value; the value itself only if secrets are shown.
fn sizes(subject: &TokenSubject<'_>, token: &Token) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if !token.class.is_word() {
        rows.push(("length", length(token)));
        rows.push(("fingerprint", format!("{}, of the value (SHA-256)", token.fingerprint)));
    }
    if subject.show_secrets {
        rows.push(("value", token.value.expose().to_owned()));
    }
    rows
}

fn length(token: &Token) -> String {
    match token.raw().filter(|_| token.class.is_genuine() || token.class == Class::Truncated) {
        Some(raw) => format!("{} characters, {} bytes", token.length, raw.len()),
        None => format!("{} characters", token.length),
    }
}

fn end(expires: i64, created: Option<i64>) -> String {
    let life = created.and_then(|created| expires.checked_sub(created)).filter(|&life| life >= 0);
    let life = life.map(|life| format!(", {} after it was created", between(life)));
    format!("{}{}", utc(expires), life.unwrap_or_default())
}

/// Whether it had expired, and by which clock.
fn verdict(subject: &TokenSubject<'_>, expires: i64) -> String {
    let now = subject.now.whole_seconds();
    let apart = between(now.saturating_sub(expires).saturating_abs());
    let at = seconds(subject.now);
    let clock = if subject.now_given { "(--now)" } else { "(the clock of this machine; --now TIME gives another)" };
    if expires < now {
        format!("yes, {apart} before {at} {clock}")
    } else {
        format!("no, {apart} are left at {at} {clock}")
    }
}

fn signature(subject: &TokenSubject<'_>, facts: &Facts) -> &'static str {
    match (facts.verified, facts.class) {
        (Some(true), _) => "holds",
        (Some(false), Class::Domino) => "was made with none of the given secrets",
        (Some(false), _) => "does not hold",
        (None, Class::Domino) => "not checked (--domino-secret-file FILE)",
        (None, _) if facts.user.is_some() => "not checked: the key file has no public key",
        (None, _) if subject.keys.is_empty() => "not checked (--ltpa-keys FILE with --ltpa-password-file FILE open it)",
        (None, _) => "not checked: none of the given keys opens it, so its issuer has others",
    }
}

fn seconds(time: Timestamp) -> String {
    utc(time.whole_seconds())
}

/// A time span in seconds.
#[expect(clippy::cast_precision_loss, reason = "a span for people")]
fn between(seconds: i64) -> String {
    span(seconds as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Public constants of other projects' unit tests (markusberg/ltpa).
    const DOMINO: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZNeSBUZXN0IFVzZXJjcHMKyXIrtD4SZcV7DKWd67EFng==";
    const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhM=";

    fn text(name: Option<&str>, value: &str, now: i64, keys: &Keyring) -> String {
        let (held, now) = (Held::Ltpa(Token::read(name, value)), Timestamp::new(now * 1_000_000_000, 0));
        let subject = TokenSubject { name, held: &held, now, now_given: true, keys, show_secrets: false };
        let mut out = Vec::new();
        explain(&subject, false, 90, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(value.len() < 12 || !text.contains(&value[..12]), "{text}");
        text
    }

    #[test]
    fn a_token_is_explained() {
        insta::assert_snapshot!(text(Some("LtpaToken"), &format!("\"{DOMINO}\""), 1_234_573_650, &Keyring::new()));
    }

    #[test]
    fn keys_and_the_clock_have_their_say() {
        let mut keys = Keyring::new();
        keys.add_domino_secret(SECRET).unwrap();
        let now = text(None, DOMINO, 1_234_567_600, &keys);
        for part in ["signature    holds", "expired      no, 99.8 min are left"] {
            assert!(now.contains(part), "{part}: {now}");
        }
        assert!(!now.contains("what to do"), "{now}");
        let early = text(None, DOMINO, 1_234_560_000, &keys);
        assert!(early.contains("created in the future"), "{early}");
        let mut keys = Keyring::new();
        keys.add_domino_secret("jcDWR0+4RXCEZyLRb8a1zvATUQA=").unwrap();
        assert!(text(None, DOMINO, 1_234_567_600, &keys).contains("None of the given secrets signed it"));
    }

    #[test]
    fn each_class_has_its_sentence() {
        for (value, heading, part) in [
            ("undefined", "no token, but the word \"undefined\"", "HttpOnly"),
            ("", "no token, but an empty value", "at logout"),
            ("null", "no token, but a word for \"nothing\"", "without HttpOnly"),
            ("PHNhbWw6QXNzZXJ0aW9uPg==", "no LTPA token, but a SAML assertion", "form"),
            ("not/base64!", "no token: this is not base64", "another product"),
            (&DOMINO[..44], "a token that was cut", "begins as Domino's tokens do"),
            ("QUJDREVGR0g=", "no LTPA token", "no encrypted token"),
            (&DOMINO.replace('M', "%4D"), "a token that Domino issued", "percent-encoded"),
        ] {
            let text = text(None, value, 1_234_567_600, &Keyring::new());
            assert!(text.starts_with(&format!("{heading}\n")), "{value}: {text}");
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn hostile_names_are_made_harmless() {
        let text =
            text(Some("\x1b[2JLtpaToken"), "AAECAzQ5OTYwMWE2NDk5NjE5MTYbWzJKABtbMkobWzJKG1sySg==", 0, &Keyring::new());
        assert!(!text.contains('\x1b') && text.contains(r"\x1b"), "{text}");
    }

    #[test]
    fn json_holds_the_fields_of_the_report() {
        let (held, keys) = (Held::Ltpa(Token::read(Some("LtpaToken"), DOMINO)), Keyring::new());
        let now = Timestamp::new(1_234_573_650_000_000_000, 0);
        let subject = TokenSubject {
            name: Some("LtpaToken"),
            held: &held,
            now,
            now_given: true,
            keys: &keys,
            show_secrets: false,
        };
        let mut out = Vec::new();
        json(&subject, &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["class"], "domino");
        assert_eq!(value["user"], "My Test User");
        assert_eq!(value["flags"], serde_json::json!(["expired"]));
        assert_eq!(value["judged_at"], "2009-02-14T01:07:30Z");
        assert!(value["verified"].is_null() && value.get("value").is_none());
        assert!(!String::from_utf8(out).unwrap().contains(&DOMINO[..12]));
    }
}
