//! What comes behind a head: a form or a page that is read, a body that is passed over, another protocol.

use super::read::behind;
use super::{CHUNK_LINE, Lane, Phase, Shown, Step, Switch, Waiting, find, malformed, message, need, skip};
use crate::http::body::Length;
use crate::http::form::{self, Chunks};
use crate::http::head;
use crate::http::line::{self, Judgement};
use crate::http::login_form::LoginForm;
use crate::http::message::{Body, Message};
use crate::http::url;
use crate::http::websocket::Frames;
use crate::{Problem, Side, Verdict, text, tls};

impl Lane {
    pub(super) fn form(&mut self, mut waiting: Box<Waiting>, input: &[u8]) -> Step {
        let body = input.get(waiting.head..).unwrap_or_default();
        let (used, phase) = match waiting.length {
            Length::Bytes(bytes) => {
                let total = waiting.head.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX));
                let Some(body) = input.get(waiting.head..total) else {
                    self.phase = Phase::Form(waiting);
                    return need(total);
                };
                waiting.fill(body);
                (total, Phase::Start)
            }
            _ => match form::chunks(body) {
                Chunks::Part(_, total) => {
                    let total = waiting.head.saturating_add(total);
                    self.phase = Phase::Form(waiting);
                    return need(total);
                }
                Chunks::Whole(body, end) => {
                    waiting.fill(&body);
                    (waiting.head.saturating_add(end), Phase::Trailer)
                }
                // The request is told all the same, as its head is whole; the chunks are then judged one by one.
                Chunks::Never => (waiting.head, Phase::Chunk(true)),
            },
        };
        self.phase = phase;
        message(used, waiting.message)
    }

    /// The response is told once the beginning of its page is there: its head alone, the body is passed over as any other.
    pub(super) fn page(&mut self, mut shown: Box<Shown>, input: &[u8]) -> Step {
        match shown.page.look(input.get(shown.head..).unwrap_or_default()) {
            Err(needed) => {
                let total = shown.head.saturating_add(needed);
                self.phase = Phase::Page(shown);
                need(total)
            }
            Ok(form) => {
                shown.tell(form);
                self.phase = Phase::Peek(shown.length);
                message(shown.head, shown.message)
            }
        }
    }

    /// A body, unless what stands here begins the next response.
    pub(super) fn peek(&mut self, length: Length, input: &[u8]) -> Step {
        match line::judge(Side::Server, input) {
            Judgement::Yes => self.phase = Phase::Start,
            Judgement::No(_) => self.phase = behind(length),
            Judgement::Need(total) => {
                self.phase = Phase::Peek(length);
                return need(total);
            }
        }
        Step::Again
    }

    /// The line in front of a chunk, and the chunk (RFC 9112 section 7.1).
    pub(super) fn chunk(&mut self, first: bool, input: &[u8]) -> Step {
        let lead = match input {
            _ if first => 0,
            // Every chunk but the first begins behind the line end of the one before.
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [b'\r'] => {
                self.phase = Phase::Chunk(first);
                return need(2);
            }
            _ => return self.broken_chunk(input, 1, "a chunk does not end where its size says"),
        };
        let Some(end) = find(input, self.looked.max(lead), b'\n').filter(|&end| end < CHUNK_LINE) else {
            if input.len() >= CHUNK_LINE {
                return self.broken_chunk(input, CHUNK_LINE, "the size of a chunk has no end");
            }
            self.phase = Phase::Chunk(first);
            return self.more(input);
        };
        let behind = end.saturating_add(1);
        let length = u64::try_from(behind).unwrap_or(u64::MAX);
        match form::chunk_size(input.get(lead..end).unwrap_or_default()) {
            Some(0) => {
                self.phase = Phase::Trailer;
                skip(behind)
            }
            Some(size) => {
                self.phase = Phase::Chunk(false);
                Step::Done(Verdict::Skip { bytes: length.saturating_add(size) })
            }
            None => self.broken_chunk(input, behind, "not the size of a chunk"),
        }
    }

    fn broken_chunk(&mut self, input: &[u8], length: usize, what: &'static str) -> Step {
        self.phase = Phase::Lost;
        self.strayed = true;
        let bytes = input.get(..length).unwrap_or(input);
        message(bytes.len(), malformed(None, bytes, what))
    }

    /// A line of a trailer. Some senders leave out the empty line at its end.
    pub(super) fn trailer(&mut self, input: &[u8]) -> Step {
        let Some(end) = find(input, self.looked, b'\n') else {
            if input.len() > head::LIMIT {
                self.phase = Phase::Lost;
                return Step::Again;
            }
            self.phase = Phase::Trailer;
            return self.more(input);
        };
        let line = input.get(..end).unwrap_or_default().trim_ascii_end();
        if self.reads(&text::lenient(line)) {
            self.looked = 0;
            return Step::Again;
        }
        self.phase = if line.is_empty() { Phase::Start } else { Phase::Trailer };
        skip(end.saturating_add(1))
    }

    /// Behind a request to switch: another request if the server refused or stands behind a tunnel, else the other protocol.
    pub(super) fn asked(&mut self, switch: Switch, input: &[u8]) -> Step {
        /// First bytes of a TLS record with a handshake.
        const TLS: (u8, u8) = (22, 3);
        let &[first, second, ..] = input else {
            self.phase = Phase::Asked(switch);
            return need(2);
        };
        self.phase = match switch {
            _ if first.is_ascii_uppercase() && head::is_token(second) => {
                self.switched = true;
                Phase::Start
            }
            Switch::Tunnel if (first, second) == TLS => {
                self.phase = Phase::Rest;
                return Step::Done(Verdict::Becomes(&tls::PROTOCOL));
            }
            Switch::Sip => Phase::WebSocket(Frames::default()),
            Switch::Tunnel | Switch::Other => Phase::Rest,
        };
        Step::Again
    }
}

impl Waiting {
    fn fill(&mut self, body: &[u8]) {
        let (fields, too_many) = form::fields(self.kind, body);
        if too_many {
            let what = format!("more than {} form fields: the rest is not read", url::LIMIT);
            self.message.problems.push(Problem::new(what, self.head));
        }
        if let Body::Request(request) = &mut self.message.body {
            request.form = fields;
        }
    }

    /// With what there is of the form.
    pub(super) fn cut(mut self, pending: &[u8]) -> Message {
        let body = pending.get(self.head..).unwrap_or_default();
        match (self.length, form::chunks(body)) {
            (Length::Chunked, Chunks::Whole(body, _) | Chunks::Part(body, _)) => self.fill(&body),
            (Length::Chunked, Chunks::Never) => {}
            _ => self.fill(body),
        }
        self.message.problems.push(Problem::new("the body is cut: form fields may be missing", pending.len()));
        self.message
    }
}

impl Shown {
    fn tell(&mut self, form: LoginForm) {
        if let Body::Response(response) = &mut self.message.body {
            response.login_form = form;
        }
    }

    /// With what there is of the page.
    pub(super) fn cut(mut self, pending: &[u8]) -> Message {
        self.tell(self.page.cut(pending.get(self.head..).unwrap_or_default()));
        self.message
    }
}
