//! One message out of its head and body.

use super::header::{self, Header, Length, Name, line_length};
use super::message::{Address, CSeq, Message, Start, Transport, Via};
use super::sdp;
use super::start;
use super::syntax::{Notes, is_token, number, short, split};
use crate::{auth, cookie};

/// Addresses, cookies and the like kept of one list of a message.
const LIST: usize = 128;
/// Largest number of seconds (RFC 3261 section 25.1: delta-seconds of 32 bits).
const SECONDS: u64 = 0xFFFF_FFFF;
/// Largest number of CSeq (RFC 3261 section 8.1.1.5), though larger ones of 32 bits are read.
const SEQUENCE: u32 = 0x7FFF_FFFF;

/// The message in one datagram or one WebSocket message; `None` if there is none, such as in a keep-alive.
pub(crate) fn parse(bytes: &[u8], transport: Transport) -> Option<Message> {
    let mut notes = Notes::default();
    let begin = begin(bytes)?;
    if begin.junk > 0 {
        notes.note(format!("{} bytes before the message are none of SIP", begin.junk));
    }
    let message = bytes.get(begin.at..)?;
    let mut searched = 0;
    let end = header::end_of_head(message, &mut searched);
    let (head, body) = message.split_at_checked(end.unwrap_or(message.len()))?;
    let mut head = head_of(head, &mut notes);
    if end.is_none() {
        head.whole = false;
        notes.about("", message.len());
        notes.note("no empty line behind its headers");
    }
    let body = body_of_datagram(body, &head.headers, &mut notes);
    Some(assemble(head, body, transport, notes))
}

/// Where a message begins in a datagram.
struct Begin {
    at: usize,
    /// Bytes in front of it that are more than ends of lines.
    junk: usize,
}

fn begin(bytes: &[u8]) -> Option<Begin> {
    let blank = bytes.iter().take_while(|&&b| matches!(b, b'\r' | b'\n')).count();
    let rest = bytes.get(blank..)?;
    if start::is_meant(rest.get(..line_length(rest))?) {
        return Some(Begin { at: blank, junk: 0 });
    }
    let mut at = blank;
    for line in rest.split_inclusive(|&b| b == b'\n') {
        if let Some(found) = start::find(line) {
            let at = at.saturating_add(found);
            return Some(Begin { at, junk: at.saturating_sub(blank) });
        }
        at = at.saturating_add(line.len());
    }
    None
}

/// The body of a datagram ends where Content-Length says, else with the datagram (RFC 3261 section 18.3).
fn body_of_datagram<'a>(body: &'a [u8], headers: &[Header<'_>], notes: &mut Notes) -> &'a [u8] {
    let Length::Bytes(length) = header::length(headers) else { return body };
    let claimed = usize::try_from(length).unwrap_or(usize::MAX);
    body.get(..claimed).unwrap_or_else(|| {
        let sent = headers.iter().find(|header| header.name == Name::ContentLength);
        notes.about(Name::ContentLength.text(), sent.map_or(0, |header| header.offset));
        notes.note(format!("{length} bytes, of which {} are there", body.len()));
        body
    })
}

/// A start line and headers that were told apart.
pub(super) struct Head<'a> {
    pub start: Start,
    pub headers: Vec<Header<'a>>,
    /// All headers are there.
    pub whole: bool,
}

impl Head<'_> {
    /// The beginning of a first line.
    pub(super) fn cut(line: &[u8]) -> Self {
        let line = String::from_utf8_lossy(line).into_owned();
        Self { start: Start::Malformed { line }, headers: Vec::new(), whole: false }
    }
}

/// Tells apart the lines of a head.
pub(super) fn head_of<'a>(head: &'a [u8], notes: &mut Notes) -> Head<'a> {
    let end = line_length(head);
    let (line, block) = head.split_at_checked(end).unwrap_or((head, &[]));
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    notes.about("", 0);
    let start = start::read(line, notes);
    check_ends(head, notes);
    Head { start, headers: header::headers(block, end, notes), whole: true }
}

