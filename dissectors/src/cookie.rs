//! Cookies (RFC 6265) as HTTP and SIP carry them.

use crate::ltpa::{Flag, Token};
use crate::{Fields, Reading, Secret, Value, date};

/// Pairs that are read of one Cookie header.
pub(crate) const LIMIT: usize = 256;

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

/// An LTPA token: by its name (`LtpaToken`, `LtpaToken2` and names that begin so), or by its value.
pub fn is_token(name: &str, token: Option<&Token>) -> bool {
    let named = name.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("LtpaToken"));
    named || token.is_some_and(|token| token.class.is_genuine())
}

/// The cookie decides over sign-on: an LTPA token by name or value, or what a server uses in its place.
pub fn is_sign_on(name: &str, token: Option<&Token>) -> bool {
    is_token(name, token)
        || is_single_server(name)
        || is_web_token(name)
        || is_access_manager(name)
        || is_module_session(name)
}

/// Domino's session of one server, without single sign-on. Its name may go on with a mark of the server
/// (DominoSessionCookieUniqueNames).
pub fn is_single_server(name: &str) -> bool {
    name.get(..13).is_some_and(|start| start.eq_ignore_ascii_case("DomAuthSessId"))
}

/// The JSON web token of Sametime 12, and the older token of the Sametime Proxy.
pub fn is_web_token(name: &str) -> bool {
    ["sametimeJwt", "SametimeToken"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A session of Tivoli or IBM Security Access Manager (WebSEAL), which keeps tokens to itself.
pub fn is_access_manager(name: &str) -> bool {
    ["PD-H-SESSION-ID", "PD-S-SESSION-ID", "PD-ID"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A session of a login module of Apache: OpenID Connect, CAS. What it keeps while a login goes on is none.
pub fn is_module_session(name: &str) -> bool {
    ["mod_auth_openidc_session", "MOD_AUTH_CAS", "MOD_AUTH_CAS_S"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The value carries nothing.
pub fn is_blank(value: &str) -> bool {
    value.trim_matches(['"', ' ']).is_empty()
}

/// Reads a Cookie header (RFC 6265 section 5.4), in order, duplicates kept. What has no `=` is a name without a value.
pub(crate) fn pairs(value: &str) -> Vec<Cookie> {
    let parts = value.split(';').map(trim).filter(|part| !part.is_empty());
    parts.take(LIMIT).map(|part| Cookie::from(part.split_once('=').unwrap_or((part, "")))).collect()
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

impl From<(&str, &str)> for Cookie {
    fn from((name, value): (&str, &str)) -> Self {
        Self::new(trim(name), trim(value))
    }
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

    /// Reads a Set-Cookie header (RFC 6265 section 5.2). `None` if it has no name.
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(';');
        let (name, text) = parts.next()?.split_once('=')?;
        let (name, text) = (trim(name), trim(text));
        if name.is_empty() {
            return None;
        }
        let mut cookie = Self::new(name, text);
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            cookie.attribute(&trim(name).to_ascii_lowercase(), trim(value));
        }
        Some(cookie)
    }

    /// The last attribute of a name counts; one that cannot be read does not.
    fn attribute(&mut self, name: &str, value: &str) {
        match name {
            "domain" if !value.is_empty() => self.domain = Some(value.to_owned()),
            "path" if !value.is_empty() => self.path = Some(value.to_owned()),
            "samesite" if !value.is_empty() => self.same_site = Some(value.to_owned()),
            "secure" => self.secure = true,
            "httponly" => self.http_only = true,
            "expires" => self.expires = date::parse(value).or(self.expires),
            "max-age" => self.max_age = seconds(value).or(self.max_age),
            _ => {}
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

    /// It carries nothing, or ends at once, as of that time (seconds since 1970-01-01 UTC).
    pub fn is_gone(&self, now: i64) -> bool {
        is_blank(self.value.expose()) || self.is_deletion(now)
    }

    /// It signs the client in, by whatever means, as of that time: see [`is_sign_on`] and [`SetCookie::gives_token`].
    pub fn gives_session(&self, now: i64) -> bool {
        let token = self.token.as_ref();
        let is_junk = token.is_some_and(|token| token.class.is_word());
        let is_jwt = token.is_some_and(|token| token.has(Flag::Jwt));
        (is_sign_on(&self.name, token) || is_jwt) && !is_junk && !self.is_gone(now)
    }

    /// It gives the client an LTPA token, as of that time (seconds since 1970-01-01 UTC): no deletion, nor `undefined` and the
    /// like, which a script made of a value that it could not read.
    pub fn gives_token(&self, now: i64) -> bool {
        let is_junk = self.token.as_ref().is_some_and(|token| token.class.is_word());
        is_token(&self.name, self.token.as_ref()) && !is_junk && !self.is_gone(now)
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

/// Max-Age: digits, perhaps behind a minus. More than fits is as much as fits.
fn seconds(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(value.parse().unwrap_or(if value.starts_with('-') { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(value: &str) -> Vec<(String, String)> {
        pairs(value).into_iter().map(|cookie| (cookie.name, cookie.value.expose().to_owned())).collect()
    }

    #[test]
    fn pairs_in_order_with_duplicates() {
        let value = "a=1; LtpaToken=x==;LtpaToken=\"undefined\" ;; b ; =c; d = e ;a=2";
        let expected = [
            ("a", "1"),
            ("LtpaToken", "x=="),
            ("LtpaToken", "\"undefined\""),
            ("b", ""),
            ("", "c"),
            ("d", "e"),
            ("a", "2"),
        ];
        assert_eq!(texts(value), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(pairs("").is_empty() && pairs(" ; ;").is_empty());
        assert_eq!(pairs(&"a=1;".repeat(10_000)).len(), LIMIT);
        let tokens: Vec<bool> = pairs(value).iter().map(|cookie| cookie.token.is_some()).collect();
        assert_eq!(tokens, [false, true, true, false, false, false, false]);
    }

    #[test]
    fn all_attributes() {
        let value = "LtpaToken=abc; domain=.acme.example; PATH=/mail; Secure; HttpOnly; SameSite=None; \
                     expires=Sun, 06-Nov-1994 08:49:37 GMT; max-age=60; Priority=High";
        let cookie = SetCookie::parse(value).unwrap();
        assert_eq!((cookie.name.as_str(), cookie.value.expose()), ("LtpaToken", "abc"));
        assert_eq!((cookie.domain.as_deref(), cookie.path.as_deref()), (Some(".acme.example"), Some("/mail")));
        assert_eq!((cookie.secure, cookie.http_only, cookie.same_site.as_deref()), (true, true, Some("None")));
        assert_eq!((cookie.expires, cookie.max_age), (Some(784_111_777), Some(60)));
        assert!(cookie.token.is_some());
    }

    #[test]
    fn a_cookie_alone_and_what_is_none() {
        assert_eq!(SetCookie::parse("a=b"), Some(SetCookie::new("a", "b")));
        assert_eq!(SetCookie::parse(" a = \"b;c\" "), Some(SetCookie::new("a", "\"b")));
        for value in ["", "a", "=b", "; path=/", "Secure; a=b"] {
            assert_eq!(SetCookie::parse(value), None, "{value}");
        }
    }

    #[test]
    fn the_last_attribute_that_can_be_read_counts() {
        let value = "a=b; domain=one; domain=two; domain=; path=; max-age=1; max-age=x; expires=0; secure=no";
        let cookie = SetCookie::parse(value).unwrap();
        assert_eq!((cookie.domain.as_deref(), cookie.path, cookie.max_age), (Some("two"), None, Some(1)));
        assert_eq!((cookie.expires, cookie.secure), (None, true));
        let age = |text: &str| SetCookie::parse(&format!("a=b; Max-Age={text}")).unwrap().max_age;
        let ages = ["-1", "99999999999999999999", "-99999999999999999999", "-", "+1", "1.5"].map(age);
        assert_eq!(ages, [Some(-1), Some(i64::MAX), Some(i64::MIN), None, None, None]);
    }

    #[test]
    fn deletions() {
        let deletes = |text: &str| SetCookie::parse(text).unwrap().is_deletion(1_000_000_000);
        assert!(
            deletes("a=b; Max-Age=0") && deletes("a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT") && deletes("a=\"\"")
        );
        assert!(deletes("a=b; Max-Age=-1; expires=Fri, 31 Dec 2100 00:00:00 GMT"));
        assert!(
            !deletes("a=b") && !deletes("a=; Max-Age=60") && !deletes("a=b; expires=Fri, 31 Dec 2100 00:00:00 GMT")
        );
    }

    #[test]
    fn values_are_shown_on_demand_only() {
        let cookie = SetCookie::parse("sid=hunter2; Path=/").unwrap();
        let masked = Reading::masked(0);
        let open = Reading { show_secrets: true, ..masked };
        for (reading, shown) in [(masked, false), (open, true)] {
            let texts =
                [format!("{:?}", cookie.fields(&reading)), format!("{:?}", pairs("sid=hunter2")[0].fields(&reading))];
            assert!(texts.iter().all(|text| text.contains("hunter2") == shown));
        }
        assert!(!format!("{cookie:?}").contains("hunter2"));
    }
}
