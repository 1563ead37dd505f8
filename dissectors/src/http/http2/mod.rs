//! HTTP/2 (RFC 9113): frames of one direction, and the requests and responses in their header blocks. Bodies are passed over, but
//! for small forms.

mod frame;
mod hpack;
mod huffman;
mod said;
mod waiting;

use super::head;
use super::line::Judgement;
use super::message::Message;
use crate::{Side, Verdict};
use frame::{HEADER, Header, flag, kind};
use hpack::Table;
use said::malformed;
use waiting::Waiting;

/// What a client says first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Frames of one header block.
const FRAMES: usize = 64;
/// Times that something else than a frame is told of in one direction.
const STRANGE: u8 = 4;

/// Do these bytes begin a direction: the client's preface, or the server's first settings?
pub(super) fn begins(from: Side, input: &[u8]) -> Judgement {
    match from {
        Side::Client => {
            let fitting = input.iter().zip(PREFACE).take_while(|(byte, wanted)| byte == wanted).count();
            match (fitting == PREFACE.len(), fitting == input.len()) {
                (true, _) => Judgement::Yes,
                (false, true) => Judgement::Need(fitting.saturating_add(1)),
                (false, false) => Judgement::No(fitting),
            }
        }
        Side::Server => settings(input),
    }
}

/// A first SETTINGS frame that holds a setting: a few of at most 6 bytes each, and the first one has a known number.
fn settings(input: &[u8]) -> Judgement {
    let fits = |(at, &byte): (usize, &u8)| match at {
        2 => byte > 0 && byte.is_multiple_of(6),
        3 => byte == kind::SETTINGS,
        // Up to SETTINGS_ENABLE_CONNECT_PROTOCOL.
        10 => (1..=9).contains(&byte),
        _ => byte == 0,
    };
    let fitting = input.iter().take(11).enumerate().take_while(|&pair| fits(pair)).count();
    match (fitting == 11, fitting == input.len()) {
        (true, _) => Judgement::Yes,
        (false, true) => Judgement::Need(fitting.saturating_add(1)),
        (false, false) => Judgement::No(fitting),
    }
}

/// One direction.
pub(super) struct Frames {
    side: Side,
    table: Table,
    phase: Phase,
    /// Times that something else than a frame was found.
    strange: u8,
    /// Behind a gap, and no header block was read since: what is no frame is no fault.
    unsure: bool,
}

/// Where a direction stands.
enum Phase {
    /// The client's preface comes.
    Preface,
    /// The next byte begins a frame.
    Frame,
    /// The header block of a request was read; its form is waited for.
    Form(Box<Waiting>),
    /// So many bytes of a frame come.
    Pass(usize),
    /// Looking for a frame.
    Lost,
}

impl Frames {
    pub(super) fn new(side: Side) -> Self {
        let phase = if side == Side::Client { Phase::Preface } else { Phase::Frame };
        Self { side, table: Table::default(), phase, strange: 0, unsure: false }
    }

    /// Looks at the bytes that were not consumed so far.
    pub(super) fn next(&mut self, input: &[u8]) -> Verdict {
        match std::mem::replace(&mut self.phase, Phase::Frame) {
            Phase::Preface => match begins(Side::Client, input) {
                Judgement::Yes => skip(PREFACE.len()),
                Judgement::Need(total) => {
                    self.phase = Phase::Preface;
                    Verdict::Need { total }
                }
                Judgement::No(_) => self.stranger(),
            },
            Phase::Pass(bytes) => skip(bytes),
            Phase::Form(waiting) => self.form(waiting, input),
            Phase::Lost => match self.search(input) {
                Some(verdict) => verdict,
                None => self.frame(input),
            },
            Phase::Frame => self.frame(input),
        }
    }

    /// `missing` bytes behind `pending` are gone; what was read is told.
    pub(super) fn lose(&mut self, pending: &[u8], missing: u64) -> Option<Message> {
        let missing = usize::try_from(missing).unwrap_or(usize::MAX);
        self.unsure = true;
        let (message, looked) = match std::mem::replace(&mut self.phase, Phase::Lost) {
            Phase::Preface | Phase::Lost => (None, None),
            Phase::Pass(bytes) => {
                self.go_on(bytes.checked_sub(missing));
                return None;
            }
            Phase::Form(waiting) => {
                if waiting.passed_block {
                    self.table.forget();
                }
                let looked = waiting.looked;
                (Some(waiting.cut()), Some(looked))
            }
            Phase::Frame => (Self::cut(pending), Some(0)),
        };
        let begun = looked.and_then(|looked| pending.get(looked..)).unwrap_or_default();
        // A header block that is not whole changes the table in a way that nobody knows.
        let header = Header::parse(begun).filter(|header| header.is_sound());
        if header.is_none_or(Header::is_of_block) {
            self.table.forget();
        }
        let rest = header.and_then(|header| header.total().checked_sub(begun.len())?.checked_sub(missing));
        self.go_on(rest);
        message
    }

