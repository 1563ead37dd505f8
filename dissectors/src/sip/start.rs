//! The first line of a message, and how it is told from other text (RFC 3261 sections 7.1 and 7.2).

use super::message::{Start, Uri};
use super::syntax::{Notes, is_token, is_token_char, short};

/// Methods of RFC 3261 and its extensions (IANA registry).
const METHODS: [&str; 14] = [
    "ACK",
    "BYE",
    "CANCEL",
    "INFO",
    "INVITE",
    "MESSAGE",
    "NOTIFY",
    "OPTIONS",
    "PRACK",
    "PUBLISH",
    "REFER",
    "REGISTER",
    "SUBSCRIBE",
    "UPDATE",
];
/// Bytes of a first line that may be a method.
const METHOD: usize = 64;
/// The version that is read.
const VERSION: &str = "SIP/2.0";

/// Reads a first line without its end.
pub(super) fn read(line: &[u8], notes: &mut Notes) -> Start {
    let text = String::from_utf8_lossy(line);
    if line.iter().any(|&b| b != b'\t' && b.is_ascii_control()) {
        notes.note("control characters in the first line");
        return Start::Malformed { line: text.into_owned() };
    }
    let trimmed = text.trim_end_matches([' ', '\t']);
    let start = if is_version_prefix(line) { response(&text, notes) } else { request(trimmed, notes) };
    if trimmed != text && matches!(start, Some(Start::Request { .. })) {
        notes.note("blanks behind the version");
    }
    start.unwrap_or_else(|| Start::Malformed { line: text.into_owned() })
}

fn response(line: &str, notes: &mut Notes) -> Option<Start> {
    let (version, rest) = line.split_once(' ').unwrap_or((line, ""));
    if !is_spoken(version, notes) {
        return None;
    }
    if rest.starts_with(' ') {
        notes.note("more than one blank between its parts");
    }
    let (code, reason) = rest.trim_start_matches(' ').split_once(' ').unwrap_or_else(|| {
        notes.note("no blank behind the status");
        (rest, "")
    });
    let status = code.parse().ok().filter(|status| code.len() == 3 && (100..700).contains(status));
    if status.is_none() {
        notes.note(format!("{} is no status", short(code)));
    }
    Some(Start::Response { status: status?, reason: reason.to_owned() })
}

/// Reads a request line. Slips that servers forgive are noted and forgiven, because the request may have been answered all the
/// same.
fn request(line: &str, notes: &mut Notes) -> Option<Start> {
    let (rest, version) = line.rsplit_once([' ', '\t'])?;
    if !is_spoken(version, notes) {
        return None;
    }
    let (method, uri) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
    if !is_token(method) {
        notes.note(format!("{} is no method", short(method)));
        return None;
    }
    let trimmed = uri.trim_matches([' ', '\t']);
    if trimmed.is_empty() {
        notes.note("no Request-URI");
        return None;
    }
    if trimmed != uri {
        notes.note("more than one blank between its parts");
    }
    let bare = trimmed.strip_prefix('<').and_then(|uri| uri.strip_suffix('>'));
    if bare.is_some() {
        notes.note("angle brackets round the Request-URI");
    }
    let text = bare.unwrap_or(trimmed);
    if text.contains('?') && text.get(..4).is_some_and(|scheme| scheme.to_ascii_lowercase().starts_with("sip")) {
        let user_ends = text.rfind('@').unwrap_or(0);
        if text.get(user_ends..).is_some_and(|behind| behind.contains('?')) {
            notes.note("headers in the Request-URI");
        }
    }
    Some(Start::Request { method: method.to_owned(), uri: Uri::read(text, notes) })
}

fn is_spoken(version: &str, notes: &mut Notes) -> bool {
    let spoken = version.eq_ignore_ascii_case(VERSION);
    if !spoken {
        notes.note(format!("{} where {VERSION} should stand", short(version)));
    }
    spoken
}

/// A first line that means to be SIP, though it may be malformed; not one that begins further on.
pub(super) fn is_meant(line: &[u8]) -> bool {
    look(line) == Look::Yes || find(line).is_none() && names_version(line)
}

/// It has all its parts and begins with what may be a method, or with a version: it is not the rest of a line whose beginning was not
/// captured.
pub(super) fn is_whole(line: &[u8]) -> bool {
    let mut parts = line.trim_ascii_end().split(|&byte| matches!(byte, b' ' | b'\t'));
    let first = parts.next().unwrap_or_default();
    let is_version = is_version_prefix(first) && first.len() == VERSION.len();
    match parts.count() {
        0 => false,
        1 => is_version,
        _ => is_version || std::str::from_utf8(first).is_ok_and(is_token),
    }
}

/// It begins or ends with a version.
fn names_version(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let version = line.len().checked_sub(VERSION.len()).and_then(|at| line.split_at_checked(at));
    let at_end = version.is_some_and(|(front, version)| front.ends_with(b" ") && is_version_prefix(version));
    is_version_prefix(line) || at_end
}

