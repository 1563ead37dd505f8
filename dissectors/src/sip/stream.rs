//! SIP over TCP: messages framed by Content-Length (RFC 3261 section 18.3), ends of lines between them as keep-alives
//! (RFC 5626 section 3.5.1). Where the length does not tell, the next first line does.

use super::header::{HEAD, Length, end_of_head, length, line_length};
use super::message::Transport;
use super::parse::{assemble, head_of};
use super::start;
use super::syntax::Notes;
use crate::{Dissector, Message, Side, Verdict};

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
            Some(line) if start::is_meant(first_line(line)) => {
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
        let end = window.get(self.searched..)?.iter().position(|&b| b == b'\n');
        let Some(end) = end else {
            self.searched = window.len();
            return None;
        };
        window.get(..=self.searched.saturating_add(end))
    }

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
        let rest = match length(&head_of(head, &mut Notes::default()).1) {
            Length::Bytes(bytes @ ..=BODY) => {
                let total = end.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX));
                self.go(Phase::Whole { head: end, total });
                return self.whole(input, end, total);
            }
            Length::Bytes(bytes @ ..=BELIEVED) => {
                notes.note(format!("a body of {bytes} bytes is passed over"));
                Phase::Remainder(bytes)
            }
            Length::Bytes(_) | Length::Unknown => {
                notes.note("its length is not known: the next message is sought");
                Phase::Lost
            }
            Length::Missing => {
                notes.note("no Content-Length: it is taken to have no body");
                Phase::Between
            }
        };
        self.message(head, &[], end, rest, notes)
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
        self.go(next);
        Verdict::Message { used, message: self.assemble(head, body, notes) }
    }

    fn assemble(&mut self, head: &[u8], body: &[u8], mut notes: Notes) -> Message {
        match (std::mem::take(&mut self.junk), std::mem::take(&mut self.gap)) {
            (0, _) => {}
            (junk, false) => notes.note(format!("{junk} bytes before the message are none of SIP")),
            (junk, true) => notes.note(format!("{junk} bytes between a gap and the message are not read")),
        }
        self.known = true;
        let parts = head_of(head, &mut notes);
        Message::Sip(Box::new(assemble(parts, body, Transport::Tcp, notes)))
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
        notes.note(why);
        let end = match self.phase {
            Phase::Whole { head, .. } => head,
            _ => pending.len(),
        };
        let (head, body) = pending.split_at_checked(end).unwrap_or((pending, &[]));
        Some(self.assemble(head, body, notes))
    }
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
    head_of(head, &mut Notes::default()).1.iter().any(|header| header.name.is_of_every_message())
}

/// Where a line other than the first is the first line of a message.
fn second_start(head: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    head.split_inclusive(|&b| b == b'\n').find_map(|line| {
        let begin = at;
        at = at.saturating_add(line.len());
        (begin > 0 && start::look(line) == start::Look::Yes).then_some(begin)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::Driver;
    use crate::sip;

    /// A REGISTER with that number and body.
    fn register(number: u32, body: &str) -> Vec<u8> {
        let head = "REGISTER sip:acme.example SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.7:5062;branch=z9hG4bK1\r\n\
                    From: <sip:ann@acme.example>;tag=1\r\nTo: <sip:ann@acme.example>\r\nCall-ID: c1\r\n";
        format!("{head}CSeq: {number} REGISTER\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    fn sip(message: &Message) -> &sip::Message {
        match message {
            Message::Sip(sip) => sip,
            other => panic!("{other:?}"),
        }
    }

    /// CSeq and problems of each message.
    fn seen(driver: &Driver) -> Vec<(u32, Vec<&str>)> {
        let one = |message| {
            let message: &sip::Message = sip(message);
            let number = message.cseq.as_ref().map_or(0, |cseq| cseq.number);
            (number, message.problems.iter().map(|problem| problem.what.as_ref()).collect())
        };
        driver.messages.iter().map(|(_, message)| one(message)).collect()
    }

    fn drive(bytes: &[u8], chunk: usize) -> Driver {
        let mut driver = Driver::new(open());
        bytes.chunks(chunk).for_each(|chunk| driver.data(Side::Client, chunk));
        driver
    }

    #[test]
    fn messages_with_keep_alives_between_them_in_any_chunks() {
        let bytes =
            [&b"\r\n\r\n"[..], &register(1, "ab"), &register(2, ""), b"\r\n\r\n", &register(3, "\r\n\r\n")].concat();
        for chunk in [1, 2, 7, 100, bytes.len()] {
            assert_eq!(seen(&drive(&bytes, chunk)), [(1, vec![]), (2, vec![]), (3, vec![])]);
        }
    }
}
