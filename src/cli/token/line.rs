//! One line: a header, pairs, a value, a row of a cookie jar, an object of JSON, or any text.

use super::pasted::Finder;
use super::{json, scan};
use nrpcsniff_dissectors::ltpa::Token;

/// Longest name of a cookie: a longer one may be a token, and names are shown.
const MAX_NAME: usize = 64;
/// Headers that hold cookies.
const COOKIES: [&str; 4] = ["set-cookie:", "cookie:", "set-cookie2:", "cookie2:"];
/// Headers that hold credentials.
const CREDENTIALS: [&str; 2] = ["authorization:", "proxy-authorization:"];

/// A word that begins a header with tokens, colon included.
pub(super) fn is_header(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    COOKIES.iter().chain(&CREDENTIALS).any(|&header| header == word)
}

/// The scheme of credentials that are a token (RFC 6750).
pub(super) fn is_scheme(word: &str) -> bool {
    word.eq_ignore_ascii_case("Bearer")
}

/// A header that holds cookies.
pub(super) fn is_cookie(line: &str) -> bool {
    header(line.trim(), &COOKIES).is_some()
}

/// What stands in a line.
pub(super) fn read(line: &str, found: &mut Finder) {
    if let Some((name, value)) = jar(line) {
        return found.pair(name, value);
    }
    let line = line.trim();
    if let Some(object) = line.starts_with(['{', '[']).then(|| json::document(line)).flatten() {
        return json::walk(&object, found);
    }
    if let Some(value) = header(line, &COOKIES) {
        return pairs(value, found);
    }
    let credentials = header(line, &CREDENTIALS);
    if let Some(token) = bearer(credentials.unwrap_or(line)) {
        return found.alone(None, token);
    }
    if credentials.is_none() && is_value(line) {
        return value(line, found);
    }
    scan::text(line, found);
}

/// The content of a header of one of these names.
pub(super) fn header<'l>(line: &'l str, names: &[&str]) -> Option<&'l str> {
    let name =
        names.iter().find(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
    line.get(name.len()..).map(str::trim)
}

/// The content of a header that has that name and holds tokens, if it does: for forms in which name and value are apart.
pub(super) fn named_header(name: &str, value: &str, found: &mut Finder) -> bool {
    let is_header = is_header(&format!("{name}:"));
    if is_header {
        read(&format!("{name}: {value}"), found);
    }
    is_header
}

/// Pairs of a Cookie or Set-Cookie header.
fn pairs(content: &str, found: &mut Finder) {
    for (name, value) in content.split(';').map(str::trim).filter(|part| !part.is_empty()).map(pair) {
        match name {
            // Attributes of a Set-Cookie are no cookies, and no news.
            Some(name) if !is_attribute(name) => found.pair(name, value),
            Some(_) => {}
            None => scan::text(value, found),
        }
    }
}

fn is_attribute(name: &str) -> bool {
    ["domain", "path", "expires", "max-age", "samesite", "priority"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// `Bearer TOKEN`.
fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once([' ', '\t'])?;
    let token = token.trim();
    (is_scheme(scheme) && !token.is_empty() && !token.contains([' ', '\t'])).then_some(token)
}

/// A value or pairs, and no sentence: what stands before the first `;` has no blank inside, but for a `+` that became one.
fn is_value(line: &str) -> bool {
    let first = line.split(';').next().unwrap_or_default().trim();
    let (name, value) = pair(first);
    let is_token = |text: &str| Token::read(None, text).class.is_genuine();
    let is_known = name.is_some_and(scan::is_known);
    !first.is_empty()
        && (is_known || is_token(value) || !value.contains(char::is_whitespace) && !scan::names_one(value))
}

/// A bare value, `NAME=VALUE`, or several pairs. A pair that stands alone is taken for a token whatever its name is.
fn value(line: &str, found: &mut Finder) {
    let mut parts = line.split(';').map(str::trim).filter(|part| !part.is_empty()).map(pair).peekable();
    let Some((name, value)) = parts.next() else { return };
    match name {
        Some(name) if parts.peek().is_some() => found.pair(name, value),
        name => found.alone(name, value),
    }
    for (name, value) in parts {
        match name {
            Some(name) if !is_attribute(name) => found.pair(name, value),
            _ => {}
        }
    }
}

/// Name and value, or a value alone: base64 may end in `=`, too.
fn pair(part: &str) -> (Option<&str>, &str) {
    let Some((name, value)) = part.split_once('=') else { return (None, part) };
    let name = name.trim();
    let is_name = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_token_byte);
    let only_padding = value.bytes().all(|byte| byte == b'=') && !scan::is_known(name);
    if is_name && !only_padding { (Some(name), value.trim()) } else { (None, part) }
}

/// Bytes of a cookie's name (RFC 6265 section 4.1.1, RFC 7230 section 3.2.6).
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

/// Name and value of a row of a cookie jar in Netscape's format, as curl, wget and browsers' extensions write it: host, whether
/// subdomains are meant, path, whether only TLS, end, name, value, with tabs between. curl marks HttpOnly in front.
fn jar(line: &str) -> Option<(&str, &str)> {
    let mut fields = line.trim_end_matches(['\r', '\n']).split('\t');
    let _host =
        fields.next().filter(|host| !host.is_empty() && (!host.starts_with('#') || host.starts_with("#HttpOnly_")))?;
    let is_switch = |text: Option<&str>| text.is_some_and(|text| matches!(text, "TRUE" | "FALSE"));
    let (subdomains, _path, secure) = (fields.next(), fields.next()?, fields.next());
    fields.next()?.parse::<f64>().ok()?;
    let (name, value) = (fields.next()?, fields.next().unwrap_or_default());
    (is_switch(subdomains) && is_switch(secure) && !name.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_no_pair() {
        assert_eq!(pair("QUJDRA=="), (None, "QUJDRA=="));
        assert_eq!(pair("QUJDREU="), (None, "QUJDREU="));
        assert_eq!(pair("LtpaToken2="), (Some("LtpaToken2"), ""));
        assert_eq!(pair("DomAuthSessId="), (Some("DomAuthSessId"), ""));
        assert_eq!(pair("a = b=c"), (Some("a"), "b=c"));
        assert_eq!(pair("x/y=z"), (None, "x/y=z"));
        assert_eq!(pair("=z"), (None, "=z"));
        assert_eq!(pair(&format!("{}=z", "A".repeat(65))).0, None, "no name that may be a token is shown");
    }

    #[test]
    fn rows_of_a_jar() {
        assert_eq!(jar("h\tTRUE\t/\tFALSE\t0\tn\tv"), Some(("n", "v")));
        assert_eq!(jar("#HttpOnly_h\tTRUE\t/\tFALSE\t1.5\tn\t"), Some(("n", "")));
        assert_eq!(jar("h\tTRUE\t/\tFALSE\t0\tn"), Some(("n", "")));
        for none in
            ["", "# h\tTRUE\t/\tFALSE\t0\tn\tv", "h\tyes\t/\tFALSE\t0\tn\tv", "h\tTRUE\t/\tFALSE\tsoon\tn\tv", "a\tb"]
        {
            assert_eq!(jar(none), None, "{none}");
        }
    }
}
