//! URIs and the addresses that hold them (RFC 3261 sections 19.1 and 20.10).

use super::message::{Address, Uri};
use super::syntax::{Notes, Params, is_token_char, params, percent_decoded, quoted, short, trim};
use std::fmt::{self, Write};
use std::net::Ipv6Addr;

/// Parameters kept of one URI.
const PARAMS: usize = 64;

impl Uri {
    /// Reads a URI that stands alone.
    pub(super) fn read(text: &str, notes: &mut Notes) -> Self {
        let is_scheme = |scheme: &&str| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        };
        let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
            notes.note(format!("{} is no URI", short(text)));
            return Self { host: text.to_owned(), ..Self::default() };
        };
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "sip" && scheme != "sips" {
            return Self { scheme, host: rest.to_owned(), ..Self::default() };
        }
        if rest.contains([' ', '\t', '<', '>', '"']) {
            notes.note("a URI with blanks, quotes or brackets in it");
        }
        Self::read_sip(scheme, rest, notes)
    }

    fn read_sip(scheme: String, rest: &str, notes: &mut Notes) -> Self {
        let (user, rest) = split_user(rest);
        let (rest, _headers) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, list) = rest.split_once(';').unwrap_or((rest, ""));
        let (host, port) = host_port(trim(place), notes);
        let user = user.map(|user| percent_decoded(user.split_once(':').map_or(user, |(name, _)| name)));
        Self { scheme, user, host, port, params: uri_params(list, notes) }
    }
}

/// Where the part in front of the last `@` ends. Neither hosts nor parameters may hold one, but user parts in the wild do.
fn split_user(rest: &str) -> (Option<&str>, &str) {
    let Some(first) = rest.find('@') else { return (None, rest) };
    let behind = rest.get(first..).unwrap_or_default();
    let place = behind.find([';', '?']).and_then(|end| behind.get(..end)).unwrap_or(behind);
    let at = first.saturating_add(place.rfind('@').unwrap_or(0));
    let (user, place) = rest.split_at_checked(at).unwrap_or((rest, ""));
    (Some(user), place.strip_prefix('@').unwrap_or(place))
}

/// A host in lower case, an IPv6 address without brackets, and a port.
pub(super) fn host_port(text: &str, notes: &mut Notes) -> (String, Option<u16>) {
    let in_brackets = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, behind) = in_brackets
        .unwrap_or_else(|| text.split_at_checked(text.find(':').unwrap_or(text.len())).unwrap_or((text, "")));
    let host = trim(host);
    let fits = match in_brackets {
        Some(_) => host.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || "-._".contains(c)),
    };
    if !fits {
        notes.note(format!("{} is no host", short(host)));
    }
    (host.to_ascii_lowercase(), port(trim(behind), notes))
}

/// A colon and a port, or nothing.
fn port(text: &str, notes: &mut Notes) -> Option<u16> {
    if text.is_empty() {
        return None;
    }
    let digits = text.strip_prefix(':').map_or("", trim);
    let port = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
    if port.is_none() {
        notes.note(format!("{} is no port", short(text)));
    }
    port
}

fn uri_params(list: &str, notes: &mut Notes) -> Params {
    let one = |piece: &str| {
        let (name, value) = piece.split_once('=').map_or((piece, None), |(name, value)| (name, Some(value)));
        (percent_decoded(trim(name)).to_ascii_lowercase(), value.map(|value| percent_decoded(trim(value))))
    };
    let mut pieces = list.split(';').filter(|piece| !trim(piece).is_empty());
    let params = pieces.by_ref().take(PARAMS).map(one).collect();
    if pieces.next().is_some() {
        notes.note(format!("more than {PARAMS} parameters of a URI: the rest is not read"));
    }
    params
}

impl Address {
    /// Reads a name-addr or addr-spec with its parameters.
    pub(super) fn read(text: &str, notes: &mut Notes) -> Self {
        let text = trim(text);
        if text.starts_with('"') {
            return match quoted(text) {
                Ok((rest, display)) => Self::read_named(Some(display), trim(rest), notes),
                Err(_) => Self::read_unclosed(text, notes),
            };
        }
        if text.contains('<') {
            let (name, rest) = text.split_at_checked(text.find('<').unwrap_or(0)).unwrap_or(("", text));
            let name = trim(name);
            if !name.chars().all(|c| is_token_char(c) || c == ' ' || c == '\t') {
                notes.note("a display name with marks that need quotes");
            }
            return Self::read_named((!name.is_empty()).then(|| name.to_owned()), rest, notes);
        }
        Self::read_bare(text, notes)
    }

