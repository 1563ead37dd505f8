//! What opens doors is taken out of a line before anything is read from it: tokens, passwords, cookies.
//!
//! It is known by its shape: a value behind a name and a sign, in an element of XML, in the user part of a URL, behind the
//! word of a scheme; and by what it is: base64 of the length of a token, the three parts of a JSON Web Token. Names are
//! looked at by how they end, so that `userPassword`, `j_password` and `client_secret` need no entry of their own.
//!
//! Words that scripts write in place of a token (`undefined`) open nothing, and stay: they are the fact.

use super::form::typewriter;
use nrpcsniff_dissectors::ltpa::Token;
use std::borrow::Cow;
use std::ops::Range;

/// Base64 of at least this length may be a token (Domino's shortest has 56 characters).
const TOKEN: usize = 40;
/// From this length on, base64 of digits and letters of both cases is masked whatever it is.
const OPAQUE: usize = 64;
/// Names whose value opens doors, in lower case: the name ends in one of them and `=` or `:` follows.
const NAMES: [&str; 21] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "ltpatoken",
    "ltpatoken2",
    "token",
    "jsessionid",
    "sessionid",
    "domauthsessid",
    "sametimejwt",
    "sametimerefresh",
    "rtc4webnonce",
    "pass",
    "passcode",
    "passwort",
    "kennwort",
    "credential",
    "credentials",
    "apikey",
];
/// Words behind which a value may stand without any sign.
const WORDS: [&str; 8] = ["password", "passwd", "passphrase", "passwort", "kennwort", "secret", "bearer", "basic"];
/// A value without a sign is at least so long; shorter ones are words of a sentence.
const VALUE: usize = 6;
/// Headers whose whole value opens doors.
const HEADERS: [&str; 4] = ["cookie", "set-cookie", "authorization", "proxy-authorization"];

/// The line without what opens doors.
pub(super) fn mask(line: &str) -> Cow<'_, str> {
    [web_tokens, runs, values, bare, users].into_iter().fold(Cow::Borrowed(line), |line, step| match line {
        Cow::Borrowed(line) => step(line),
        Cow::Owned(line) => Cow::Owned(step(&line).into_owned()),
    })
}

/// The line without the parts between these places, which are in order.
fn without(line: &str, places: impl IntoIterator<Item = (usize, usize)>) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut done = 0_usize;
    for (start, end) in places.into_iter().filter(|(start, end)| start < end) {
        if start >= done {
            masked.push_str(line.get(done..start).unwrap_or_default());
            masked.push_str("***");
            done = end;
        }
    }
    if done == 0 {
        return Cow::Borrowed(line);
    }
    masked.push_str(line.get(done..).unwrap_or_default());
    Cow::Owned(masked)
}

/// What opens doors, and where it stands in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes of the line.
    pub(crate) at: Range<usize>,
    /// It is the value of a name or stands behind a word; else it is known by what it is.
    pub(crate) named: bool,
}

/// Everything in a line that opens doors, but for values of headers (see [`header_value`]). Places may lie within each other: what
/// is known by what it is stands first.
pub(crate) fn places(line: &str) -> Vec<Place> {
    let lower = line.to_ascii_lowercase();
    let place = |named| move |(start, end)| Place { at: start..end, named };
    let known =
        web_token_places(line).chain(run_places(line).map(|(start, run)| (start, start.saturating_add(run.len()))));
    let known = known.map(place(false));
    let named = values_of_names(line, &lower).chain(bare_places(line, &lower)).chain(user_places(line));
    known.chain(named.map(place(true))).filter(|place| place.at.start < place.at.end).collect()
}

/// The first header in a line whose whole value opens doors: which it is, and where the value begins.
pub(crate) fn header_value(line: &str) -> Option<(&'static str, usize)> {
    let lower = line.to_ascii_lowercase();
    HEADERS.iter().filter_map(|&name| Some((name, header(&lower, name)?))).min_by_key(|&(_, at)| at)
}

/// JSON Web Tokens.
fn web_tokens(line: &str) -> Cow<'_, str> {
    without(line, web_token_places(line))
}

