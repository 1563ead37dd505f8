//! Bytes that are missing, and the search for the next message: behind a hole, a head that is too large, or nonsense.

use super::{CUT, Lane, Phase, STRANGE, Step, malformed, need, skip};
use crate::http::body::Length;
use crate::http::exchange::Exchanges;
use crate::http::head::{self, Head};
use crate::http::line::{self, Found, Judgement};
use crate::http::message::{Body, Message};
use crate::http::request;
use crate::{Problem, Side, text};

impl Lane {
    pub(super) fn overlong(&mut self, input: &[u8]) -> Step {
        if let Some(end) = head::end(input, 0) {
            self.phase = Phase::Lost;
            return skip(end);
        }
        self.phase = Phase::Overlong;
        match input.len().checked_sub(3) {
            Some(searched @ 1..) => skip(searched),
            _ => need(input.len().saturating_add(1)),
        }
    }

    pub(super) fn search(&mut self, input: &[u8]) -> Step {
        match line::find(self.side, input, self.looked) {
            Found::At(0) => {
                self.looked = 0;
                Step::Again
            }
            Found::At(at) => skip(at),
            Found::Maybe(0, looked) => {
                self.phase = Phase::Lost;
                self.looked = looked;
                need(input.len().saturating_add(1))
            }
            Found::Maybe(at, _) => {
                self.phase = Phase::Lost;
                skip(at)
            }
            Found::Nowhere => {
                self.phase = Phase::Lost;
                skip(input.len())
            }
        }
    }

    /// `missing` bytes behind `pending` are gone; what was read is told.
    pub(super) fn lose(&mut self, pending: &[u8], missing: u64, exchanges: &mut Exchanges) -> Option<Message> {
        let mut message = None;
        let unread = match std::mem::take(&mut self.phase) {
            Phase::Start => {
                message = self.partial(pending, exchanges);
                None
            }
            Phase::Form(waiting) => {
                let unread = unread(waiting.length, pending.len().saturating_sub(waiting.head));
                message = Some(waiting.cut(pending));
                unread
            }
            Phase::Page(shown) => {
                let length = shown.length;
                let held = pending.len().saturating_sub(shown.head);
                message = Some(shown.cut(pending));
                if length == Length::UntilClose {
                    self.phase = Phase::Rest;
                    self.consumed();
                    return message;
                }
                unread(length, held)
            }
            Phase::Peek(Length::UntilClose) | Phase::Rest => {
                self.phase = Phase::Rest;
                return None;
            }
            Phase::Peek(length) => unread(length, pending.len()),
            Phase::Pass(bytes) => Some(bytes),
            Phase::WebSocket(mut frames) => {
                frames.lose(pending, missing);
                self.phase = Phase::WebSocket(frames);
                return None;
            }
            Phase::Http2(mut frames) => {
                let message = frames.lose(pending, missing);
                self.phase = Phase::Http2(frames);
                return message;
            }
            Phase::Lost if self.side == Side::Client && line::is_web(pending) => {
                message = self.partial(pending, exchanges);
                None
            }
            Phase::Chunk(_) | Phase::Trailer | Phase::Overlong | Phase::Lost | Phase::Asked(_) => None,
        };
        // Where the hole ends within a body of known length the next message is found by counting; else it must be searched.
        self.phase = match unread.and_then(|unread| unread.checked_sub(missing)) {
            Some(0) => Phase::Start,
            Some(bytes) => Phase::Pass(bytes),
            None => Phase::Lost,
        };
        self.consumed();
        message
    }

    /// What the beginning of a message says.
    pub(super) fn partial(&mut self, pending: &[u8], exchanges: &mut Exchanges) -> Option<Message> {
        match line::judge(self.side, pending) {
            Judgement::Yes => {}
            Judgement::No(_) if self.is_fault() => {
                self.strayed = true;
                return Some(malformed(None, pending, STRANGE));
            }
            _ => return None,
        }
        if self.is_stray_method(pending) {
            return None;
        }
        let mut head = Head::parse(pending);
        if head.line.is_empty() {
            return self.partial_line(pending, exchanges);
        }
        let Some(read) = self.read(&mut head) else {
            return (!self.switched).then(|| malformed(None, pending, CUT));
        };
        head.problem(CUT, pending.len());
        Some(Message { exchange: self.number(exchanges, read.is_final), body: read.body, problems: head.problems })
    }

    /// What the beginning of a start line says.
    fn partial_line(&mut self, pending: &[u8], exchanges: &mut Exchanges) -> Option<Message> {
        let line = text::lenient(pending);
        let (body, is_final) = match self.side {
            Side::Client => (request::read_cut(&line).map(|request| Body::Request(Box::new(request))), true),
            Side::Server => {
                let mut head =
                    Head { line: line::cut_response(&line).unwrap_or_default().to_owned(), ..Head::default() };
                let read = self.read(&mut head);
                let is_final = read.as_ref().is_none_or(|read| read.is_final);
                (read.map(|read| read.body), is_final)
            }
        };
        match body {
            Some(body) => {
                let problems = vec![Problem::new(CUT, pending.len())];
                Some(Message { exchange: self.number(exchanges, is_final), body, problems })
            }
            None => (!self.switched).then(|| malformed(None, pending, CUT)),
        }
    }
}

/// Bytes of a body of which `held` were read; `None` if that is not known.
fn unread(length: Length, held: usize) -> Option<u64> {
    let Length::Bytes(bytes) = length else { return None };
    Some(bytes.saturating_sub(u64::try_from(held).unwrap_or(u64::MAX)))
}
