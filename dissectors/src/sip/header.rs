//! The header block: lines, folded or not, with names in any case, long or compact (RFC 3261 sections 7.3 and 20).

use super::syntax::{Notes, token_length, trim};
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// Bytes of a start line and its headers; a message with more is not read further.
pub(super) const HEAD: usize = 64 << 10;
/// Room for the headers of nearly every message.
const USUAL: usize = 16;
/// Header lines read of one message.
const LINES: usize = 1024;

/// Headers that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Authorization,
    CallId,
    Contact,
    ContentLength,
    ContentType,
    Cookie,
    CSeq,
    Date,
    Expires,
    From,
    MaxForwards,
    MinExpires,
    ProxyAuthenticate,
    ProxyAuthorization,
    RecordRoute,
    RetryAfter,
    Route,
    Server,
    Supported,
    To,
    UserAgent,
    Via,
    Warning,
    WwwAuthenticate,
}

impl Name {
    /// Long and compact names, in any case.
    fn read(text: &[u8]) -> Option<Self> {
        let mut lower = [0; Self::LONGEST];
        let lower = lower.get_mut(..text.len())?;
        lower.copy_from_slice(text);
        lower.make_ascii_lowercase();
        Some(match &*lower {
            b"authorization" => Self::Authorization,
            b"call-id" | b"i" => Self::CallId,
            b"contact" | b"m" => Self::Contact,
            b"content-length" | b"l" => Self::ContentLength,
            b"content-type" | b"c" => Self::ContentType,
            b"cookie" => Self::Cookie,
            b"cseq" => Self::CSeq,
            b"date" => Self::Date,
            b"expires" => Self::Expires,
            b"from" | b"f" => Self::From,
            b"max-forwards" => Self::MaxForwards,
            b"min-expires" => Self::MinExpires,
            b"proxy-authenticate" => Self::ProxyAuthenticate,
            b"proxy-authorization" => Self::ProxyAuthorization,
            b"record-route" => Self::RecordRoute,
            b"retry-after" => Self::RetryAfter,
            b"route" => Self::Route,
            b"server" => Self::Server,
            b"supported" | b"k" => Self::Supported,
            b"to" | b"t" => Self::To,
            b"user-agent" => Self::UserAgent,
            b"via" | b"v" => Self::Via,
            b"warning" => Self::Warning,
            b"www-authenticate" => Self::WwwAuthenticate,
            _ => return None,
        })
    }

    /// Bytes of the longest of them.
    const LONGEST: usize = "Proxy-Authorization".len();

    /// No message is without it.
    pub(super) fn is_of_every_message(self) -> bool {
        matches!(self, Self::CallId | Self::CSeq | Self::Via)
    }

    /// As RFC 3261 writes it.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Authorization => "Authorization",
            Self::CallId => "Call-ID",
            Self::Contact => "Contact",
            Self::ContentLength => "Content-Length",
            Self::ContentType => "Content-Type",
            Self::Cookie => "Cookie",
            Self::CSeq => "CSeq",
            Self::Date => "Date",
            Self::Expires => "Expires",
            Self::From => "From",
            Self::MaxForwards => "Max-Forwards",
            Self::MinExpires => "Min-Expires",
            Self::ProxyAuthenticate => "Proxy-Authenticate",
            Self::ProxyAuthorization => "Proxy-Authorization",
            Self::RecordRoute => "Record-Route",
            Self::RetryAfter => "Retry-After",
            Self::Route => "Route",
            Self::Server => "Server",
            Self::Supported => "Supported",
            Self::To => "To",
            Self::UserAgent => "User-Agent",
            Self::Via => "Via",
            Self::Warning => "Warning",
            Self::WwwAuthenticate => "WWW-Authenticate",
        }
    }
}

/// One header that is read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub name: Name,
    /// Folded lines are joined by a blank.
    pub value: Cow<'a, str>,
    /// Where it begins: bytes from the start of the block.
    pub offset: usize,
}

/// The headers of a block that begins behind the start line, in order. `base` is the block's offset in the message, for
/// notes.
pub(super) fn headers<'a>(block: &'a [u8], base: usize, notes: &mut Notes) -> Vec<Header<'a>> {
    let mut list = Vec::with_capacity(USUAL);
    let mut offset = 0_usize;
    let mut lines = 0_usize;
    while let Some(rest) = block.get(offset..).filter(|rest| !rest.is_empty()) {
        let line = logical_line(rest);
        let at = base.saturating_add(offset);
        offset = offset.saturating_add(line.len());
        lines = lines.saturating_add(1);
        if is_end_of_line(line) {
            break;
        }
        notes.about("", at);
        if lines > LINES {
            notes.note(format!("more than {LINES} headers: the rest is not read"));
            break;
        }
        list.extend(header(line, at, notes));
    }
    list
}

