//! Cookies (RFC 6265) as HTTP and SIP carry them.

use crate::ltpa::Token;
use crate::{Fields, Reading, Secret, Value};

/// One pair of a Cookie header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Name, as sent.
    pub name: String,
    /// Value, as sent, quotes included.
    pub value: Secret,
    /// What the value says if it is a sign-on token, or should be one by its name.
    pub token: Option<Token>,
}

/// One Set-Cookie header (RFC 6265 section 4.1; SameSite by draft-ietf-httpbis-rfc6265bis).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie {
    /// Name, as sent.
    pub name: String,
    /// Value, as sent, quotes included.
    pub value: Secret,
    /// What the value says if it is a sign-on token, or should be one by its name.
    pub token: Option<Token>,
    /// Domain attribute, as sent (a leading dot means nothing to browsers). Absent: for the answering host only.
    pub domain: Option<String>,
    /// Path attribute, as sent.
    pub path: Option<String>,
    /// Only over TLS.
    pub secure: bool,
    /// Scripts may not read it.
    pub http_only: bool,
    /// SameSite attribute, as sent.
    pub same_site: Option<String>,
    /// Expires attribute in seconds since 1970-01-01 UTC, if it could be read (RFC 6265 section 5.1.1).
    pub expires: Option<i64>,
    /// Max-Age attribute in seconds. It counts more than Expires.
    pub max_age: Option<i64>,
}

impl Cookie {
    /// A pair, its value classified if it may be a token.
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: Secret::new(value), token: Token::in_cookie(name, value) }
    }

    /// As a report shows it.
    pub fn fields(&self, reading: &Reading<'_>) -> Fields {
        let token = self.token.as_ref().map_or(Value::Null, |token| Value::Map(token.fields(reading)));
        let mut fields =
            vec![("name", self.name.as_str().into()), ("length", self.value.len().into()), ("token", token)];
        if reading.show_secrets {
            fields.push(("value", reading.reveal(&self.value)));
        }
        fields
    }
}

impl SetCookie {
    /// A cookie without attributes.
    pub fn new(name: &str, value: &str) -> Self {
        let Cookie { name, value, token } = Cookie::new(name, value);
        Self {
            name,
            value,
            token,
            domain: None,
            path: None,
            secure: false,
            http_only: false,
            same_site: None,
            expires: None,
            max_age: None,
        }
    }

    /// It tells the client to forget the cookie, as of that time (seconds since 1970): a logout.
    pub fn is_deletion(&self, now: i64) -> bool {
        match (self.max_age, self.expires) {
            (Some(age), _) => age <= 0,
            (None, Some(expires)) => expires <= now,
            (None, None) => self.value.expose().trim_matches('"').is_empty(),
        }
    }

    /// As a report shows it.
    pub fn fields(&self, reading: &Reading<'_>) -> Fields {
        let token = self.token.as_ref().map_or(Value::Null, |token| Value::Map(token.fields(reading)));
        let expires = self.expires.map(crate::ltpa::utc);
        let mut fields: Fields = vec![
            ("name", self.name.as_str().into()),
            ("length", self.value.len().into()),
            ("domain", self.domain.clone().into()),
            ("path", self.path.clone().into()),
            ("secure", self.secure.into()),
            ("http_only", self.http_only.into()),
            ("same_site", self.same_site.clone().into()),
            ("expires", expires.into()),
            ("max_age", self.max_age.map_or(Value::Null, Value::Int)),
            ("token", token),
        ];
        if reading.show_secrets {
            fields.push(("value", reading.reveal(&self.value)));
        }
        fields
    }
}