    /// This direction has ended: what can be told of what is left over.
    pub(super) fn end(&mut self, pending: &[u8]) -> Option<Message> {
        match std::mem::replace(&mut self.phase, Phase::Lost) {
            Phase::Form(waiting) => Some(waiting.cut()),
            Phase::Frame => Self::cut(pending),
            Phase::Preface | Phase::Pass(_) | Phase::Lost => None,
        }
    }

    /// Behind a gap: in a frame of which so many bytes come, or nobody knows where.
    fn go_on(&mut self, rest: Option<usize>) {
        self.phase = match rest {
            Some(0) => Phase::Frame,
            Some(bytes) => Phase::Pass(bytes),
            None => Phase::Lost,
        };
        if rest.is_none() {
            self.table.forget();
        }
    }

    fn frame(&mut self, input: &[u8]) -> Verdict {
        let Some(header) = Header::parse(input) else { return Verdict::Need { total: HEADER } };
        match header.kind {
            _ if !header.is_sound() => self.stranger(),
            kind::HEADERS | kind::PUSH_PROMISE => self.headers(header, input),
            kind::CONTINUATION => {
                // What it continues was lost, or was too long.
                self.table.forget();
                skip(header.total())
            }
            _ => skip(header.total()),
        }
    }

    /// A header block: one frame, and those that continue it. Even a block that is of no use is read, because it changes the
    /// table that later ones refer to; one beyond the limits is not, and ends that.
    fn headers(&mut self, header: Header, input: &[u8]) -> Verdict {
        let mut total = header.total();
        let (mut last, mut frames) = (header, 1_usize);
        while total <= head::LIMIT && frames <= FRAMES && !last.has(flag::END_HEADERS) {
            let rest = input.get(total..).unwrap_or_default();
            let Some(next) = Header::parse(rest) else { return Verdict::Need { total: total.saturating_add(HEADER) } };
            if next.kind != kind::CONTINUATION || next.stream != header.stream {
                return self.broken(header, total, "a header block without an end");
            }
            total = total.saturating_add(next.total());
            (last, frames) = (next, frames.saturating_add(1));
        }
        if total > head::LIMIT || frames > FRAMES {
            self.phase = Phase::Pass(header.length);
            return self.broken(header, HEADER, "a header block of too many frames or bytes: it is not read");
        }
        let Some(bytes) = input.get(..total) else { return Verdict::Need { total } };
        let Some(block) = frame::fragments(bytes) else {
            return self.broken(header, total, "the padding of a header block is longer than the frame");
        };
        let block = self.table.read(&block);
        self.unsure = false;
        match said::read(self.side, header, &block) {
            None => skip(total),
            Some((message, None)) => Verdict::Message { used: total, message: wrap(message) },
            Some((message, Some(form))) => {
                self.form(Box::new(Waiting::new(message, form, header.stream, total)), input)
            }
        }
    }

    /// Looks for the rest of a form.
    fn form(&mut self, mut waiting: Box<Waiting>, input: &[u8]) -> Verdict {
        match waiting.look(input) {
            Some(total) => {
                self.phase = Phase::Form(waiting);
                Verdict::Need { total }
            }
            None => Verdict::Message { used: waiting.head, message: wrap(waiting.message) },
        }
    }

    /// The header block at the front cannot be read: `used` bytes show it.
    fn broken(&mut self, header: Header, used: usize, what: &'static str) -> Verdict {
        self.table.forget();
        Verdict::Message { used, message: wrap(malformed(Some(header.stream), what)) }
    }

    /// What can be told of a frame that is not whole.
    fn cut(pending: &[u8]) -> Option<Message> {
        let header = Header::parse(pending).filter(|header| header.kind == kind::HEADERS && header.is_sound())?;
        Some(malformed(Some(header.stream), "the header is cut"))
    }

    /// No frame begins here.
    fn stranger(&mut self) -> Verdict {
        self.phase = Phase::Lost;
        self.table.forget();
        if self.unsure || self.strange >= STRANGE {
            return skip(1);
        }
        self.strange = self.strange.saturating_add(1);
        Verdict::Message { used: 1, message: wrap(malformed(None, "not a frame of HTTP/2")) }
    }

    /// Looks for a frame; `None` if one begins with the first byte.
    fn search(&mut self, input: &[u8]) -> Option<Verdict> {
        let begins = |at: &usize| input.get(*at..).and_then(Header::parse).is_some_and(Header::is_likely);
        let last = input.len().saturating_sub(HEADER.saturating_sub(1));
        let found = (0..last).find(begins);
        if found == Some(0) {
            return None;
        }
        self.phase = Phase::Lost;
        Some(match found.unwrap_or(last) {
            0 => Verdict::Need { total: HEADER },
            bytes => skip(bytes),
        })
    }
}

fn wrap(message: Message) -> crate::Message {
    crate::Message::Http(Box::new(message))
}

fn skip(bytes: usize) -> Verdict {
    Verdict::Skip { bytes: u64::try_from(bytes).unwrap_or(u64::MAX) }
}