/// Lines end in CRLF (RFC 3261 section 7); other ends are read all the same.
fn check_ends(head: &[u8], notes: &mut Notes) {
    let mut at = 0_usize;
    while let Some(rest) = head.get(at..).filter(|rest| !rest.is_empty()) {
        let line = rest.get(..line_length(rest)).unwrap_or(rest);
        if line.ends_with(b"\r") && line.len() < rest.len() || line.ends_with(b"\n") && !line.ends_with(b"\r\n") {
            notes.about("", at);
            notes.note("a line that does not end in CRLF");
            return;
        }
        at = at.saturating_add(line.len());
    }
}

/// The message that a head and a body say.
pub(super) fn assemble(head: Head<'_>, body: &[u8], transport: Transport, notes: Notes) -> Message {
    let mut reader = Reader { message: Message::new(head.start, transport), notes, seen: 0 };
    for header in &head.headers {
        reader.header(header);
    }
    reader.body(body);
    reader.notes.about("", 0);
    if head.whole {
        reader.check_missing();
    }
    reader.check();
    reader.message.problems = reader.notes.into_problems();
    reader.message
}

impl Message {
    /// A message of which only the first line is known: headers add to it one by one, so that what is cut keeps what came.
    fn new(start: Start, transport: Transport) -> Self {
        Self {
            start,
            transport,
            call_id: None,
            cseq: None,
            from: None,
            to: None,
            contacts: Vec::new(),
            vias: Vec::new(),
            record_routes: Vec::new(),
            routes: Vec::new(),
            user_agent: None,
            server: None,
            expires: None,
            min_expires: None,
            max_forwards: None,
            retry_after: None,
            cookies: Vec::new(),
            challenges: Vec::new(),
            credentials: Vec::new(),
            supported: Vec::new(),
            content_type: None,
            content_length: None,
            media: Vec::new(),
            problems: Vec::new(),
        }
    }
}

struct Reader {
    message: Message,
    notes: Notes,
    /// Headers that may stand once and did: a bit for each name.
    seen: u32,
}

impl Reader {
    fn header(&mut self, header: &Header<'_>) {
        self.notes.about(header.name.text(), header.offset);
        let value = header.value.as_ref();
        let message = &mut self.message;
        match header.name {
            Name::Contact => addresses(&mut message.contacts, value, &mut self.notes),
            Name::RecordRoute => addresses(&mut message.record_routes, value, &mut self.notes),
            Name::Route => addresses(&mut message.routes, value, &mut self.notes),
            Name::Via => list(&mut message.vias, value, &mut self.notes, Via::read),
            Name::Cookie => add(&mut message.cookies, cookie::pairs(value), &mut self.notes),
            Name::WwwAuthenticate => add(&mut message.challenges, auth::challenges(value, false), &mut self.notes),
            Name::ProxyAuthenticate => add(&mut message.challenges, auth::challenges(value, true), &mut self.notes),
            Name::Authorization => add(&mut message.credentials, auth::credentials(value, false), &mut self.notes),
            Name::ProxyAuthorization => add(&mut message.credentials, auth::credentials(value, true), &mut self.notes),
            Name::Supported => {
                list(&mut message.supported, value, &mut self.notes, |tag, _| Some(tag.to_ascii_lowercase()));
            }
            Name::Warning => warning(value, &mut self.notes),
            name => self.single(name, value),
        }
    }

