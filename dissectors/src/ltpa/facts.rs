//! What is known of a token once keys and a clock have had their say.

use super::{Class, Fingerprint, Keyring, Token, utc};
use crate::{Fields, Reading, Value};

/// Seconds by which an issuer's clock may be ahead of the sniffer's.
const TOLERANCE: i64 = 300;
const NANOS: i64 = 1_000_000_000;

/// What a token says, in clear or through the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What it is: keys tell the versions of WebSphere apart.
    pub class: Class,
    /// User.
    pub user: Option<String>,
    /// Realm of the user registry.
    pub realm: Option<String>,
    /// Creation in seconds since 1970-01-01 UTC.
    pub created: Option<i64>,
    /// End in the same unit.
    pub expires: Option<i64>,
    /// Another end that stands outside of what is signed, in the same unit: WebSphere refuses a token whose two ends differ so.
    pub disputed_end: Option<i64>,
    /// Its signature holds, or not. `None`: there is no key to tell.
    pub verified: Option<bool>,
    /// What else WebSphere wrote into it, such as `host` or `process.serverName`.
    pub attributes: Vec<(String, String)>,
}

impl Facts {
    /// It had ended at that time (nanoseconds since 1970-01-01 UTC).
    pub fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires < now.div_euclid(NANOS))
    }

    /// At that time it was yet to be made: a clock is wrong by more than five minutes.
    pub fn is_future(&self, now: i64) -> bool {
        self.created.is_some_and(|created| created > now.div_euclid(NANOS).saturating_add(TOLERANCE))
    }
}

impl Token {
    /// What it says in clear and what the keys open.
    pub fn facts(&self, keys: &Keyring) -> Facts {
        let clear = Facts {
            class: self.class,
            user: self.user.clone(),
            realm: None,
            created: self.created,
            expires: self.expires,
            disputed_end: None,
            verified: None,
            attributes: Vec::new(),
        };
        let Some(opened) = self.open(keys) else { return clear };
        Facts {
            class: opened.class(),
            user: clear.user.or(opened.user),
            realm: opened.realm,
            expires: clear.expires.or(opened.expires_ms.map(|expires| expires.div_euclid(1000))),
            disputed_end: opened.disputed_ms.map(|end| end.div_euclid(1000)),
            verified: opened.verified,
            attributes: opened.attributes,
            ..clear
        }
    }

    /// Its flags in words, those that the clock and the keys add last: `expired`, `future`, `two-ends`.
    pub fn flag_names(&self, facts: &Facts, now: i64) -> Vec<&'static str> {
        let judged = [
            (facts.is_expired(now), "expired"),
            (facts.is_future(now), "future"),
            (facts.disputed_end.is_some(), "two-ends"),
        ];
        let judged = judged.into_iter().filter_map(|(is, word)| is.then_some(word));
        self.flags.iter().map(|flag| flag.name()).chain(judged).collect()
    }

    /// As a report shows it. Only `value`, which is there if secrets are shown, opens doors.
    pub fn fields(&self, reading: &Reading<'_>) -> Fields {
        let facts = self.facts(reading.keys);
        let flags: Vec<Value> = self.flag_names(&facts, reading.now).into_iter().map(Into::into).collect();
        let fingerprint = |print: Option<Fingerprint>| Value::from(print.map(|print| print.to_string()));
        let mut fields: Fields = vec![
            ("class", facts.class.name().into()),
            ("length", self.length.into()),
            ("fingerprint", fingerprint(Some(self.fingerprint))),
            ("key_fingerprint", fingerprint(self.key_fingerprint)),
            ("slot_fingerprint", fingerprint(self.slot_fingerprint)),
            ("user", facts.user.into()),
            ("realm", facts.realm.into()),
            ("created", facts.created.map(utc).into()),
            ("expires", facts.expires.map(utc).into()),
            ("verified", facts.verified.into()),
            ("flags", flags.into()),
        ];
        if reading.show_secrets {
            fields.push(("value", reading.reveal(&self.value)));
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A public constant of another project's unit tests (github.com/markusberg/ltpa).
    const DOMINO: &str = "AAECAzQ5OTYwMWE2NDk5NjE5MTZNeSBUZXN0IFVzZXJjcHMKyXIrtD4SZcV7DKWd67EFng==";

    fn field(token: &Token, name: &str, now: i64) -> Value {
        let fields = token.fields(&Reading::masked(now * 1_000_000_000));
        fields.into_iter().find(|(key, _)| *key == name).map_or(Value::Null, |(_, value)| value)
    }

    #[test]
    fn the_time_of_the_reading_judges() {
        let token = Token::read(None, DOMINO);
        let flags = |now| field(&token, "flags", now);
        assert_eq!(flags(1_234_567_590), Value::List(vec![]));
        assert_eq!(flags(1_234_573_590), Value::List(vec![]));
        assert_eq!(flags(1_234_573_591), Value::List(vec!["expired".into()]));
        assert_eq!(flags(1_234_567_290), Value::List(vec![]));
        assert_eq!(flags(1_234_567_289), Value::List(vec!["future".into()]));
    }

    #[test]
    fn a_token_is_shown_only_if_that_was_asked_for() {
        let token = Token::read(None, DOMINO);
        let now = Reading::masked(0);
        let masked = format!("{:?} {token:?} {}", token.fields(&now), token.label());
        assert!(!masked.contains(&DOMINO[..10]) && !masked.contains("value\","));
        let shown = token.fields(&Reading { show_secrets: true, ..now });
        assert_eq!(shown.last(), Some(&("value", DOMINO.into())));
    }

    #[test]
    fn fields_are_those_of_the_report() {
        let token = Token::read(None, DOMINO);
        assert_eq!(field(&token, "created", 0), "2009-02-13T23:26:30Z".into());
        assert_eq!(field(&token, "expires", 0), "2009-02-14T01:06:30Z".into());
        assert_eq!(field(&token, "user", 0), "My Test User".into());
        assert_eq!(field(&token, "class", 0), "domino".into());
        assert_eq!(field(&token, "verified", 0), Value::Null);
    }
}