/// Base64 that begins as `{"` does, with points between its parts (RFC 7519).
fn web_token_places(line: &str) -> impl Iterator<Item = (usize, usize)> {
    line.match_indices("eyJ").filter_map(|(start, _)| {
        let rest = line.get(start..)?;
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '=');
        let length = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let token = rest.get(..length)?;
        (token.contains('.') && length > 20).then(|| (start, start.saturating_add(length)))
    })
}

/// Values behind a word alone.
fn bare(line: &str) -> Cow<'_, str> {
    let mut places: Vec<_> = bare_places(line, &line.to_ascii_lowercase()).collect();
    places.sort_unstable();
    without(line, places)
}

/// Where they do not look like a word themselves: `Password S3cret`, `Basic QWxhZGRpbjpvcGVu`.
fn bare_places(line: &str, lower: &str) -> impl Iterator<Item = (usize, usize)> {
    WORDS.into_iter().flat_map(move |word| {
        lower.match_indices(word).filter_map(move |(at, _)| {
            let end = at.saturating_add(word.len());
            let rest = line.get(end..)?.strip_prefix(' ')?;
            let start = end.saturating_add(1);
            let length =
                rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"' | '<')).unwrap_or(rest.len());
            looks_secret(rest.get(..length)?).then(|| (start, start.saturating_add(length)))
        })
    })
}

/// Letters with digits, or with signs that words do not have; or letters of both cases in no order of a word.
fn looks_secret(text: &str) -> bool {
    let text = text.trim_matches(['\'', '(', ')', '.', ':']);
    let has = |is: fn(char) -> bool| text.chars().any(is);
    let signs = has(|c| matches!(c, '!' | '@' | '#' | '$' | '%' | '^' | '&' | '*' | '+' | '=' | '?'));
    let inner_capital = text.chars().skip(1).any(char::is_uppercase) && has(char::is_lowercase);
    let known = text.starts_with('*') || text.starts_with('[');
    text.len() >= VALUE && !known && has(char::is_alphabetic) && (has(|c| c.is_ascii_digit()) || signs || inner_capital)
}

/// Passwords in URLs.
fn users(line: &str) -> Cow<'_, str> {
    without(line, user_places(line))
}

/// The password of `scheme://user:password@host` (RFC 3986, 3.2.1).
fn user_places(line: &str) -> impl Iterator<Item = (usize, usize)> {
    line.match_indices("://").filter_map(|(at, sign)| {
        let start = at.saturating_add(sign.len());
        let rest = line.get(start..)?;
        let authority =
            rest.get(..rest.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '?')).unwrap_or(rest.len()))?;
        let (user, _) = authority.rsplit_once('@')?;
        let (name, password) = user.split_once(':')?;
        let from = start.saturating_add(name.len()).saturating_add(1);
        Some((from, from.saturating_add(password.len())))
    })
}

/// Every run of base64 in a line, with its place, that is as long as a token.
pub(super) fn tokens(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let alphabet = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '%');
    let mut at = 0_usize;
    line.split(move |c| !alphabet(c)).filter_map(move |run| {
        let start = at;
        at = at
            .saturating_add(run.len())
            .saturating_add(line.get(at.saturating_add(run.len())..)?.chars().next().map_or(0, char::len_utf8));
        // A name in front, as in `LtpaToken=AAEC...`, is none of it.
        let value = run.trim_end_matches('=').rfind('=').map_or(0, |end| end.saturating_add(1));
        let token = run.get(value..).filter(|token| token.len() >= TOKEN)?;
        Some((start.saturating_add(value), token))
    })
}

/// Tokens, and what may be one, each with its place.
fn run_places(line: &str) -> impl Iterator<Item = (usize, &str)> {
    tokens(line).filter(|(_, run)| is_opaque(run) || Token::read(None, run).class.is_genuine())
}

/// The line without them.
fn runs(line: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut done = 0_usize;
    for (start, run) in run_places(line) {
        let token = Token::read(None, run);
        let shown = if token.class.is_genuine() { token.label() } else { format!("{} characters", run.len()) };
        masked.push_str(line.get(done..start).unwrap_or_default());
        masked.extend(["[", &shown, "]"]);
        done = start.saturating_add(run.len());
    }
    if done == 0 {
        return Cow::Borrowed(line);
    }
    masked.push_str(line.get(done..).unwrap_or_default());
    Cow::Owned(masked)
}

