//! HTTP authentication (RFC 7235, RFC 7616) as HTTP and SIP carry it, without what proves it.

use crate::jwt::Jwt;
use crate::text;
use crate::ticket::{self, KERBEROS, KerberosError, NTLM, find};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memchr2;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{space0, space1};
use nom::combinator::{eof, opt, peek, recognize};
use nom::error::{Error, ErrorKind};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

/// One challenge of WWW-Authenticate or Proxy-Authenticate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Challenge {
    /// Scheme, as sent: `Digest`, `Basic`.
    pub scheme: String,
    /// Realm.
    pub realm: Option<String>,
    /// Nonce (public by design).
    pub nonce: Option<String>,
    /// `stale=true`: the credentials were right, the nonce is too old.
    pub stale: bool,
    /// Algorithm, as sent.
    pub algorithm: Option<String>,
    /// It came from a proxy.
    pub proxy: bool,
    /// What an answer to a ticket carries (Negotiate, NTLM).
    pub ticket: Option<Ticket>,
    /// Why a token is not taken (`error`, RFC 6750 section 3.1): `invalid_token`.
    pub error: Option<String>,
    /// Why a ticket of Kerberos is not taken.
    pub kerberos_error: Option<KerberosError>,
}

/// What Negotiate (RFC 4559) or NTLM (MS-NLMP) carry, by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticket {
    /// NTLM, bare or inside of SPNEGO: the type of its message, 1 to 3.
    Ntlm(u8),
    /// A Kerberos ticket.
    Kerberos,
    /// The server's word that it does not go on (RFC 4178 section 4.2.2).
    Reject,
    /// Something else.
    Other,
}

/// Credentials of Authorization or Proxy-Authorization: who claims to be whom, not the proof.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// Scheme, as sent.
    pub scheme: String,
    /// User name (of Basic: before the colon).
    pub user: Option<String>,
    /// Realm that they are meant for.
    pub realm: Option<String>,
    /// Nonce that they answer.
    pub nonce: Option<String>,
    /// URI that they are meant for.
    pub uri: Option<String>,
    /// Algorithm, as sent.
    pub algorithm: Option<String>,
    /// They are meant for a proxy.
    pub proxy: bool,
    /// Length of the whole value in bytes.
    pub length: usize,
    /// What is shown in place of a password (Negotiate, NTLM).
    pub ticket: Option<Ticket>,
    /// The service that a ticket of Kerberos is for: `HTTP/mail.example.com`.
    pub service: Option<String>,
    /// What a bearer token claims, if it is one that can be read.
    pub jwt: Option<Box<Jwt>>,
    /// What makes a strict reader refuse the header.
    pub flaw: Option<Flaw>,
}

/// What is wrong with a header that holds credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// So many sets of credentials in one header, which is for one (RFC 7235 section 4.2).
    Several(usize),
    /// A part that Digest credentials must have (RFC 7616 section 3.4).
    Missing(&'static str),
    /// Typographic quotation marks.
    Quotes,
}

/// Parts without which Digest credentials say nothing.
const DIGEST_PARTS: [&str; 5] = ["username", "realm", "nonce", "uri", "response"];

/// Longest code of an error: those of the registry are words.
const MAX_ERROR: usize = 64;

/// Items that are read of one header.
const LIMIT: usize = 256;

/// Reads a WWW-Authenticate or Proxy-Authenticate header, which may hold several challenges (RFC 7235 section 4.1).
pub(crate) fn challenges(value: &str, proxy: bool) -> Vec<Challenge> {
    groups(value).into_iter().map(|group| group.into_challenge(proxy)).collect()
}

/// Reads an Authorization or Proxy-Authorization header (RFC 7235 section 4.2).
pub(crate) fn credentials(value: &str, proxy: bool) -> Vec<Credentials> {
    let groups = groups(value);
    let several = (groups.len() > 1).then_some(Flaw::Several(groups.len()));
    let quotes = || value.contains(['\u{201c}', '\u{201d}', '\u{201e}']).then_some(Flaw::Quotes);
    let outer = several.or_else(quotes);
    groups.into_iter().map(|group| group.into_credentials(proxy, value.len(), outer)).collect()
}

/// A scheme with what belongs to it.
#[derive(Default)]
struct Group {
    scheme: String,
    token68: Option<String>,
    params: Vec<(String, String)>,
}

/// One item of the list, whose commas separate schemes as well as the parameters of one.
enum Item {
    Scheme(String, Option<String>),
    Param(String, String),
}

impl Group {
    fn take(&mut self, name: &str) -> Option<String> {
        let found = self.params.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(std::mem::take(&mut found.1))
    }