    /// A header that may stand once. Of two the first counts and the second is noted, because which one the receiver took cannot be
    /// known.
    fn single(&mut self, name: Name, value: &str) {
        let (message, notes) = (&mut self.message, &mut self.notes);
        let bit = 1_u32.wrapping_shl(name as u32);
        if self.seen & bit != 0 {
            match message.content_length.filter(|_| name == Name::ContentLength) {
                Some(before) if value.parse() != Ok(before) => {
                    notes.note(format!("{} here and {before} before", short(value)));
                }
                _ => notes.note("it stands more than once: the first counts"),
            }
            return;
        }
        self.seen |= bit;
        match name {
            Name::CallId => message.call_id = call_id(value, notes),
            Name::CSeq => message.cseq = cseq(value, notes),
            Name::From => message.from = Some(Address::read(value, notes)),
            Name::To => message.to = Some(Address::read(value, notes)),
            Name::UserAgent => message.user_agent = Some(value.to_owned()),
            Name::Server => message.server = Some(value.to_owned()),
            Name::Expires => message.expires = seconds(value, notes),
            Name::MinExpires => message.min_expires = seconds(value, notes),
            Name::RetryAfter => message.retry_after = seconds(value, notes),
            Name::MaxForwards => message.max_forwards = number(value, 255, notes).and_then(|n| n.try_into().ok()),
            Name::ContentType => message.content_type = Some(value.to_owned()),
            Name::ContentLength => message.content_length = number(value, u64::MAX, notes),
            Name::Date => date(value, notes),
            _ => {}
        }
    }

    fn body(&mut self, body: &[u8]) {
        self.notes.about("SDP", 0);
        let kind = self.message.content_type.as_deref().unwrap_or_default();
        self.message.media = sdp::media(kind, body, &mut self.notes);
    }

    /// Headers that no message may be without (RFC 3261 section 8.1.1, but for Max-Forwards, which RFC 2543 has not).
    fn check_missing(&mut self) {
        let message = &self.message;
        let missing = [
            ("Via", message.vias.is_empty()),
            ("From", message.from.is_none()),
            ("To", message.to.is_none()),
            ("Call-ID", message.call_id.is_none()),
            ("CSeq", message.cseq.is_none()),
        ];
        for (name, _) in missing.iter().filter(|(_, missing)| *missing) {
            self.notes.note(format!("no {name} that can be read"));
        }
    }

    /// What only several headers together show.
    fn check(&mut self) {
        let message = &self.message;
        if let (Start::Request { method, .. }, Some(cseq)) = (&message.start, &message.cseq)
            && *method != cseq.method
        {
            self.notes.note(format!("the method is {}, that of CSeq {}", short(method), short(&cseq.method)));
        }
        for contact in &message.contacts {
            if contact.param("expires").is_some_and(|text| contact.expires().is_none() && !text.is_empty()) {
                self.notes.about(Name::Contact.text(), 0);
                self.notes.note("its expires is no number of seconds up to 4294967295");
            }
        }
    }
}

/// Adds what `read` makes of each element of a list, which may be empty.
fn list<T>(all: &mut Vec<T>, value: &str, notes: &mut Notes, read: impl Fn(&str, &mut Notes) -> Option<T>) {
    if value.is_empty() {
        return;
    }
    for element in split(value, b',') {
        if all.len() >= LIST {
            notes.note(format!("more than {LIST} of them: the rest is not read"));
            return;
        }
        if element.is_empty() {
            notes.note("an empty element of a list");
        } else {
            all.extend(read(element, notes));
        }
    }
}

fn addresses(all: &mut Vec<Address>, value: &str, notes: &mut Notes) {
    list(all, value, notes, |text, notes| Some(Address::read(text, notes)));
}

/// Adds what was read of one header.
fn add<T>(all: &mut Vec<T>, more: Vec<T>, notes: &mut Notes) {
    let room = LIST.saturating_sub(all.len());
    if more.len() > room {
        notes.note(format!("more than {LIST} of them: the rest is not read"));
    }
    all.extend(more.into_iter().take(room));
}

fn call_id(value: &str, notes: &mut Notes) -> Option<String> {
    if value.is_empty() || value.contains(char::is_whitespace) {
        notes.note("not one word");
    }
    (!value.is_empty()).then(|| value.to_owned())
}

/// `4711 REGISTER`.
fn cseq(value: &str, notes: &mut Notes) -> Option<CSeq> {
    let Some((digits, method)) = value.split_once([' ', '\t']) else {
        notes.note("not a number and a method");
        return None;
    };
    let method = method.trim();
    if !is_token(method) {
        notes.note("its method is no token");
    }
    let number = number(digits, SECONDS, notes)?.try_into().ok()?;
    if number > SEQUENCE {
        notes.note(format!("{number} is larger than {SEQUENCE}"));
    }
    Some(CSeq { number, method: method.to_owned() })
}