fn is_opaque(run: &str) -> bool {
    let has = |is: fn(&u8) -> bool| run.bytes().any(|byte| is(&byte));
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    run.len() >= OPAQUE && mixed
}

/// Masks the values of names and headers that open doors, and of elements of XML. From a header on the whole rest goes,
/// since nobody knows where its value ends.
fn values(line: &str) -> Cow<'_, str> {
    let lower = line.to_ascii_lowercase();
    if let Some((kept, rest)) =
        HEADERS.iter().filter_map(|name| header(&lower, name)).min().and_then(|at| line.split_at_checked(at))
        && !rest.trim().is_empty()
    {
        // The one word in a cookie that is a fact.
        let rest = typewriter(rest).to_ascii_lowercase();
        let holds = |word: &str| {
            let bare = format!("={word}");
            rest.contains(&format!("=\"{word}\""))
                || rest.contains(&format!("{bare};"))
                || rest.trim_end().ends_with(&bare)
        };
        let word = ["undefined", "null"].into_iter().find(|word| holds(word));
        let shown = word.map_or_else(|| "***".to_owned(), |word| format!("*** =\"{word}\" ***"));
        return Cow::Owned(format!("{} {shown}", values(kept)));
    }
    without(line, values_of_names(line, &lower))
}

/// Values of names that open doors, in order.
fn values_of_names(line: &str, lower: &str) -> impl Iterator<Item = (usize, usize)> {
    ends_of_names(lower).into_iter().filter_map(move |name| value(line, name))
}

/// Place at which the value of such a header begins.
fn header(lower: &str, name: &str) -> Option<usize> {
    let at = lower.match_indices(name).find(|(at, _)| {
        let before = lower.get(..*at).unwrap_or_default().bytes().next_back();
        let after = lower.get(at.saturating_add(name.len())..).unwrap_or_default();
        before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte != b'-') && after.starts_with(':')
    })?;
    Some(at.0.saturating_add(name.len()).saturating_add(1))
}

/// Ends of all names whose value opens doors, in order.
fn ends_of_names(lower: &str) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    for name in NAMES {
        ends.extend(lower.match_indices(name).map(|(at, _)| at.saturating_add(name.len())));
    }
    ends.sort_unstable();
    ends.dedup();
    ends
}

/// The value behind a name that ends there: `=x`, `: x`, `="x y"`, `>x<`; nothing if it is a word that opens nothing.
fn value(line: &str, name: usize) -> Option<(usize, usize)> {
    let rest = line.get(name..)?;
    let quoted_name = rest.trim_start_matches(['"', '\'']);
    let spaced = quoted_name.trim_start();
    let sign = spaced.chars().next().filter(|sign| matches!(sign, '=' | ':' | '>'))?;
    let tokens = line.get(..name)?.to_ascii_lowercase();
    // "getting token: CN=..." speaks of a token and does not show it.
    if sign == ':' && tokens.ends_with("token") && !rest.starts_with('"') {
        return None;
    }
    let behind = spaced.get(1..)?;
    let behind_blank = behind.trim_start();
    let quote = behind_blank.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '”' | '“'));
    let inside = behind_blank.get(quote.map_or(0, char::len_utf8)..)?;
    let length = match (quote, sign) {
        (Some(quote), _) => inside.find([quote, '”', '“']).unwrap_or(inside.len()),
        (None, '>') => inside.find('<')?,
        (None, _) => inside
            .find(|c: char| c.is_whitespace() || matches!(c, '&' | ';' | ',' | ')' | ']' | '>'))
            .unwrap_or(inside.len()),
    };
    let text = inside.get(..length)?;
    let class = Token::read(None, text).class;
    let already = text.starts_with('[') || text.starts_with('*');
    // "using internet password: User is locked out" says what became of it.
    if quote.is_none() && inside.starts_with("User is ") {
        return None;
    }
    let start = line.len().checked_sub(inside.len())?;
    (!text.is_empty() && !class.is_word() && !already).then(|| (start, start.saturating_add(length)))
}

#[cfg(test)]
mod tests {
    use super::{mask, tokens};
    use proptest::prelude::*;

    const DOMINO: &str = "AAECAzUwOUI2RjRCNTA5Qjc2NTNDTj1Bbm5lIExhdm91ZS9PVT1VSy9PPVJVS4wOqEv/nGS4v6gHqcPyfDiuMRcR";

