//! The beginning of a message: is it one, and what does its head say?

use super::read::{read_request, read_response};
use super::{Lane, Phase, Read, STRANGE, STRANGER, Shown, Step, Waiting, find, malformed, message, need, skip};
use crate::http::exchange::Exchanges;
use crate::http::head::{self, Head};
use crate::http::http2;
use crate::http::line::{self, Found, Judgement};
use crate::http::message::Message;
use crate::{Side, Verdict, text};

impl Lane {
    /// A message, behind blank lines (RFC 9112 section 2.2).
    pub(super) fn start(&mut self, input: &[u8], exchanges: &mut Exchanges) -> Step {
        let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            return skip(blank);
        }
        if !self.line_read
            && let Some(step) = self.first_line(input)
        {
            return step;
        }
        let within = input.get(..head::LIMIT).unwrap_or(input);
        match head::end(within, self.looked) {
            Some(end) => self.message(input.get(..end).unwrap_or_default(), exchanges),
            None if within.len() == head::LIMIT => self.too_large(within, exchanges),
            None => self.more(input),
        }
    }

    /// Judges the start line as early as it can be; `None` once it is whole and good.
    fn first_line(&mut self, input: &[u8]) -> Option<Step> {
        // Only the first bytes of a server can be its preface: behind HTTP/1 they are none.
        if self.side == Side::Client || self.fresh {
            match http2::begins(self.side, input) {
                Judgement::Yes => {
                    self.phase = Phase::Http2(Box::new(http2::Frames::new(self.side)));
                    return Some(Step::Again);
                }
                Judgement::Need(total) => return Some(need(total)),
                Judgement::No(_) => {}
            }
        }
        match line::judge(self.side, input) {
            Judgement::Yes => {}
            Judgement::Need(total) => return Some(need(total)),
            Judgement::No(_) => return Some(self.stranger(input)),
        }
        if self.is_stray_method(input) {
            return Some(self.stranger(input));
        }
        let within = input.get(..line::LIMIT).unwrap_or(input);
        let Some(end) = find(within, self.looked, b'\n') else {
            let too_long = within.len() == line::LIMIT;
            return Some(if too_long { self.nonsense(input, line::LIMIT) } else { self.more(input) });
        };
        let first = text::lenient(input.get(..end).unwrap_or_default());
        if !self.reads(first.trim_end()) {
            return Some(self.nonsense(input, end.saturating_add(1)));
        }
        self.line_read = true;
        self.looked = end;
        None
    }

    pub(super) fn reads(&self, first: &str) -> bool {
        match self.side {
            Side::Client => line::request(first).is_some(),
            Side::Server => line::response(first).is_some(),
        }
    }

    /// The first bytes contradict. If that is a fault, what stands there is shown: up to the end of the line, or up to the
    /// next message.
    fn stranger(&mut self, input: &[u8]) -> Step {
        let within = input.get(..STRANGER).unwrap_or(input);
        let whole = within.len() == STRANGER || !self.is_fault();
        let message = match line::find(self.side, within, 0) {
            Found::At(at) => Some(at),
            Found::Maybe(at, _) if whole => Some(at),
            Found::Maybe(..) | Found::Nowhere => None,
        };
        let line = find(within, 0, b'\n').map(|end| end.saturating_add(1));
        match [message, line].into_iter().flatten().min() {
            Some(length) => self.nonsense(input, length.max(1)),
            None if whole => self.nonsense(input, within.len()),
            None => self.more(input),
        }
    }

    /// What is no message is a fault, unless there is a reason for it.
    pub(super) fn is_fault(&self) -> bool {
        !(self.switched || self.midway || self.fresh && self.side == Side::Client)
    }

    /// In the middle of a conversation only a method that is known begins a request: the rest of a body may stand in front of it.
    pub(super) fn is_stray_method(&self, input: &[u8]) -> bool {
        self.midway && self.side == Side::Client && !line::is_known_method(input)
    }

    /// No message begins here: the first `length` bytes show it.
    fn nonsense(&mut self, input: &[u8], length: usize) -> Step {
        if self.switched || self.midway {
            self.phase = if self.midway { Phase::Lost } else { Phase::Rest };
            self.midway = false;
            self.looked = 0;
            return Step::Again;
        }
        if self.fresh && self.side == Side::Client {
            return Step::Done(Verdict::NotMine);
        }
        self.phase = Phase::Lost;
        self.strayed = true;
        let bytes = input.get(..length).unwrap_or(input);
        message(bytes.len(), malformed(None, bytes, STRANGE))
    }

    /// A head that is not read to its end.
    fn too_large(&mut self, within: &[u8], exchanges: &mut Exchanges) -> Step {
        self.phase = Phase::Overlong;
        let exchange = self.number(exchanges, true);
        let what = format!("a header of more than {} KiB: it is not read", head::LIMIT >> 10);
        // The empty line may begin with the last bytes.
        message(within.len().saturating_sub(3), malformed(exchange, within, what))
    }

    /// A message whose head is whole.
    fn message(&mut self, bytes: &[u8], exchanges: &mut Exchanges) -> Step {
        self.midway = false;
        let mut head = Head::parse(bytes);
        let Some(read) = self.read(&mut head) else { return self.nonsense(bytes, bytes.len()) };
        let (phase, form, page) = (read.behind, read.form, read.page);
        let read =
            Message { exchange: self.number(exchanges, read.is_final), body: read.body, problems: head.problems };
        if let Some((kind, length)) = form {
            let waiting = Waiting { message: read, kind, length, head: bytes.len() };
            self.phase = Phase::Form(Box::new(waiting));
            return Step::Again;
        }
        if let Some((page, length)) = page {
            let shown = Shown { message: read, page, length, head: bytes.len() };
            self.phase = Phase::Page(Box::new(shown));
            return Step::Again;
        }
        self.phase = phase;
        message(bytes.len(), read)
    }

    pub(super) fn read(&mut self, head: &mut Head) -> Option<Read> {
        match self.side {
            Side::Client => read_request(head),
            Side::Server => {
                let (read, tunnel) = read_response(head)?;
                self.switched = tunnel;
                Some(read)
            }
        }
    }

    pub(super) fn number(&self, exchanges: &mut Exchanges, is_final: bool) -> Option<u32> {
        match self.side {
            Side::Client => Some(exchanges.request()),
            Side::Server => exchanges.response(is_final),
        }
    }
}
