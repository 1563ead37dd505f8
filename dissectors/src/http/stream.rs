//! One conversation: messages out of bytes, in each direction on its own.
//!
//! A direction is read without asking what the other one said, so that it does not matter which is read first. Where RFC
//! 9112 wants to know the request (a response to HEAD has no body, one to CONNECT begins a tunnel), the bytes tell: what
//! begins like a status line is no body, and a client that goes on with another request was not switched.

mod behind;
mod lost;
mod read;
mod start;

use super::body::Length;
use super::exchange::Exchanges;
use super::http2;
use super::message::{Body, Message};
use super::page::Page;
use super::websocket::Frames;
use super::{form, url};
use crate::{Dissector, Problem, Side, Verdict, text};

/// Bytes that the line in front of a chunk may have.
const CHUNK_LINE: usize = 4096;
/// Characters of a line that is no start line.
const EXCERPT: usize = 120;
/// Bytes that are shown of what is not text of this protocol at all.
const STRANGER: usize = 64;
const CUT: &str = "the header is cut";
const STRANGE: &str = "not a message of HTTP/1";

pub(super) fn open() -> Box<dyn Dissector> {
    Box::new(Stream {
        client: Lane::new(Side::Client),
        server: Lane::new(Side::Server),
        exchanges: Exchanges::default(),
    })
}

struct Stream {
    client: Lane,
    server: Lane,
    exchanges: Exchanges,
}

/// One direction.
struct Lane {
    side: Side,
    phase: Phase,
    /// Bytes of the input that were searched already.
    looked: usize,
    /// The start line of the input was found good already.
    line_read: bool,
    /// Nothing was read yet.
    fresh: bool,
    /// The first bytes need not be the beginning of a message.
    midway: bool,
    /// The direction may have been switched to another protocol: what is no message is no fault.
    switched: bool,
    /// Something was there that is no message, and messages behind it may have been missed.
    strayed: bool,
}

/// Where a direction stands.
#[derive(Default)]
enum Phase {
    /// The next byte begins a message.
    #[default]
    Start,
    /// The head of a request was read; its form is waited for.
    Form(Box<Waiting>),
    /// The head of a response was read; the beginning of its page is waited for.
    Page(Box<Shown>),
    /// Behind the head of a response: a body, or the next response if this one was to HEAD.
    Peek(Length),
    /// So many bytes of a body come.
    Pass(u64),
    /// A line with the size of a chunk comes. False: the end of the chunk before stands in front of it.
    Chunk(bool),
    /// Lines of a trailer come, up to an empty one.
    Trailer,
    /// The rest of a head that is too large comes.
    Overlong,
    /// Looking for a start line.
    Lost,
    /// Nothing that follows is read.
    Rest,
    /// The client asked to switch.
    Asked(Switch),
    /// Frames of a WebSocket come.
    WebSocket(Frames),
    /// Frames of HTTP/2 come.
    Http2(Box<http2::Frames>),
}

/// What a client asks to switch to.
#[derive(Clone, Copy)]
enum Switch {
    /// A WebSocket that may carry SIP.
    Sip,
    /// A way to another server through a proxy (CONNECT).
    Tunnel,
    /// Anything else.
    Other,
}

/// A request whose form is waited for.
struct Waiting {
    message: Message,
    kind: form::Kind,
    length: Length,
    /// Bytes of the head.
    head: usize,
}

/// A response whose page is waited for.
struct Shown {
    message: Message,
    page: Page,
    length: Length,
    /// Bytes of the head.
    head: usize,
}

/// What a head says.
struct Read {
    body: Body,
    /// What comes behind it.
    behind: Phase,
    /// A form of that kind and length comes, which is waited for.
    form: Option<(form::Kind, Length)>,
    /// A page of that length comes, whose beginning is waited for.
    page: Option<(Page, Length)>,
    /// It is not an interim response (1xx).
    is_final: bool,
}

/// What one step came to.
enum Step {
    Done(Verdict),
    /// The phase has changed, and the same bytes are looked at again.
    Again,
}

impl Dissector for Stream {
    fn midstream(&mut self) {
        self.client.midway = true;
        self.server.midway = true;
        self.exchanges.lose();
    }