/// `SIP/`, a digit, a dot and a digit.
fn is_version_prefix(line: &[u8]) -> bool {
    let [b's' | b'S', b'i' | b'I', b'p' | b'P', b'/', major, b'.', minor, ..] = line else { return false };
    major.is_ascii_digit() && minor.is_ascii_digit()
}

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// A first line without a flaw.
    Yes,
    /// Something else.
    No,
    /// The beginning of one, as far as it goes.
    Open,
}

/// Judges the first bytes of a message. A longer input never contradicts what was said of its beginning.
pub(super) fn look(bytes: &[u8]) -> Look {
    let common = bytes.iter().zip(VERSION.as_bytes()).take_while(|(byte, wanted)| byte == wanted).count();
    match common {
        7 => look_at_status(bytes.get(common..).unwrap_or_default()),
        _ if common == bytes.len() => Look::Open,
        _ => look_at_request(bytes),
    }
}

/// A blank, three digits, a blank or the line's end.
fn look_at_status(bytes: &[u8]) -> Look {
    let fits = |(at, byte): (usize, &u8)| match at {
        0 => *byte == b' ',
        1 => (b'1'..=b'6').contains(byte),
        2 | 3 => byte.is_ascii_digit(),
        _ => matches!(byte, b' ' | b'\r' | b'\n'),
    };
    match bytes.iter().take(5).enumerate().all(fits) {
        false => Look::No,
        true if bytes.len() < 5 => Look::Open,
        true => Look::Yes,
    }
}

/// A method, a URI with a scheme, the version, the line's end. Open as long as the next byte may still make it one, since a
/// segment may end anywhere.
fn look_at_request(bytes: &[u8]) -> Look {
    let method = bytes.iter().take(METHOD).take_while(|&&b| is_token_char(char::from(b))).count();
    let rest = match bytes.split_at_checked(method) {
        Some((_, [])) if method < METHOD => return Look::Open,
        Some((_, [b' ', rest @ ..])) if method > 0 => rest,
        _ => return Look::No,
    };
    let scheme = rest.iter().take_while(|&&b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)).count();
    match rest.get(scheme) {
        None => return Look::Open,
        Some(b':') if scheme > 0 => {}
        Some(_) => return Look::No,
    }
    let Some((uri, rest)) = word(rest) else {
        return if rest.iter().all(|&b| b > b' ') { Look::Open } else { Look::No };
    };
    if !uri.iter().all(|&b| b > b' ') {
        return Look::No;
    }
    let wanted = VERSION.as_bytes();
    match (rest.get(..wanted.len()), rest.get(wanted.len())) {
        (Some(version), Some(b'\r' | b'\n')) if version == wanted => Look::Yes,
        (Some(version), None) if version == wanted => Look::Open,
        (None, _) if wanted.starts_with(rest) => Look::Open,
        _ => Look::No,
    }
}

/// What stands in front of the first blank, and behind it.
fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&b| b == b' ')?;
    Some((bytes.get(..at)?, bytes.get(at.checked_add(1)?..)?))
}