    /// `rest` begins with the angle bracket.
    fn read_named(display: Option<String>, rest: &str, notes: &mut Notes) -> Self {
        let Some(inside) = rest.strip_prefix('<') else {
            notes.note("no address in angle brackets behind the display name");
            return Self { display, ..Self::read_bare(rest, notes) };
        };
        let (uri, behind) = inside.split_once('>').unwrap_or_else(|| {
            notes.note("an angle bracket is not closed");
            (inside, "")
        });
        if uri != trim(uri) {
            notes.note("blanks between the angle brackets and the URI");
        }
        let uri = Uri::read(trim(uri), notes);
        Self { display, uri, params: params(behind, notes) }
    }

    /// Without angle brackets all behind a semicolon belongs to the header, and the URI may hold no comma or question mark.
    fn read_bare(text: &str, notes: &mut Notes) -> Self {
        let end = text.find(';').unwrap_or(text.len());
        let (uri, behind) = text.split_at_checked(end).unwrap_or((text, ""));
        let uri = trim(uri);
        let params = params(behind, notes);
        if uri == "*" {
            return Self { uri: Uri { host: uri.to_owned(), ..Uri::default() }, params, display: None };
        }
        if uri.contains([',', '?']) {
            notes.note("a URI with a comma or a question mark needs angle brackets");
        }
        Self { display: None, uri: Uri::read(uri, notes), params }
    }

    fn read_unclosed(text: &str, notes: &mut Notes) -> Self {
        notes.note("a quote is not closed");
        let inside = text.trim_start_matches('"');
        let at = inside.rfind('<').unwrap_or(inside.len());
        let (name, rest) = inside.split_at_checked(at).unwrap_or((inside, ""));
        if rest.is_empty() {
            return Self { display: Some(trim(name).to_owned()), ..Self::default() };
        }
        Self::read_named(Some(trim(name).to_owned()), rest, notes)
    }
}

/// A host, an IPv6 address in brackets.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// `host` or `host:port`, an IPv6 address in brackets.
pub(super) fn place(host: &str, port: Option<u16>) -> String {
    let host = bracketed(host);
    port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

fn write_params(f: &mut fmt::Formatter<'_>, params: &Params) -> fmt::Result {
    params.iter().try_for_each(|(name, value)| match value {
        Some(value) if value.contains([' ', ';', ',', '"', '<']) => write!(f, ";{name}=\"{value}\""),
        Some(value) => write!(f, ";{name}={value}"),
        None => write!(f, ";{name}"),
    })
}

/// What a user part may hold without an escape, and what is not ASCII, which is easier to read so.
fn is_plain(c: char) -> bool {
    !c.is_ascii() || c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,;?/".contains(c)
}

/// As sent, without needless escapes, a password and headers.
impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scheme.is_empty() {
            return f.write_str(&self.host);
        }
        if self.scheme != "sip" && self.scheme != "sips" {
            return write!(f, "{}:{}", self.scheme, self.host);
        }
        write!(f, "{}:", self.scheme)?;
        if let Some(user) = &self.user {
            let mut write = |c| if is_plain(c) { f.write_char(c) } else { write!(f, "%{:02X}", u32::from(c)) };
            user.chars().try_for_each(&mut write)?;
            f.write_char('@')?;
        }
        f.write_str(&place(&self.host, self.port))?;
        write_params(f, &self.params)
    }
}

/// `"Ann" <sip:ann@acme.example>;tag=1`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.uri.host == "*" && self.uri.scheme.is_empty() {
            return f.write_str("*");
        }
        if let Some(display) = &self.display {
            write!(f, "\"{}\" ", display.replace('\\', "\\\\").replace('"', "\\\""))?;
        }
        write!(f, "<{}>", self.uri)?;
        write_params(f, &self.params)
    }
}
