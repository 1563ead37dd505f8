//! URIs and the addresses that hold them (RFC 3261 sections 19.1 and 20.10).

use super::message::{Address, Uri};
use super::syntax::{Notes, Params, cut, is_token_char, params, percent_decoded, quoted, short, trim};
use memchr::{memchr, memchr2, memrchr};
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
        let named = |scheme: &&str| scheme.eq_ignore_ascii_case("sip") || is_scheme(scheme);
        let Some((scheme, rest)) = cut(text, b':').filter(|(scheme, _)| named(scheme)) else {
            notes.note(format!("{} is no URI", short(text)));
            return Self { host: text.to_owned(), ..Self::default() };
        };
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "sip" && scheme != "sips" {
            return Self { scheme, host: rest.to_owned(), ..Self::default() };
        }
        if rest.bytes().any(|b| matches!(b, b' ' | b'\t' | b'<' | b'>' | b'"')) {
            notes.note("a URI with blanks, quotes or brackets in it");
        }
        Self::read_sip(scheme, rest, notes)
    }

    fn read_sip(scheme: String, rest: &str, notes: &mut Notes) -> Self {
        let (user, rest) = split_user(rest);
        let (rest, _headers) = cut(rest, b'?').unwrap_or((rest, ""));
        let (place, list) = cut(rest, b';').unwrap_or((rest, ""));
        let (host, port) = host_port(trim(place), notes);
        let user = user.map(|user| percent_decoded(cut(user, b':').map_or(user, |(name, _)| name)));
        Self { scheme, user, host, port, params: uri_params(list, notes) }
    }
}

/// Where the part in front of the last `@` ends. Neither hosts nor parameters may hold one, but user parts in the wild do.
fn split_user(rest: &str) -> (Option<&str>, &str) {
    let Some(first) = memchr(b'@', rest.as_bytes()) else { return (None, rest) };
    let behind = rest.get(first..).unwrap_or_default();
    let place = memchr2(b';', b'?', behind.as_bytes()).and_then(|end| behind.get(..end)).unwrap_or(behind);
    let at = first.saturating_add(memrchr(b'@', place.as_bytes()).unwrap_or(0));
    let (user, place) = rest.split_at_checked(at).unwrap_or((rest, ""));
    (Some(user), place.strip_prefix('@').unwrap_or(place))
}