    fn ticket(&self) -> Option<Ticket> {
        let carries = is_ticket_scheme(&self.scheme);
        self.token68.as_deref().filter(|_| carries).map(ticket)
    }

    /// What a ticket holds.
    fn ticket_bytes(&self) -> Option<Vec<u8>> {
        self.token68.as_deref().filter(|_| is_ticket_scheme(&self.scheme)).and_then(decoded)
    }

    fn into_challenge(mut self, proxy: bool) -> Challenge {
        Challenge {
            ticket: self.ticket(),
            realm: self.take("realm"),
            nonce: self.take("nonce"),
            stale: self.take("stale").is_some_and(|value| value.eq_ignore_ascii_case("true")),
            algorithm: self.take("algorithm"),
            kerberos_error: self.ticket_bytes().and_then(|bytes| KerberosError::read(&bytes)),
            error: self.take("error").filter(|error| error.len() <= MAX_ERROR),
            scheme: self.scheme,
            proxy,
        }
    }

    /// The first part that is missing.
    fn lacks(&self) -> Option<Flaw> {
        let has = |part: &str| self.params.iter().any(|(name, _)| name.eq_ignore_ascii_case(part));
        let digest = self.scheme.eq_ignore_ascii_case("Digest");
        DIGEST_PARTS.into_iter().find(|part| digest && !has(part) && !has(&format!("{part}*"))).map(Flaw::Missing)
    }

    fn into_credentials(mut self, proxy: bool, length: usize, outer: Option<Flaw>) -> Credentials {
        let flaw = outer.or_else(|| self.lacks());
        let is_bearer = self.scheme.eq_ignore_ascii_case("Bearer");
        let ticket_bytes = self.ticket_bytes();
        let user = if self.scheme.eq_ignore_ascii_case("Basic") {
            self.token68.as_deref().and_then(basic_user)
        } else {
            let of_ntlm = ticket_bytes.as_deref().and_then(ticket::ntlm_user);
            of_ntlm.or_else(|| self.take("username").filter(|user| !user.is_empty()))
        };
        Credentials {
            user,
            ticket: self.ticket(),
            service: ticket_bytes.as_deref().and_then(ticket::service),
            jwt: self.token68.as_deref().filter(|_| is_bearer).and_then(Jwt::read).map(Box::new),
            realm: self.take("realm"),
            nonce: self.take("nonce"),
            uri: self.take("uri"),
            algorithm: self.take("algorithm"),
            scheme: self.scheme,
            proxy,
            length,
            flaw,
        }
    }
}

fn groups(value: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for item in items(value) {
        match item {
            Item::Scheme(scheme, token68) => groups.push(Group { scheme, token68, params: Vec::new() }),
            Item::Param(name, value) => {
                if let Some(group) = groups.last_mut() {
                    group.params.push((name, value));
                }
            }
        }
    }
    groups
}

fn items(value: &str) -> Vec<Item> {
    let mut list = Vec::new();
    let mut rest = value;
    while list.len() < LIMIT {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        match alt((param, scheme)).parse(rest) {
            Ok((behind, item)) => {
                list.push(item);
                rest = behind;
            }
            Err(_) => rest = rest.split_once(',').map_or("", |(_, behind)| behind),
        }
    }
    list
}

fn param(input: &str) -> IResult<&str, Item> {
    let (input, name) = token(input)?;
    let (input, _) = (space0, tag("="), space0).parse(input)?;
    let (input, value) = alt((quoted, bare)).parse(input)?;
    Ok((input, Item::Param(name.to_owned(), value)))
}

fn scheme(input: &str) -> IResult<&str, Item> {
    let (input, scheme) = terminated(token, peek(alt((space1, tag(","), eof)))).parse(input)?;
    let (input, token68) =
        opt(preceded(space1, terminated(token68, peek((space0, alt((tag(","), eof))))))).parse(input)?;
    Ok((input, Item::Scheme(scheme.to_owned(), token68.map(str::to_owned))))
}

/// RFC 9110 section 5.6.2.
const fn is_token_char(c: char) -> bool {
    let marks = matches!(c, '!' | '#'..='\'' | '*' | '+' | '-' | '.' | '^' | '_' | '`' | '|' | '~');
    marks || c.is_ascii_alphanumeric()
}

fn token(input: &str) -> IResult<&str, &str> {
    take_while1(is_token_char).parse(input)
}

