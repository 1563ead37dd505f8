//! SIP over TCP: messages framed by Content-Length (RFC 3261 section 18.3), ends of lines between them as keep-alives
//! (RFC 5626 section 3.5.1). Where the length does not tell, the next first line does.

use super::header::{HEAD, Length, end_of_head, length, line_length};
use super::message::Transport;
use super::parse::{Head, assemble, head_of};
use super::start;
use super::syntax::Notes;
use crate::{Dissector, Message, Side, Verdict};
use memchr::memchr;

/// Bytes of a body that are waited for; a longer one is passed over.
const BODY: u64 = 256 << 10;
/// The longest body that is believed.
const BELIEVED: u64 = 64 << 20;
/// Bytes without any message after which a direction is given up.
const HOPELESS: u64 = 64 << 10;
/// Bytes of a line without an end that are passed over at a time.
const STEP: usize = HEAD / 2;

pub(super) fn open() -> Box<dyn Dissector> {
    Box::new(Stream::default())
}

#[derive(Default)]
struct Stream {
    client: Lane,
    server: Lane,
}

/// One direction.
#[derive(Default)]
struct Lane {
    phase: Phase,
    /// Bytes of the input that were searched for the end of the line or of the head.
    searched: usize,
    /// Bytes since the last message that are none of SIP.
    junk: u64,
    /// Bytes are missing since the last message.
    gap: bool,
    /// A message was seen.
    known: bool,
}

/// Where a direction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// The next byte begins a message or a keep-alive.
    #[default]
    Between,
    /// It begins a message. The first line was sought: what follows may show that it is none.
    Head { sought: bool },
    /// It begins a message that ends there.
    Whole { head: usize, total: usize },
    /// This many bytes belong to a message that was told already.
    Remainder(u64),
    /// Nothing tells where a message begins.
    Lost,
}

impl Dissector for Stream {
    fn next(&mut self, from: Side, input: &[u8]) -> Verdict {
        self.lane(from).next(input)
    }

    fn gap(&mut self, from: Side, pending: &[u8], missing: u64) -> Option<Message> {
        self.lane(from).gap(pending, missing)
    }

    fn end(&mut self, from: Side, pending: &[u8]) -> Option<Message> {
        self.lane(from).cut(pending, "the conversation ends in it")
    }
}

impl Stream {
    fn lane(&mut self, from: Side) -> &mut Lane {
        match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl Lane {
    fn next(&mut self, input: &[u8]) -> Verdict {
        match self.phase {
            Phase::Between => self.between(input),
            Phase::Head { sought } => self.head(input, sought),
            Phase::Whole { head, total } => self.whole(input, head, total),
            Phase::Remainder(bytes) => {
                self.go(Phase::Between);
                Verdict::Skip { bytes }
            }
            Phase::Lost => self.seek(input),
        }
    }

    fn go(&mut self, phase: Phase) {
        (self.phase, self.searched) = (phase, 0);
    }

    fn between(&mut self, input: &[u8]) -> Verdict {
        let ends = input.iter().take_while(|&&b| matches!(b, b'\r' | b'\n')).count();
        if ends > 0 {
            return Verdict::Skip { bytes: count(ends) };
        }
        match self.line(input) {
            Some(line) if start::is_meant(first_line(line)) && (self.known || start::is_whole(first_line(line))) => {
                self.go(Phase::Head { sought: false });
                self.head(input, false)
            }
            None if input.len() < HEAD => need(input),
            _ => {
                self.go(Phase::Lost);
                self.seek(input)
            }
        }
    }

    /// The first line with its end, if it is there and not too long.
    fn line<'a>(&mut self, input: &'a [u8]) -> Option<&'a [u8]> {
        let window = input.get(..HEAD).unwrap_or(input);
        let end = memchr(b'\n', window.get(self.searched..)?);
        let Some(end) = end else {
            self.searched = window.len();
            return None;
        };
        window.get(..=self.searched.saturating_add(end))
    }