/// A host in lower case, an IPv6 address without brackets, and a port.
pub(super) fn host_port(text: &str, notes: &mut Notes) -> (String, Option<u16>) {
    let in_brackets = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, behind) = in_brackets.unwrap_or_else(|| {
        text.split_at_checked(memchr(b':', text.as_bytes()).unwrap_or(text.len())).unwrap_or((text, ""))
    });
    let host = trim(host);
    let fits = match in_brackets {
        Some(_) => host.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_')),
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
    if list.is_empty() {
        return Params::new();
    }
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
                Some((rest, display)) => Self::read_named(Some(display.into_owned()), trim(rest), notes),
                None => Self::read_unclosed(text, notes),
            };
        }
        if let Some(at) = memchr(b'<', text.as_bytes()) {
            let (name, rest) = text.split_at_checked(at).unwrap_or(("", text));
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
        let (uri, behind) = cut(inside, b'>').unwrap_or_else(|| {
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
        let end = memchr(b';', text.as_bytes()).unwrap_or(text.len());
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A URI as it is shown, and what is wrong with it.
    fn uri(text: &str) -> (Uri, Vec<String>) {
        let mut notes = Notes::default();
        let uri = Uri::read(text, &mut notes);
        (uri, notes.into_problems().into_iter().map(|problem| problem.what.into_owned()).collect())
    }

    fn address(text: &str) -> (Address, Vec<String>) {
        let mut notes = Notes::default();
        let address = Address::read(text, &mut notes);
        (address, notes.into_problems().into_iter().map(|problem| problem.what.into_owned()).collect())
    }

    #[test]
    fn sip_uris() {
        let (uri, problems) = uri("SIPS:Ann%20B:secret@ACME.example:5061;Transport=TLS;lr?Subject=x");
        assert!(problems.is_empty());
        assert_eq!((uri.scheme.as_str(), uri.user.as_deref()), ("sips", Some("Ann B")));
        assert_eq!((uri.host.as_str(), uri.port), ("acme.example", Some(5061)));
        assert_eq!(uri.params, [("transport".to_owned(), Some("TLS".to_owned())), ("lr".to_owned(), None)]);
        assert_eq!(uri.to_string(), "sips:Ann%20B@acme.example:5061;transport=TLS;lr");
        assert!(!format!("{uri:?}").contains("secret"));
    }

    #[test]
    fn shown_as_sent() {
        let same = [
            "sip:acme.example",
            "sip:[2001:db8::10]:5070",
            "sip:ann@[::1]",
            "sip:ann%40acme.example@proxy.example",
            "tel:+358-555-1234567;phone-context=x",
            "http://www.example.com",
            "sip:a%25b@c",
        ];
        for text in same {
            let (uri, problems) = uri(text);
            assert_eq!((uri.to_string().as_str(), problems.len()), (text, 0));
        }
    }

    /// As the torture messages of RFC 5118 have them.
    #[test]
    fn ipv6_hosts() {
        let (long, problems) = uri("sip:[2001:db8::10:5070]");
        assert_eq!((long.host.as_str(), long.port, problems.len()), ("2001:db8::10:5070", None, 0));
        let (mapped, problems) = uri("sip:user@[::ffff:192.0.2.2]:5060");
        assert_eq!((mapped.host.as_str(), mapped.port, problems.len()), ("::ffff:192.0.2.2", Some(5060), 0));
        let (bare, problems) = uri("sip:2001:db8::10");
        assert_eq!((bare.host.as_str(), bare.port), ("2001", None));
        assert_eq!(problems, [":db8::10 is no port"]);
        assert_eq!(uri("sip:[2001:db8::10").1, ["[2001 is no host", ":db8::10 is no port"]);
        assert_eq!(uri("sip:[2001:db8::g]").1, ["2001:db8::g is no host"]);
    }

    #[test]
    fn an_at_sign_in_the_user_part() {
        let (uri, _) = uri("sip:ann@acme.example@proxy.example;x=a@b");
        assert_eq!((uri.user.as_deref(), uri.host.as_str()), (Some("ann@acme.example"), "proxy.example"));
        assert_eq!(uri.to_string(), "sip:ann%40acme.example@proxy.example;x=a@b");
    }

    #[test]
    fn uris_that_are_wrong() {
        assert_eq!(uri("nothing").1, ["nothing is no URI"]);
        assert_eq!(uri("1x:y").1, ["1x:y is no URI"]);
        assert_eq!(uri("sip:").1, [" is no host"]);
        assert_eq!(uri("sip:a@b:99999").1, [":99999 is no port"]);
        assert_eq!(uri("sip:a@b c").1, ["a URI with blanks, quotes or brackets in it", "b c is no host"]);
        let (many, problems) = uri(&format!("sip:a@b{}", ";p=1".repeat(100)));
        assert_eq!((many.params.len(), problems.len()), (64, 1));
    }

    #[test]
    fn addresses() {
        let (ann, problems) = address(r#" "Ann \"A\", Acme" <sip:ann@acme.example;lr>;tag="1 2"; expires=60"#);
        assert!(problems.is_empty());
        assert_eq!(ann.display.as_deref(), Some(r#"Ann "A", Acme"#));
        assert_eq!((ann.param("tag"), ann.param("lr"), ann.expires()), (Some("1 2"), None, Some(60)));
        assert_eq!(ann.to_string(), r#""Ann \"A\", Acme" <sip:ann@acme.example;lr>;tag="1 2";expires=60"#);
        let (bare, problems) = address("sip:ann@acme.example;tag=7");
        assert_eq!((bare.param("tag"), bare.uri.params.len(), problems.len()), (Some("7"), 0, 0));
        let (all, problems) = address("*");
        assert_eq!((all.uri.host.as_str(), all.to_string().as_str(), problems.len()), ("*", "*", 0));
        let (named, problems) = address("Ann Lee<tel:+1;ext=2>");
        assert_eq!((named.display.as_deref(), named.uri.host.as_str()), (Some("Ann Lee"), "+1;ext=2"));
        assert_eq!((named.of_record().as_str(), problems.len()), ("tel:+1;ext=2", 0));
    }

    #[test]
    fn addresses_that_are_wrong() {
        let cases = [
            (r#""Ann <sip:a@b>"#, "a@b", "a quote is not closed"),
            (r#""Ann" sip:a@b"#, "a@b", "no address in angle brackets behind the display name"),
            ("<sip:a@b", "a@b", "an angle bracket is not closed"),
            ("< sip:a@b >", "a@b", "blanks between the angle brackets and the URI"),
            ("Lee, Ann <sip:a@b>", "a@b", "a display name with marks that need quotes"),
            ("sip:a@b?Route=x", "a@b", "a URI with a comma or a question mark needs angle brackets"),
            ("<sip:a@b> x", "a@b", "x where only parameters may stand"),
            (r#""Ann"#, "", "a quote is not closed"),
        ];
        for (text, of_record, problem) in cases {
            let (address, problems) = address(text);
            assert_eq!((address.of_record().as_str(), problems), (of_record, vec![problem.to_owned()]), "{text}");
        }
    }
}