fn token68(input: &str) -> IResult<&str, &str> {
    let body = take_while1(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/'));
    recognize((body, take_while(|c| c == '='))).parse(input)
}

/// A quoted string (RFC 9110 section 5.6.4), its escapes taken out; one that is not closed goes to the end.
fn quoted(input: &str) -> IResult<&str, String> {
    let (input, _) = tag("\"").parse(input)?;
    let end = memchr2(b'"', b'\\', input.as_bytes());
    if let Some((text, behind)) = end.and_then(|end| input.split_at_checked(end))
        && let Some(behind) = behind.strip_prefix('"')
    {
        return Ok((behind, text.to_owned()));
    }
    let mut text = String::new();
    let mut chars = input.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((input.get(at.saturating_add(1)..).unwrap_or_default(), text)),
            '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => text.push(c),
        }
    }
    Ok(("", text))
}

/// A value without quotes: more than the token that the RFC allows, such as `uri=/mail`.
fn bare(input: &str) -> IResult<&str, String> {
    let (rest, value) = take_while1(|c| !matches!(c, ' ' | '\t' | ',' | '"')).parse(input)?;
    if value.starts_with('=') {
        return Err(nom::Err::Error(Error::new(input, ErrorKind::Char)));
    }
    Ok((rest, value.to_owned()))
}

/// Bytes out of base64, with or without its padding.
fn decoded(token68: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, config).decode(token68).ok()
}

/// The scheme carries tickets of Kerberos or NTLM, in several rounds.
pub fn is_ticket_scheme(scheme: &str) -> bool {
    ["Negotiate", "NTLM"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// `negState reject` of SPNEGO.
const REJECT: &[u8] = b"\xA0\x03\x0A\x01\x02";
/// Bytes of an answer in which its state stands.
const STATE_WITHIN: usize = 16;

/// What a ticket is. NTLM counts wherever it stands: a list of what the client could do names Kerberos too.
fn ticket(token68: &str) -> Ticket {
    let Some(bytes) = decoded(token68) else { return Ticket::Other };
    if let Some(at) = find(&bytes, NTLM) {
        let kind = bytes.get(at.saturating_add(NTLM.len())).copied().unwrap_or_default();
        return Ticket::Ntlm(kind);
    }
    let front = bytes.get(..STATE_WITHIN.min(bytes.len())).unwrap_or_default();
    if bytes.first() == Some(&0xA1) && front.windows(REJECT.len()).any(|window| window == REJECT) {
        return Ticket::Reject;
    }
    if KERBEROS.into_iter().any(|oid| find(&bytes, oid).is_some()) { Ticket::Kerberos } else { Ticket::Other }
}

impl Ticket {
    /// For a report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ntlm(_) => "ntlm",
            Self::Kerberos => "kerberos",
            Self::Reject => "reject",
            Self::Other => "other",
        }
    }
}

