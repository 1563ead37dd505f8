//! URLs, with what may be a credential out of sight: values of a query, parameters of a path, a password before the host.

use crate::Secret;
use std::borrow::Cow;
use std::fmt;

/// Parameters that are kept of one query or form.
pub(super) const LIMIT: usize = 256;
/// A parameter without a value is a name if it is no longer, such as Domino's `?Login`. A longer one may be a token.
const BARE_NAME: usize = 40;
const MASK: &str = "***";

/// A name and a value of a query or form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Name, decoded; empty if there is only a value.
    pub name: String,
    /// Value, decoded.
    pub value: Secret,
}

/// A URL whose query is out of sight. `Display` writes it with values masked. A fragment is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Url {
    /// `http`, `https`; empty in a relative one.
    pub scheme: String,
    /// Host with port if one was written; empty in a relative one.
    pub host: String,
    /// Path without the query; values of parameters (`;jsessionid=…`) are masked.
    pub path: String,
    /// Query.
    pub query: Vec<Parameter>,
}

impl Url {
    /// Reads a URL or a reference relative to one (RFC 3986 section 4.1), leniently.
    pub fn parse(text: &str) -> Self {
        let (text, _fragment) = text.split_once('#').unwrap_or((text, ""));
        let (front, query) = text.split_once('?').unwrap_or((text, ""));
        let (scheme, host, path) = split(front);
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_owned(),
            path: mask_parameters(path),
            query: parameters(query.as_bytes()),
        }
    }
}

/// Host of a Host header, a URL or an Origin: without user, port and final dot, lower case, IPv6 without brackets.
pub fn host_of(authority: &str) -> String {
    let authority = authority.rsplit('@').next().unwrap_or_default().trim();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None if authority.matches(':').count() > 1 => authority,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        if !self.host.is_empty() {
            write!(f, "//{}", self.host)?;
        }
        f.write_str(&self.path)?;
        write_query(f, &self.query)
    }
}

/// Writes a query with its values masked; nothing if there is none.
pub(super) fn write_query(f: &mut impl fmt::Write, query: &[Parameter]) -> fmt::Result {
    for (index, parameter) in query.iter().enumerate() {
        f.write_char(if index == 0 { '?' } else { '&' })?;
        match (parameter.name.as_str(), parameter.value.is_empty()) {
            ("", _) => f.write_str(MASK)?,
            (name, true) => f.write_str(name)?,
            (name, false) => write!(f, "{name}={MASK}")?,
        }
    }
    Ok(())
}

/// The parameters of a query or a form (`application/x-www-form-urlencoded`), as many as are kept.
pub(super) fn parameters(encoded: &[u8]) -> Vec<Parameter> {
    let pairs = form_urlencoded::parse(encoded);
    let parameter = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        if value.is_empty() && name.len() > BARE_NAME {
            return Parameter { name: String::new(), value: Secret::new(&*name) };
        }
        Parameter { name: name.into_owned(), value: Secret::new(&*value) }
    };
    pairs.take(LIMIT).map(parameter).collect()
}

/// True if a query or form has more parameters than are kept.
pub(super) fn too_many(encoded: &[u8]) -> bool {
    encoded.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).nth(LIMIT).is_some()
}

/// Hides the values of parameters in a path: session ids, as a rule.
pub(super) fn mask_parameters(path: &str) -> String {
    let mut masked = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            masked.push('/');
        }
        let mut parts = segment.split(';');
        masked.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            masked.push(';');
            masked.push_str(name);
            if !value.is_empty() {
                masked.push('=');
                masked.push_str(MASK);
            }
        }
    }
    masked
}

/// A line of which nobody knows what it is, without what follows a question mark or an equals sign, and without long words:
/// they may be tokens.
pub(super) fn mask_line(line: &str) -> String {
    let word = |word: &str| match word.split_once('?') {
        Some((front, _)) => format!("{}?{MASK}", mask_parameters(front)),
        None if word.contains('=') => format!("{}={MASK}", word.split('=').next().unwrap_or_default()),
        None if word.len() > BARE_NAME && !word.starts_with('/') => MASK.to_owned(),
        None => mask_parameters(word),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Scheme, authority and path.
fn split(text: &str) -> (&str, &str, &str) {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
        _ => ("", text),
    };
    match rest.strip_prefix("//") {
        Some(rest) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (scheme, host, path)
        }
        None => (scheme, "", rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_out_of_what_stands_around_them() {
        for (authority, host) in [
            ("Chat.Example.com:8443", "chat.example.com"),
            ("chat.example.com.", "chat.example.com"),
            ("[2001:DB8::1]:80", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("ann@chat", "chat"),
            ("", ""),
            ("[", ""),
        ] {
            assert_eq!(host_of(authority), host, "{authority}");
        }
    }

    fn url(scheme: &str, host: &str, path: &str, query: &[(&str, &str)]) -> Url {
        let parameter = |&(name, value): &(&str, &str)| Parameter { name: name.into(), value: Secret::new(value) };
        let query = query.iter().map(parameter).collect();
        Url { scheme: scheme.into(), host: host.into(), path: path.into(), query }
    }

    #[test]
    fn parts() {
        for (text, expected) in [
            ("/mail", url("", "", "/mail", &[])),
            ("/names.nsf?Login", url("", "", "/names.nsf", &[("Login", "")])),
            ("https://st.acme.example:8443/a?b=c&d=e+f%2B#x?y", {
                url("https", "st.acme.example:8443", "/a", &[("b", "c"), ("d", "e f+")])
            }),
            ("HTTP://ann:pw@host", url("http", "host", "", &[])),
            ("//host/path", url("", "host", "/path", &[])),
            ("login.jsp?x", url("", "", "login.jsp", &[("x", "")])),
            ("/a:b", url("", "", "/a:b", &[])),
            ("", url("", "", "", &[])),
        ] {
            assert_eq!(Url::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn values_are_masked() {
        for (text, shown) in [
            ("http://h/p?user=ann&password=pw&Login", "http://h/p?user=***&password=***&Login"),
            ("/a;jsessionid=0000abc:1/b;x", "/a;jsessionid=***/b;x"),
            ("http://ann:pw@h/p", "http://h/p"),
            ("/?eyJhbGciOiJIUzI1NiJ9eyJzdWIiOiJhbGljZSJ9c2ln", "/?***"),
            ("/x#access_token=pw", "/x"),
            ("//h/p", "//h/p"),
        ] {
            assert_eq!(Url::parse(text).to_string(), shown);
            assert!(!format!("{:?}", Url::parse(text)).contains("pw"));
        }
        assert_eq!(mask_line("GET /x;s=1?password=pw HTTP/9"), "GET /x;s=***?*** HTTP/9");
        assert_eq!(mask_line("word=pw&user=ann Cookie: a=pw"), "word=*** Cookie: a=***");
        assert_eq!(mask_line("plain words"), "plain words");
        assert_eq!(mask_line(&format!("x {}", "pw".repeat(30))), "x ***");
    }

    #[test]
    fn parameters_have_a_bound() {
        let query = "a=1&".repeat(LIMIT);
        assert!(!too_many(query.as_bytes()));
        assert!(too_many(format!("{query}b").as_bytes()));
        assert_eq!(parameters(format!("{query}b").as_bytes()).len(), LIMIT);
    }
}