    /// Reads a head and settles how much belongs to it. The length is read before anything else, because only that tells whether
    /// the body has come.
    fn head(&mut self, input: &[u8], sought: bool) -> Verdict {
        let window = input.get(..HEAD).unwrap_or(input);
        let Some(end) = end_of_head(window, &mut self.searched) else {
            return if input.len() < HEAD { need(input) } else { self.endless(window) };
        };
        let head = window.get(..end).unwrap_or(window);
        if let Some(next) = second_start(head) {
            return self.interrupted(head, next, sought);
        }
        if sought && !is_a_message(head) {
            self.go(Phase::Lost);
            return self.pass_over(line_length(head));
        }
        let mut notes = Notes::default();
        let mut found = Notes::default();
        let parsed = head_of(head, &mut found);
        let rest = match length(&parsed.headers) {
            Length::Bytes(bytes @ ..=BODY) => {
                let total = end.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX));
                let Some(body) = input.get(end..total) else {
                    self.go(Phase::Whole { head: end, total });
                    return Verdict::Need { total };
                };
                return self.parsed((parsed, found), body, total, Phase::Between, notes);
            }
            Length::Bytes(bytes @ ..=BELIEVED) => {
                notes.note(format!("a body of {bytes} bytes is passed over"));
                Phase::Remainder(bytes)
            }
            Length::Bytes(_) | Length::Unknown => {
                notes.note("Content-Length is no usable number: the next message is sought");
                Phase::Lost
            }
            Length::Missing => {
                notes.note("no Content-Length: it is taken to have no body");
                Phase::Lost
            }
        };
        self.parsed((parsed, found), &[], end, rest, notes)
    }

    /// Another message begins where this one's headers should go on.
    fn interrupted(&mut self, head: &[u8], next: usize, sought: bool) -> Verdict {
        let first = head.get(..next).unwrap_or(head);
        let verdict = if sought && !is_a_message(first) {
            self.go(Phase::Head { sought });
            self.pass_over(next)
        } else {
            let mut notes = Notes::default();
            notes.note("another message begins in its headers");
            self.message(first, &[], next, Phase::Head { sought }, notes)
        };
        // The next one's head ends where this one's does: it need not be searched for again.
        self.searched = head.len().saturating_sub(next);
        verdict
    }

    fn endless(&mut self, head: &[u8]) -> Verdict {
        let mut notes = Notes::default();
        notes.note(format!("headers of more than {HEAD} bytes: the rest is not read"));
        self.message(head, &[], head.len(), Phase::Lost, notes)
    }

    fn whole(&mut self, input: &[u8], head: usize, total: usize) -> Verdict {
        match input.get(..total).and_then(|message| message.split_at_checked(head)) {
            Some((head, body)) => self.message(head, body, total, Phase::Between, Notes::default()),
            None => Verdict::Need { total },
        }
    }

    fn message(&mut self, head: &[u8], body: &[u8], used: usize, next: Phase, notes: Notes) -> Verdict {
        let mut found = Notes::default();
        let head = head_of(head, &mut found);
        self.parsed((head, found), body, used, next, notes)
    }

    /// What is wrong with the message as a whole is said before what is wrong with its head.
    fn parsed(
        &mut self,
        (head, found): (Head<'_>, Notes),
        body: &[u8],
        used: usize,
        next: Phase,
        mut notes: Notes,
    ) -> Verdict {
        self.go(next);
        self.note_junk(&mut notes);
        notes.take(found);
        Verdict::Message { used, message: told(head, body, notes) }
    }

    fn note_junk(&mut self, notes: &mut Notes) {
        match (std::mem::take(&mut self.junk), std::mem::take(&mut self.gap)) {
            (0, _) => {}
            (junk, false) => notes.note(format!("{junk} bytes before the message are none of SIP")),
            (junk, true) => notes.note(format!("{junk} bytes between a gap and the message are not read")),
        }
        self.known = true;
    }

    /// Looks for a first line, line by line.
    fn seek(&mut self, input: &[u8]) -> Verdict {
        let Some(line) = self.line(input) else {
            return if input.len() < HEAD { need(input) } else { self.pass_over(STEP) };
        };
        match start::find(line) {
            Some(0) => {
                self.go(Phase::Head { sought: true });
                self.head(input, true)
            }
            Some(at) => self.pass_over(at),
            None if line.trim_ascii().is_empty() => {
                let bytes = count(line.len());
                self.searched = 0;
                Verdict::Skip { bytes }
            }
            None => self.pass_over(line.len()),
        }
    }

    fn pass_over(&mut self, bytes: usize) -> Verdict {
        self.searched = 0;
        self.junk = self.junk.saturating_add(count(bytes));
        if !self.known && self.junk > HOPELESS {
            return Verdict::NotMine;
        }
        Verdict::Skip { bytes: count(bytes) }
    }

    fn gap(&mut self, pending: &[u8], missing: u64) -> Option<Message> {
        let unread = match self.phase {
            Phase::Remainder(bytes) => Some(bytes),
            Phase::Whole { total, .. } => Some(count(total.saturating_sub(pending.len()))),
            Phase::Between | Phase::Head { .. } | Phase::Lost => None,
        };
        let message = self.cut(pending, "a part of it is not in the capture");
        self.go(match unread.and_then(|unread| unread.checked_sub(missing)) {
            Some(0) => Phase::Between,
            Some(bytes) => Phase::Remainder(bytes),
            None => Phase::Lost,
        });
        self.gap = true;
        message
    }

    /// What can be told of a message that will not be whole.
    fn cut(&mut self, pending: &[u8], why: &'static str) -> Option<Message> {
        let begun = match self.phase {
            Phase::Head { .. } | Phase::Whole { .. } => true,
            Phase::Between => start::look(pending) != start::Look::No || start::is_meant(first_line(pending)),
            Phase::Remainder(_) | Phase::Lost => false,
        };
        if !begun || pending.is_empty() {
            return None;
        }
        let mut notes = Notes::default();
        self.note_junk(&mut notes);
        notes.note(why);
        if let Phase::Whole { head, .. } = self.phase {
            let (head, body) = pending.split_at_checked(head)?;
            let head = head_of(head, &mut notes);
            return Some(told(head, body, notes));
        }
        // A line that is cut would say something else.
        let lines = pending.iter().rposition(|&b| b == b'\n').and_then(|end| pending.get(..=end));
        let head = lines.map_or_else(|| Head::cut(pending), |lines| head_of(lines, &mut notes));
        Some(told(Head { whole: false, ..head }, &[], notes))
    }
}