/// Where in a line a first line without a flaw begins, if what stands before it is something else.
pub(super) fn find(line: &[u8]) -> Option<usize> {
    let end = line.trim_ascii_end().len();
    let before_version = end.checked_sub(VERSION.len());
    if let Some(at) = before_version.filter(|&at| line.get(at..end) == Some(VERSION.as_bytes())) {
        let mut words = line.get(..at)?.trim_ascii_end().rsplitn(2, |&b| b == b' ');
        let (_uri, front) = (words.next()?, words.next()?);
        // A body need not end with its line; a method that nobody knows is one only where a line begins.
        let known = METHODS.iter().filter(|method| front.ends_with(method.as_bytes())).map(|method| method.len()).max();
        let begin = front.len().checked_sub(known.unwrap_or(front.len()))?;
        return (look(line.get(begin..)?) == Look::Yes).then_some(begin);
    }
    let versions = line.windows(VERSION.len()).enumerate().filter(|(_, window)| *window == VERSION.as_bytes());
    versions.map(|(at, _)| at).find(|&at| line.get(at..).map(look) == Some(Look::Yes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A start line and what is wrong with it.
    fn start(line: &str) -> (Start, Vec<String>) {
        let mut notes = Notes::default();
        let start = read(line.as_bytes(), &mut notes);
        (start, notes.into_problems().into_iter().map(|problem| problem.what.into_owned()).collect())
    }

    #[test]
    fn responses() {
        let response = |status, reason: &str| Start::Response { status, reason: reason.to_owned() };
        assert_eq!(start("SIP/2.0 404 Not  Found "), (response(404, "Not  Found "), vec![]));
        assert_eq!(start("SIP/2.0 200 "), (response(200, ""), vec![]));
        assert_eq!(start("SIP/2.0 200"), (response(200, ""), vec!["no blank behind the status".to_owned()]));
        assert_eq!(start("sip/2.0 699 x").0, response(699, "x"));
        assert_eq!(start("SIP/2.0  200 x").0, response(200, "x"));
        for wrong in [
            "SIP/2.0",
            "SIP/2.0 ",
            "SIP/2.0 99 x",
            "SIP/2.0 700 x",
            "SIP/2.0 0200 x",
            "SIP/2.0 +20 x",
            "SIP/3.0 200 OK",
            "SIP/2.0 200\0 OK",
        ] {
            let (start, problems) = start(wrong);
            assert_eq!(start, Start::Malformed { line: wrong.to_owned() });
            assert!(!problems.is_empty(), "{wrong}");
        }
    }

    #[test]
    fn requests() {
        let (request, problems) = start("Foo sip:a@b SIP/2.0");
        let Start::Request { method, uri } = request else { panic!("{request:?}") };
        assert_eq!((method.as_str(), uri.to_string().as_str(), problems.len()), ("Foo", "sip:a@b", 0));
        // A question mark may stand in a user part.
        assert_eq!(start("INVITE sip:a?b@c SIP/2.0").1, Vec::<String>::new());
        assert_eq!(start("INVITE sip:a@c?x=y SIP/2.0").1, ["headers in the Request-URI"]);
        for wrong in [
            "INVITE SIP/2.0",
            "INVITE  SIP/2.0",
            "IN(VITE sip:a@b SIP/2.0",
            " sip:a@b SIP/2.0",
            "INVITE sip:a@b SIP/2.1",
        ] {
            let (start, problems) = start(wrong);
            assert_eq!(start, Start::Malformed { line: wrong.to_owned() });
            assert_eq!(problems.len(), 1, "{wrong}");
        }
    }

    #[test]
    fn what_the_first_bytes_say() {
        let yes = [
            "INVITE sip:a@b SIP/2.0\r\n",
            "X-y tel:1 SIP/2.0\n",
            "SIP/2.0 200 OK\r\n",
            "SIP/2.0 200\r\n",
            "S! sip:x SIP/2.0\r",
        ];
        for line in yes {
            let decided = (0..=line.len()).find(|&length| look(&line.as_bytes()[..length]) != Look::Open).unwrap();
            assert!((decided..=line.len()).all(|length| look(&line.as_bytes()[..length]) == Look::Yes), "{line}");
        }
        let no = [
            "GET / HTTP/1.1\r\n",
            "OPTIONS * HTTP/1.1\r\n",
            "GET http://x/ HTTP/1.1\r\n",
            "CONNECT x:443 HTTP/1.1\r\n",
            "DESCRIBE rtsp://x/y RTSP/1.0\r\n",
            "HTTP/1.1 200 OK\r\n",
            "SIP/2.0 099 x\r\n",
            "SIP/2.0/UDP host\r\n",
            "SIP/2.0 2000\r\n",
            "INVITE sip:a@b SIP/2.0x\r\n",
            "INVITE sip:a@b  SIP/2.0\r\n",
            "EHLO mail.example\r\n",
            "\x16\x03\x01\x02\x01\x01\x01\x7f",
        ];
        for line in no {
            let decided = (0..=line.len()).find(|&length| look(&line.as_bytes()[..length]) != Look::Open).unwrap();
            assert!((decided..=line.len()).all(|length| look(&line.as_bytes()[..length]) == Look::No), "{line}");
        }
        assert_eq!(look(&[b'A'; 100]), Look::No);
    }

    #[test]
    fn a_first_line_inside_another() {
        let cases = [
            ("INVITE sip:a@b SIP/2.0\r\n", Some(0)),
            ("</x>INVITE sip:a@b SIP/2.0\r\n", Some(4)),
            ("lastlineINVITE sip:a@b SIP/2.0\r\n", Some(8)),
            ("PRACK sip:a@b SIP/2.0\r\n", Some(0)),
            ("some text FOO sip:a@b SIP/2.0\r\n", None),
            ("FOO sip:a@b SIP/2.0\r\n", Some(0)),
            ("}SIP/2.0 200 OK\r\n", Some(1)),
            ("Via: SIP/2.0/UDP h\r\n", None),
            ("a SIP/2.0\r\n", None),
            ("SIP/2.0 and SIP/2.0 200 OK\r\n", Some(12)),
            ("", None),
        ];
        for (line, at) in cases {
            assert_eq!(find(line.as_bytes()), at, "{line}");
        }
        for (line, meant) in [
            ("INVITE sip:a@b SIP/7.0\r\n", true),
            ("SIP/2.0 4294967301 x", true),
            ("INVITE  sip:a@b  SIP/2.0  \r\n", true),
            ("</x>INVITE sip:a@b SIP/2.0\r\n", false),
            ("Via: SIP/2.0/UDP h", false),
            ("GET / HTTP/1.1", false),
            ("SIP", false),
        ] {
            assert_eq!(is_meant(line.as_bytes()), meant, "{line}");
        }
    }
}