/// A number of seconds; a comment or parameters may follow.
fn seconds(value: &str, notes: &mut Notes) -> Option<u32> {
    let end = value.find([' ', '\t', ';', '(']).unwrap_or(value.len());
    number(value.get(..end).unwrap_or(value), SECONDS, notes)?.try_into().ok()
}

/// Dates are always in GMT (RFC 3261 section 20.17).
fn date(value: &str, notes: &mut Notes) {
    if !value.ends_with("GMT") {
        notes.note("not in GMT");
    }
}

/// `392 host "text"`: the code has three digits (RFC 3261 section 20.43).
fn warning(value: &str, notes: &mut Notes) {
    let code = value.split(' ').next().unwrap_or_default();
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_digit()) {
        notes.note(format!("{} is no code of three digits", short(code)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str, body: &str) -> Message {
        parse(format!("{head}\r\n\r\n{body}").as_bytes(), Transport::Ws).unwrap()
    }

    fn problems(message: &Message) -> Vec<&str> {
        message.problems.iter().map(|problem| problem.what.as_ref()).collect()
    }

    const COMMON: &str = "REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/WS h;branch=z9hG4bK1\r\nf: sip:a@b\r\nt: sip:a@b\r\ni: 1\r\nCSeq: 1 REGISTER";

    #[test]
    fn headers_that_may_be_repeated() {
        let message = read(
            &format!(
                "{COMMON}\r\nm: <sip:1@h>, <sip:2@h>\r\nContact: *\r\nVia: SIP/2.0/TCP i, SIP/2.0/UDP j\r\nRoute: <sip:r>\r\nRecord-Route: <sip:q>,<sip:p>\r\nSupported: Path, outbound\r\nk: gruu\r\nSupported:"
            ),
            "",
        );
        let users = |list: &[Address]| list.iter().map(Address::of_record).collect::<Vec<_>>();
        assert_eq!(users(&message.contacts), ["1@h", "2@h", "*"]);
        assert_eq!(message.vias.iter().map(|via| via.host.as_str()).collect::<Vec<_>>(), ["h", "i", "j"]);
        assert_eq!(
            (users(&message.routes), users(&message.record_routes)),
            (vec!["r".into()], vec!["q".into(), "p".into()])
        );
        assert_eq!(message.supported, ["path", "outbound", "gruu"]);
        assert_eq!(problems(&message), [""; 0]);
    }

    #[test]
    fn headers_with_numbers() {
        let message = read(
            &format!(
                "{COMMON}\r\nExpires: 1800\r\nMin-Expires: 3600\r\nRetry-After: 120;duration=60\r\nMax-Forwards: 70"
            ),
            "",
        );
        assert_eq!((message.expires, message.min_expires), (Some(1800), Some(3600)));
        assert_eq!((message.retry_after, message.max_forwards), (Some(120), Some(70)));
        let message = read(
            &format!(
                "{COMMON}\r\nRetry-After: 18000 (in a meeting)\r\nExpires: Thu, 01 Dec 1994 16:00:00 GMT\r\nMax-Forwards: 256"
            ),
            "",
        );
        assert_eq!((message.retry_after, message.expires, message.max_forwards), (Some(18000), None, None));
        assert_eq!(problems(&message), ["Expires: Thu, is no number", "Max-Forwards: 256 is larger than 255"]);
        let message = read(&COMMON.replace("1 REGISTER", "2147483648 REGISTER"), "");
        assert_eq!(message.cseq.as_ref().map(|cseq| cseq.number), Some(2_147_483_648));
        assert_eq!(problems(&message), ["CSeq: 2147483648 is larger than 2147483647"]);
    }

    #[test]
    fn cookies_and_credentials_without_their_secret() {
        let message = read(
            &format!(
                "{COMMON}\r\nCookie: LtpaToken=\"undefined\"; a=b\r\nCookie: c=d\r\nAuthorization: Digest username=\"ann\",realm=\"acme\",nonce=\"n\",uri=\"sip:a\",response=\"5ca1ab1e\"\r\nProxy-Authorization: Basic YW5uOmh1bnRlcjI="
            ),
            "",
        );
        let names: Vec<_> = message.cookies.iter().map(|cookie| cookie.name.as_str()).collect();
        assert_eq!(names, ["LtpaToken", "a", "c"]);
        let users: Vec<_> = message.credentials.iter().map(|one| (one.user.as_deref(), one.proxy)).collect();
        assert_eq!(users, [(Some("ann"), false), (Some("ann"), true)]);
        let shown = format!("{message:?}");
        assert!(!shown.contains("5ca1ab1e") && !shown.contains("hunter2") && !shown.contains("YW5u"), "{shown}");
    }

    #[test]
    fn lists_have_a_maximum() {
        let contacts = vec!["<sip:a@b>"; 300].join(",");
        let message = read(&format!("{COMMON}\r\nContact: {contacts}\r\nContact: <sip:c@d>"), "");
        assert_eq!(message.contacts.len(), LIST);
        assert_eq!(problems(&message), ["Contact: more than 128 of them: the rest is not read"; 2]);
        let vias = "Via: SIP/2.0/WS h\r\n".repeat(300);
        let message = read(&format!("{COMMON}\r\n{vias}Max-Forwards: 1"), "");
        assert_eq!((message.vias.len(), message.max_forwards), (LIST, Some(1)));
        let cookies = vec!["a=b"; 100].join(";");
        let message = read(&format!("{COMMON}\r\nCookie: {cookies}\r\nCookie: {cookies}"), "");
        assert_eq!(message.cookies.len(), LIST);
        assert_eq!(problems(&message), ["Cookie: more than 128 of them: the rest is not read"]);
    }

    #[test]
    fn the_body_of_a_datagram() {
        let body = "m=audio 1 RTP/AVP 0\r\nm=audio 2 RTP/AVP 0\r\n";
        let media = |lines: &str| {
            let message = read(&format!("{COMMON}\r\nc: application/sdp{lines}"), body);
            (message.media.len(), problems(&message).into_iter().map(str::to_owned).collect::<Vec<_>>())
        };
        assert_eq!(media(""), (2, vec![]));
        assert_eq!(media("\r\nl: 21"), (1, vec![]));
        assert_eq!(media("\r\nl: 43"), (2, vec!["Content-Length: 43 bytes, of which 42 are there".to_owned()]));
        assert_eq!(media("\r\nl: 99999999999999999999").0, 2);
    }

    #[test]
    fn junk_in_front_and_ends_of_lines() {
        let message = parse(format!("junk\r\n{COMMON}\r\n\r\n").as_bytes(), Transport::Udp).unwrap();
        assert_eq!(problems(&message), ["6 bytes before the message are none of SIP"]);
        let message = parse(format!("{COMMON}\n\n").replace("\r\n", "\n").as_bytes(), Transport::Udp).unwrap();
        assert_eq!(problems(&message), ["a line that does not end in CRLF"]);
        let message = parse(b"CANCEL sip:a@b SIP/2.0\r7Via: x\r\nCSeq: 1 CANCEL\r\n\r\n", Transport::Udp).unwrap();
        assert_eq!(message.method(), Some("CANCEL"));
        assert_eq!(problems(&message)[0], "a line that does not end in CRLF");
    }

    #[test]
    fn at_every_truncation() {
        let whole = format!("{COMMON}\r\nContact: \"A \\\"\" <sip:a@[::1]:5;x=%41>;q=1\r\nl: 2\r\n\r\nab");
        for length in 0..whole.len() {
            let message = parse(&whole.as_bytes()[..length], Transport::Udp);
            let first_line = "REGISTER sip:a SIP/2.0".len();
            assert_eq!(message.is_some(), length >= first_line, "{length}");
            assert!(message.is_none_or(|message| !message.problems.is_empty()), "{length}");
        }
        assert_eq!(problems(&parse(whole.as_bytes(), Transport::Udp).unwrap()), [""; 0]);
    }
}