fn header<'a>(line: &'a [u8], offset: usize, notes: &mut Notes) -> Option<Header<'a>> {
    let colon = memchr(b':', line).unwrap_or(line.len());
    let (name, value) = line.split_at_checked(colon)?;
    let blanks = name.iter().rev().take_while(|&&b| matches!(b, b' ' | b'\t')).count();
    let name = name.get(..name.len().saturating_sub(blanks)).unwrap_or(name);
    if value.is_empty() || name.is_empty() || token_length(name) < name.len() {
        // Not what it says: it may be a credential whose header broke.
        notes.note("a line that is no header");
        return None;
    }
    let name = Name::read(name)?;
    Some(Header { name, value: unfolded(value.get(1..).unwrap_or_default()), offset })
}

/// The first line with those that continue it, with their ends.
fn logical_line(bytes: &[u8]) -> &[u8] {
    let mut end = 0_usize;
    while let Some(rest) = bytes.get(end..).filter(|rest| !rest.is_empty()) {
        let line = line_length(rest);
        end = end.saturating_add(line);
        let is_empty = end == line && is_end_of_line(rest.get(..line).unwrap_or_default());
        if is_empty || !matches!(bytes.get(end), Some(b' ' | b'\t')) {
            break;
        }
    }
    bytes.get(..end).unwrap_or(bytes)
}

/// Length of the first line with its end: CRLF, or CR or LF alone.
pub(super) fn line_length(bytes: &[u8]) -> usize {
    let Some(end) = memchr2(b'\r', b'\n', bytes) else { return bytes.len() };
    let marks = if bytes.get(end..).is_some_and(|rest| rest.starts_with(b"\r\n")) { 2 } else { 1 };
    end.saturating_add(marks)
}

/// Nothing but the end of a line.
fn is_end_of_line(line: &[u8]) -> bool {
    matches!(line, b"\r\n" | b"\n" | b"\r")
}

fn unfolded(value: &[u8]) -> Cow<'_, str> {
    let text = match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(trim(text)),
        Err(_) => Cow::Owned(trim(&String::from_utf8_lossy(value)).to_owned()),
    };
    if memchr2(b'\r', b'\n', text.as_bytes()).is_none() {
        return text;
    }
    let lines = text.split(['\r', '\n']).map(trim).filter(|line| !line.is_empty());
    Cow::Owned(lines.collect::<Vec<_>>().join(" "))
}

/// Where the head of a message ends: behind its first empty line. `searched` bytes were searched before; it is moved on.
pub(super) fn end_of_head(bytes: &[u8], searched: &mut usize) -> Option<usize> {
    let mut at = searched.saturating_sub(3);
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr(b'\n', rest)) {
        at = at.saturating_add(found).saturating_add(1);
        match bytes.get(at..) {
            Some([b'\n', ..]) => return at.checked_add(1),
            Some([b'\r', b'\n', ..]) => return at.checked_add(2),
            _ => {}
        }
    }
    *searched = bytes.len();
    None
}

/// What Content-Length says of the body's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// It was not sent.
    Missing,
    /// The body's length in bytes.
    Bytes(u64),
    /// No number, too large a number, or several that differ.
    Unknown,
}