fn told(head: Head<'_>, body: &[u8], notes: Notes) -> Message {
    Message::Sip(Box::new(assemble(head, body, Transport::Tcp, notes)))
}

fn need(input: &[u8]) -> Verdict {
    Verdict::Need { total: input.len().saturating_add(1) }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.get(..line_length(bytes)).unwrap_or(bytes)
}

/// A first line that was sought may have stood in a body: then what follows has none of a message's headers.
fn is_a_message(head: &[u8]) -> bool {
    head_of(head, &mut Notes::default()).headers.iter().any(|header| header.name.is_of_every_message())
}

/// Where a line other than the first is the first line of a message.
fn second_start(head: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    while let Some(end) = head.get(at..).and_then(|rest| memchr(b'\n', rest)) {
        at = at.checked_add(end)?.checked_add(1)?;
        if start::look(head.get(at..)?) == start::Look::Yes {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::Driver;
    use crate::sip;

    const HEAD_LINES: &str = "Via: SIP/2.0/TCP 192.0.2.7:5062;branch=z9hG4bK1\r\nFrom: <sip:ann@acme.example>;tag=1\r\n\
                              To: <sip:ann@acme.example>\r\nCall-ID: c1\r\n";

    /// A REGISTER with that number and these lines behind it.
    fn message(number: u32, rest: &str) -> String {
        format!("REGISTER sip:acme.example SIP/2.0\r\n{HEAD_LINES}CSeq: {number} REGISTER\r\n{rest}")
    }

    /// A message with a body and its right length.
    fn register(number: u32, body: &str) -> String {
        message(number, &format!("Content-Length: {}\r\n\r\n{body}", body.len()))
    }

    /// CSeq and problems of each message.
    fn seen(driver: &Driver) -> Vec<(u32, Vec<&str>)> {
        let one = |message| {
            let Message::Sip(message): &Message = message else { panic!("{message:?}") };
            let message: &sip::Message = message;
            let number = message.cseq.as_ref().map_or(0, |cseq| cseq.number);
            (number, message.problems.iter().map(|problem| problem.what.as_ref()).collect())
        };
        driver.messages.iter().map(|(_, message)| one(message)).collect()
    }

    fn drive(bytes: &[u8], chunk: usize) -> Driver {
        let mut driver = Driver::new(open());
        bytes.chunks(chunk).for_each(|chunk| driver.data(Side::Client, chunk));
        driver.end(Side::Client);
        driver
    }

    /// What a stream says, which is the same in any chunks.
    fn assert_says(stream: &str, expected: &[(u32, &[&str])]) {
        let expected: Vec<_> = expected.iter().map(|&(number, problems)| (number, problems.to_vec())).collect();
        for chunk in [1, 2, 3, 7, 100, stream.len()] {
            assert_eq!(seen(&drive(stream.as_bytes(), chunk)), expected, "in chunks of {chunk}");
        }
    }

    #[test]
    fn messages_with_keep_alives_between_them() {
        let stream = ["\r\n\r\n", &register(1, "ab"), &register(2, ""), "\r\n\r\n", &register(3, "\r\n\r\n"), "\r\n"];
        assert_says(&stream.concat(), &[(1, &[]), (2, &[]), (3, &[])]);
    }

    #[test]
    fn a_message_is_told_with_its_last_byte() {
        let stream = register(1, "body");
        let mut driver = Driver::new(open());
        for (at, byte) in stream.bytes().enumerate() {
            assert!(driver.messages.is_empty(), "{at}");
            driver.data(Side::Server, &[byte]);
        }
        assert_eq!(driver.messages.len(), 1);
    }

    #[test]
    fn junk_before_a_message_is_reported_with_it() {
        let junk = "junk\r\nmore junk: of it\r\n";
        let note = "24 bytes before the message are none of SIP";
        let stream = [junk, &register(1, ""), &register(2, "")].concat();
        assert_says(&stream, &[(1, &[note]), (2, &[])]);
        // The message need not begin a line.
        let stream = [&register(1, ""), "</xml>", &register(2, "")].concat();
        assert_says(&stream, &[(1, &[]), (2, &["6 bytes before the message are none of SIP"])]);
        let answer = register(3, "").replacen("REGISTER sip:acme.example SIP/2.0", "SIP/2.0 200 OK", 1);
        assert_says(&["{}", &answer].concat(), &[(3, &["2 bytes before the message are none of SIP"])]);
    }

    #[test]
    fn without_a_length_the_next_first_line_is_sought() {
        let stream = [&message(1, "\r\nv=0\r\ns=-\r\n"), &*register(2, "")].concat();
        let first = "no Content-Length: it is taken to have no body";
        assert_says(&stream, &[(1, &[first]), (2, &["10 bytes before the message are none of SIP"])]);
        let stream = [&message(1, "\r\n"), &*register(2, "")].concat();
        assert_says(&stream, &[(1, &[first]), (2, &[])]);
    }

    #[test]
    fn a_length_that_is_none() {
        let sought = "Content-Length is no usable number: the next message is sought";
        let cases = [
            ("Content-Length: -999", "Content-Length: -999 is no number"),
            ("l: 12a", "Content-Length: 12a is no number"),
            (
                "Content-Length: 99999999999999999999",
                "Content-Length: 99999999999999999999 is larger than 18446744073709551615",
            ),
            ("Content-Length: 2\r\nContent-Length: 9", "Content-Length: 9 here and 2 before"),
        ];
        for (lines, problem) in cases {
            let stream = [&message(1, &format!("{lines}\r\n\r\nxy")), &*register(2, "")].concat();
            let junk = "2 bytes before the message are none of SIP";
            assert_says(&stream, &[(1, &[sought, problem]), (2, &[junk])]);
        }
        let stream = [&message(1, "Content-Length: 9999999999\r\n\r\n"), &*register(2, "")].concat();
        assert_says(&stream, &[(1, &[sought]), (2, &[])]);
    }

    #[test]
    fn a_long_body_is_passed_over() {
        let body = "x".repeat(300_000);
        let stream = [&register(1, &body), &*register(2, "")].concat();
        for chunk in [1460, stream.len()] {
            let driver = drive(stream.as_bytes(), chunk);
            assert_eq!(seen(&driver), [(1, vec!["a body of 300000 bytes is passed over"]), (2, vec![])]);
        }
    }

    #[test]
    fn a_message_that_breaks_off_in_its_headers() {
        let stream = [&message(1, ""), &*register(2, ""), &register(3, "")].concat();
        assert_says(&stream, &[(1, &["another message begins in its headers"]), (2, &[]), (3, &[])]);
    }

    #[test]
    fn a_head_without_an_end() {
        let line = format!("X-Filler: {}\r\n", "0123456789".repeat(20));
        let stream = [&message(1, &line.repeat(800)), "\r\n", &*register(2, "")].concat();
        for chunk in [1, 1460, stream.len()] {
            let driver = drive(stream.as_bytes(), chunk);
            let seen = seen(&driver);
            assert_eq!(seen.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2]);
            assert_eq!(seen[0].1, ["headers of more than 65536 bytes: the rest is not read"]);
            assert!(driver.calls <= stream.len() / chunk + 10_000, "{} calls", driver.calls);
        }
    }

    /// However the bytes come, none is searched for the end of the head more than a few times.
    #[test]
    fn a_search_goes_on_where_it_stopped() {
        let head = message(1, &"X-Filler: 0123456789\r\n".repeat(2000));
        let mut lane = Lane::default();
        for length in 1..head.len() {
            assert_eq!(lane.next(&head.as_bytes()[..length]), Verdict::Need { total: length + 1 });
            assert_eq!(lane.searched, length);
        }
    }

    #[test]
    fn a_direction_of_something_else_is_given_up() {
        let driver = drive(&b"What a long text this is\r\n".repeat(3000), 1460);
        assert!(driver.not_mine() && driver.messages.is_empty());
        let mut driver = drive(register(1, "").as_bytes(), 1460);
        driver.data(Side::Client, &b"0123456789abcdef".repeat(20_000));
        driver.data(Side::Client, format!("\r\n{}", register(2, "")).as_bytes());
        assert!(!driver.not_mine());
        assert_eq!(seen(&driver)[1], (2, vec!["320002 bytes before the message are none of SIP"]));
    }

    #[test]
    fn an_end_keeps_what_was_read() {
        let stream = register(7, "v=0");
        let named = stream.find("CSeq").unwrap() + "CSeq: 7 REGISTER\r\n".len();
        for length in 1..stream.len() {
            let driver = drive(&stream.as_bytes()[..length], 1460);
            let seen = seen(&driver);
            assert_eq!(seen[0].1, ["the conversation ends in it"], "{length}");
            assert_eq!(seen[0].0 == 7, length >= named, "{length}");
        }
        assert!(drive(b"\r\n\r\n", 1).messages.is_empty());
        assert!(drive(b"<html>", 1).messages.is_empty());
    }

    #[test]
    fn a_gap_inside_a_body_keeps_the_direction_in_step() {
        let first = register(1, &"b".repeat(40));
        let head = first.len() - 40;
        for cut in 0..first.len() {
            for missing in [1, 5, first.len() - cut, first.len() - cut + 12] {
                let mut driver = Driver::new(open());
                driver.data(Side::Server, &first.as_bytes()[..cut]);
                driver.gap(Side::Server, u64::try_from(missing).unwrap());
                driver.data(Side::Server, first.as_bytes().get(cut + missing..).unwrap_or_default());
                // Behind a gap whose end is not known, a body may hold what looks like a message.
                let body = "SIP/2.0 200 OK\r\nNo: header\r\n\r\n";
                let second = register(2, body).into_bytes();
                driver.data(Side::Server, second.get((cut + missing).saturating_sub(first.len())..).unwrap());
                driver.data(Side::Server, register(3, "").as_bytes());
                driver.end(Side::Server);
                let numbers: Vec<_> = seen(&driver).iter().map(|(number, _)| *number).collect();
                // What is there of a cut method is a method.
                let method = "REGISTER".len();
                let second = cut + missing < first.len() + method;
                assert_eq!(numbers.contains(&2), second, "{cut} {missing} {numbers:?}");
                assert_eq!(numbers.last(), Some(&3), "{cut} {missing}");
                let told = usize::from(cut > 0) + usize::from(cut + missing < method);
                assert_eq!(driver.messages.len(), 1 + usize::from(second) + told, "{cut} {missing} {numbers:?}");
                if cut >= head && cut + missing <= first.len() {
                    let problems: Vec<_> = seen(&driver).into_iter().flat_map(|(_, problems)| problems).collect();
                    assert_eq!(problems[0], "a part of it is not in the capture", "{cut} {missing}");
                    assert_eq!(problems.len(), 1, "in step again: {problems:?}");
                }
            }
        }
    }
}