/// The user of Basic credentials: what stands before the colon (RFC 7617 section 2).
fn basic_user(token68: &str) -> Option<String> {
    let bytes = decoded(token68)?;
    let user = bytes.split(|&byte| byte == b':').next().unwrap_or_default();
    Some(text::lenient(user)).filter(|user| !user.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schemes(value: &str) -> Vec<String> {
        challenges(value, false).into_iter().map(|challenge| challenge.scheme).collect()
    }

    #[test]
    fn tickets_by_what_they_hold() {
        let spnego = [&b"\x60\x20\x06\x06\x2B\x06\x01\x05\x05\x02\xA0\x0D\x06\x09"[..], KERBEROS[0]].concat();
        let inside = [&spnego[..], NTLM, &[1, 0, 0, 0]].concat();
        for (scheme, bytes, expected) in [
            ("Negotiate", [NTLM, &[3, 0, 0, 0]].concat(), Some(Ticket::Ntlm(3))),
            ("NTLM", [NTLM, &[2, 0, 0, 0]].concat(), Some(Ticket::Ntlm(2))),
            ("negotiate", spnego, Some(Ticket::Kerberos)),
            ("Negotiate", inside, Some(Ticket::Ntlm(1))),
            ("Negotiate", b"\xA1\x07\x30\x05\xA0\x03\x0A\x01\x02".to_vec(), Some(Ticket::Reject)),
            ("Negotiate", b"\xA1\x07\x30\x05\xA0\x03\x0A\x01\x01".to_vec(), Some(Ticket::Other)),
            ("Negotiate", NTLM.to_vec(), Some(Ticket::Ntlm(0))),
            ("Bearer", NTLM.to_vec(), None),
        ] {
            let value =
                format!("{scheme} {}", GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new()).encode(&bytes));
            let (asked, given) = (challenges(&value, false), credentials(&value, false));
            assert_eq!((asked[0].ticket, given[0].ticket), (expected, expected), "{value}");
        }
        assert_eq!(challenges("Negotiate", false)[0].ticket, None);
    }

    #[test]
    fn a_digest_challenge() {
        let value = r#"Digest realm="acme \"west\", one", qop="auth", nonce="n,=1", algorithm=MD5, stale=TRUE"#;
        let expected = Challenge {
            scheme: "Digest".into(),
            realm: Some("acme \"west\", one".into()),
            nonce: Some("n,=1".into()),
            stale: true,
            algorithm: Some("MD5".into()),
            proxy: true,
            ticket: None,
            error: None,
            kerberos_error: None,
        };
        assert_eq!(challenges(value, true), [expected]);
    }

    #[test]
    fn several_challenges_in_one_header() {
        let value =
            r#"Negotiate, NTLM , Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#;
        let all = challenges(value, false);
        assert_eq!(schemes(value), ["Negotiate", "NTLM", "Newauth", "Basic"]);
        assert_eq!((all[2].realm.as_deref(), all[3].realm.as_deref()), (Some("apps"), Some("simple")));
        assert_eq!(schemes("Negotiate YIIB==, Basic realm=x"), ["Negotiate", "Basic"]);
        assert_eq!(schemes(" ,, Bearer ,"), ["Bearer"]);
    }

    #[test]
    fn basic_names_its_user_only() {
        for (value, user) in [
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Some("Aladdin")),
            ("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", Some("Aladdin")),
            ("Basic bm9jb2xvbg==", Some("nocolon")),
            ("Basic 9jp4", Some("ö")),
            ("Basic OnNlY3JldA==", None),
            ("Basic Zm9v.-_~", None),
            ("Basic", None),
        ] {
            let [one] = &credentials(value, false)[..] else { panic!("{value}") };
            assert_eq!(one.user.as_deref(), user, "{value}");
            assert_eq!(one.length, value.len());
            assert!(!format!("{one:?}").contains("sesame"));
        }
    }

    #[test]
    fn digest_credentials() {
        let value =
            r#"Digest username="ann", realm="acme", nonce="abc", uri="/x?a=1,2", response="0123", algorithm=MD5"#;
        let [one] = &credentials(value, true)[..] else { panic!() };
        assert_eq!(
            (one.user.as_deref(), one.realm.as_deref(), one.nonce.as_deref()),
            (Some("ann"), Some("acme"), Some("abc"))
        );
        assert_eq!((one.uri.as_deref(), one.algorithm.as_deref(), one.proxy), (Some("/x?a=1,2"), Some("MD5"), true));
        assert!(!format!("{one:?}").contains("0123"));
        let [bare] = &credentials("Digest username=ann,uri=/mail , realm = \"x\"", false)[..] else { panic!() };
        assert_eq!(
            (bare.user.as_deref(), bare.uri.as_deref(), bare.realm.as_deref()),
            (Some("ann"), Some("/mail"), Some("x"))
        );
    }

    #[test]
    fn tokens_without_a_user() {
        for value in
            ["Bearer eyJhbGci.eyJ-_.c2ln", "Negotiate YIIKfgYGKwYBBQUCoIIK==", "NTLM TlRMTVNTUAAB", "Negotiate"]
        {
            let [one] = &credentials(value, false)[..] else { panic!("{value}") };
            assert_eq!((one.user.as_deref(), one.realm.as_deref()), (None, None));
            assert!(value.starts_with(&one.scheme));
        }
    }

    #[test]
    fn bearer_tokens_and_their_refusal() {
        let value = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2ln";
        let [one] = &credentials(value, false)[..] else { panic!() };
        assert_eq!(one.jwt.as_ref().and_then(|jwt| jwt.subject.as_deref()), Some("ann"));
        assert_eq!(credentials(&value.replace("Bearer", "Basic"), false)[0].jwt, None);
        let [refused] = &challenges(r#"Bearer realm="x", error="invalid_token""#, false)[..] else { panic!() };
        assert_eq!(refused.error.as_deref(), Some("invalid_token"));
    }

    #[test]
    fn nonsense_is_passed_over() {
        for value in ["", ",,,", "=x", "\"", "realm=\"x\"", "@ @", "a\u{1F600}b"] {
            assert!(schemes(value).is_empty(), "{value}");
        }
        assert_eq!(schemes("Digest realm=\"never closed, Basic realm=x"), ["Digest"]);
        assert_eq!(schemes("Digest (), Basic realm=x"), ["Digest", "Basic"]);
    }

    #[test]
    fn a_long_header_has_a_bound() {
        assert_eq!(challenges(&"Basic,".repeat(100_000), false).len(), LIMIT);
        assert_eq!(challenges(&"a=b,".repeat(100_000), false).len(), 0);
    }
}