    fn next(&mut self, from: Side, input: &[u8]) -> Verdict {
        let (lane, exchanges) = self.lane(from);
        loop {
            let step = lane.step(input, exchanges);
            if std::mem::take(&mut lane.strayed) {
                exchanges.stray();
            }
            if let Step::Done(verdict) = step {
                if !matches!(verdict, Verdict::Need { .. }) {
                    lane.consumed();
                }
                return verdict;
            }
        }
    }

    fn gap(&mut self, from: Side, pending: &[u8], missing: u64) -> Option<crate::Message> {
        if pending.is_empty() && missing == 0 {
            return None;
        }
        let (lane, exchanges) = self.lane(from);
        let message = lane.lose(pending, missing, exchanges);
        if std::mem::take(&mut lane.strayed) || matches!(lane.phase, Phase::Lost) {
            exchanges.lose();
        }
        message.map(wrap)
    }

    fn end(&mut self, from: Side, pending: &[u8]) -> Option<crate::Message> {
        let (lane, exchanges) = self.lane(from);
        match std::mem::take(&mut lane.phase) {
            Phase::Start => lane.partial(pending, exchanges).map(wrap),
            Phase::Form(waiting) => Some(wrap(waiting.cut(pending))),
            Phase::Page(shown) => Some(wrap(shown.cut(pending))),
            Phase::Http2(mut frames) => frames.end(pending).map(wrap),
            _ => None,
        }
    }
}

impl Stream {
    fn lane(&mut self, from: Side) -> (&mut Lane, &mut Exchanges) {
        let lane = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        (lane, &mut self.exchanges)
    }
}

impl Lane {
    fn new(side: Side) -> Self {
        Self {
            side,
            phase: Phase::Start,
            looked: 0,
            line_read: false,
            fresh: true,
            midway: false,
            switched: false,
            strayed: false,
        }
    }

    /// Bytes are done with.
    fn consumed(&mut self) {
        self.looked = 0;
        self.line_read = false;
        self.fresh = false;
    }

    /// Everything has been searched: one byte more may change that.
    fn more(&mut self, input: &[u8]) -> Step {
        self.looked = input.len();
        need(input.len().saturating_add(1))
    }

    fn step(&mut self, input: &[u8], exchanges: &mut Exchanges) -> Step {
        match std::mem::take(&mut self.phase) {
            Phase::Start => self.start(input, exchanges),
            Phase::Form(waiting) => self.form(waiting, input),
            Phase::Page(shown) => self.page(shown, input),
            Phase::Peek(length) => self.peek(length, input),
            Phase::Pass(bytes) => Step::Done(Verdict::Skip { bytes }),
            Phase::Chunk(first) => self.chunk(first, input),
            Phase::Trailer => self.trailer(input),
            Phase::Overlong => self.overlong(input),
            Phase::Lost => self.search(input),
            Phase::Asked(switch) => self.asked(switch, input),
            // The phase was taken out above, and nothing but the close ends these: they are put back.
            Phase::Rest => {
                self.phase = Phase::Rest;
                Step::Done(Verdict::Skip { bytes: u64::MAX })
            }
            Phase::WebSocket(mut frames) => {
                let verdict = frames.next(input);
                self.phase = Phase::WebSocket(frames);
                Step::Done(verdict)
            }
            Phase::Http2(mut frames) => {
                let verdict = frames.next(input);
                self.phase = Phase::Http2(frames);
                Step::Done(verdict)
            }
        }
    }
}

fn malformed(exchange: Option<u32>, bytes: &[u8], what: impl Into<std::borrow::Cow<'static, str>>) -> Message {
    let first = bytes.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let line = url::mask_line(text::lenient(first.trim_ascii_end()).as_str());
    let line = line.chars().take(EXCERPT).collect();
    Message { exchange, body: Body::Malformed { line }, problems: vec![Problem::new(what, 0)] }
}

fn wrap(message: Message) -> crate::Message {
    crate::Message::Http(Box::new(message))
}

fn message(used: usize, message: Message) -> Step {
    Step::Done(Verdict::Message { used, message: wrap(message) })
}

fn need(total: usize) -> Step {
    Step::Done(Verdict::Need { total })
}

fn skip(bytes: usize) -> Step {
    Step::Done(Verdict::Skip { bytes: u64::try_from(bytes).unwrap_or(u64::MAX) })
}

/// The first such byte, of which none is among the first `looked`.
fn find(input: &[u8], looked: usize, wanted: u8) -> Option<usize> {
    let at = input.get(looked..)?.iter().position(|&byte| byte == wanted)?;
    Some(looked.saturating_add(at))
}