/// What these headers say of the body's end.
pub(super) fn length(headers: &[Header<'_>]) -> Length {
    let mut length = Length::Missing;
    for header in headers.iter().filter(|header| header.name == Name::ContentLength) {
        let digits = header.value.bytes().all(|b| b.is_ascii_digit());
        let this = header.value.parse().ok().filter(|_| digits).map_or(Length::Unknown, Length::Bytes);
        length = if length == Length::Missing || length == this { this } else { Length::Unknown };
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &str) -> (Vec<(Name, String)>, Vec<String>) {
        let mut notes = Notes::default();
        let list = headers(block.as_bytes(), 100, &mut notes);
        let list = list.into_iter().map(|header| (header.name, header.value.into_owned())).collect();
        (list, notes.into_problems().into_iter().map(|problem| problem.what.into_owned()).collect())
    }

    /// Long and compact names as RFC 3261 section 20 has them.
    const NAMES: [(&str, &str); 24] = [
        ("Authorization", ""),
        ("Call-ID", "i"),
        ("Contact", "m"),
        ("Content-Length", "l"),
        ("Content-Type", "c"),
        ("Cookie", ""),
        ("CSeq", ""),
        ("Date", ""),
        ("Expires", ""),
        ("From", "f"),
        ("Max-Forwards", ""),
        ("Min-Expires", ""),
        ("Proxy-Authenticate", ""),
        ("Proxy-Authorization", ""),
        ("Record-Route", ""),
        ("Retry-After", ""),
        ("Route", ""),
        ("Server", ""),
        ("Supported", "k"),
        ("To", "t"),
        ("User-Agent", ""),
        ("Via", "v"),
        ("Warning", ""),
        ("WWW-Authenticate", ""),
    ];

    #[test]
    fn names_in_any_form() {
        let block = "CALL-id \t: a\r\ni:b\r\nI : c\r\nf:\r\nUnknown: x\r\nk: d\r\n\r\nTo: body\r\n";
        let expected =
            [(Name::CallId, "a"), (Name::CallId, "b"), (Name::CallId, "c"), (Name::From, ""), (Name::Supported, "d")];
        let (list, problems) = read(block);
        assert_eq!(list, expected.map(|(name, value)| (name, value.to_owned())));
        assert!(problems.is_empty());
        for (long, compact) in NAMES {
            let name = Name::read(long.as_bytes()).unwrap();
            assert_eq!(name.text(), long);
            assert!(compact.is_empty() || Name::read(compact.as_bytes()) == Some(name), "{compact}");
        }
        assert_eq!(Name::read(b""), None);
    }

    #[test]
    fn folded_lines() {
        let (list, problems) = read("To:\r\n sip:a@b\r\n\t;tag=1 \r\nVia: x\r\n");
        assert_eq!(list, [(Name::To, "sip:a@b ;tag=1".to_owned()), (Name::Via, "x".to_owned())]);
        assert!(problems.is_empty());
    }

    #[test]
    fn ends_of_lines_other_than_crlf() {
        let expected = [(Name::To, "a b".to_owned()), (Name::Via, "x".to_owned())];
        assert_eq!(read("To: a\n b\nVia: x\n\nFrom: y").0, expected);
        assert_eq!(read("To: a\r b\rVia: x\r\rFrom: y").0, expected);
    }

    #[test]
    fn lines_that_are_no_headers() {
        let (list, problems) = read("no colon\r\n: no name\r\nbad name: x\r\nTo: a\r\n");
        assert_eq!((list.len(), problems), (1, vec!["a line that is no header".to_owned(); 3]));
        let (list, problems) = read(&"To: a\r\n".repeat(2000));
        assert_eq!((list.len(), problems), (LINES, vec![format!("more than {LINES} headers: the rest is not read")]));
    }

    #[test]
    fn the_end_of_a_head() {
        for (bytes, end) in
            [("a\r\n\r\nb", Some(5)), ("a\n\nb", Some(3)), ("a\r\n\nb", Some(4)), ("a\r\nb\r\n", None), ("", None)]
        {
            let whole = end_of_head(bytes.as_bytes(), &mut 0);
            assert_eq!(whole, end, "{bytes:?}");
            let mut searched = 0;
            let grown = (0..=bytes.len()).find_map(|length| end_of_head(&bytes.as_bytes()[..length], &mut searched));
            assert_eq!(grown, end, "{bytes:?}");
        }
    }

    #[test]
    fn lengths() {
        let length_of = |block: &str| length(&headers(block.as_bytes(), 0, &mut Notes::default()));
        assert_eq!(length_of("To: a\r\n"), Length::Missing);
        assert_eq!(length_of("l: 0012\r\n"), Length::Bytes(12));
        assert_eq!(length_of("l: 5\r\nContent-Length: 5\r\n"), Length::Bytes(5));
        for unknown in [
            "l: 5\r\nl: 6",
            "l: 6\r\nl: 5\r\nl: 5",
            "l:",
            "l: -1",
            "l: +1",
            "l: 1 2",
            "l: 99999999999999999999",
            "l: x\r\nl: 5",
        ] {
            assert_eq!(length_of(&format!("{unknown}\r\n")), Length::Unknown, "{unknown}");
        }
    }
}