    #[test]
    fn what_opens_doors_is_taken_out() {
        for (line, shown) in [
            ("j_password=hunter2&x=1", "j_password=***&x=1"),
            ("Password: hunter2 given", "Password: *** given"),
            ("{\"password\": \"hunter 2\", \"user\": \"ann\"}", "{\"password\": \"***\", \"user\": \"ann\"}"),
            ("<password>hunter2</password>", "<password>***</password>"),
            ("JSESSIONID=0000abc:-1; x", "JSESSIONID=***; x"),
            ("Authorization: Basic YW5uOmh1bnRlcjI=", "Authorization: ***"),
            ("Cookie: a=b; LtpaToken=secret", "Cookie: ***"),
            ("x pwd=a,pwd=b", "x pwd=***,pwd=***"),
            ("ltpaToken2 = 'abc'", "ltpaToken2 = '***'"),
            ("LtpaToken=”abc”", "LtpaToken=”***”"),
            ("authenticated. Password S3cretPassw0rd", "authenticated. Password ***"),
            ("verified pass='S3cretPassw0rd'", "verified pass='***'"),
            ("by a single token credentials: S3cretPassw0rd", "by a single token credentials: ***"),
            ("userPassword: hunter2 secret=abc", "userPassword: *** secret=***"),
            ("got Basic ZGVtb3VzZXI6UzNj now", "got Basic *** now"),
            ("bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln", "bearer ***"),
            ("at ldap://ann:hunter2@ad1.example.com:389", "at ldap://ann:***@ad1.example.com:389"),
            ("{\"pass\":\"hunter 2\"}", "{\"pass\":\"***\"}"),
        ] {
            assert_eq!(mask(line), shown, "{line}");
        }
    }

    #[test]
    fn a_token_shows_what_it_is() {
        for line in [
            format!("validating {DOMINO} now"),
            format!("[{DOMINO}]"),
            format!("LtpaToken={DOMINO}; path"),
            format!("token \"{DOMINO}\""),
        ] {
            let shown = mask(&line).into_owned();
            assert!(!shown.contains("AAECA") && !shown.contains(&DOMINO[40..60]), "{shown}");
        }
        assert!(
            mask(&format!("validating {DOMINO} now"))
                .contains("Domino token of CN=Anne Lavoue/OU=UK/O=RUK, fingerprint")
        );
        let opaque = "aB3".repeat(30);
        assert_eq!(mask(&format!("x {opaque} y")), "x [90 characters] y");
    }

    #[test]
    fn the_facts_stay() {
        for line in [
            "getTokenFromDomino: getting tokens for: CN=Ben Williams,O=ACME",
            "token verification failed. [4098]",
            "Received token with type <1>",
            "Cookie: ",
            "Supported: path, outbound",
            "LtpaToken=\"undefined\"",
            "User ID extracted from the token is – CN=Ben Williams/O=ACME/C=US",
            "SECTokenListGenerate returned with status <0>",
            "/opt/IBM/WebSphere/AppServer/profiles/appsrv/logs/server/systemout.log/opt/ibm/websphere",
            "password expired",
            "Error - cannot retrieve password attribute.",
            "authentication failure using internet password: User is locked out",
            "Wrong Password. (Passwords are case sensitive)",
            "sip:ann@10.1.0.9 ldap://ad1.example.com:389",
            "the wrong password was supplied",
        ] {
            assert_eq!(mask(line), line);
        }
        assert_eq!(mask("Cookie: LtpaToken=\"undefined\""), "Cookie: *** =\"undefined\" ***");
    }

    #[test]
    fn runs_are_found_at_their_place() {
        let line = format!("é LtpaToken={DOMINO}; \"{DOMINO}\"");
        for (start, run) in tokens(&line) {
            assert_eq!(&line[start..start + run.len()], DOMINO);
        }
        assert_eq!(tokens(&line).count(), 2);
    }

    proptest! {
        #[test]
        fn any_text_is_masked_without_panic(text in any::<String>(), name in 0_usize..21) {
            let _ = mask(&text);
            let line = format!("{text}{}=hunter2 {text}", super::NAMES[name]);
            prop_assert!(!mask(&line).contains("hunter2") || text.contains("hunter2"), "{}", mask(&line));
        }
    }
}
