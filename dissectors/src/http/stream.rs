//! One conversation: messages out of bytes, in each direction on its own.
//!
//! A direction is read without asking what the other one said, so that it does not matter which is read first. Where RFC
//! 9112 wants to know the request (a response to HEAD has no body, one to CONNECT begins a tunnel), the bytes tell: what
//! begins like a status line is no body, and a client that goes on with another request was not switched.

use super::body::{self, Length};
use super::exchange::Exchanges;
use super::form::{self, Chunks};
use super::head::{self, Head};
use super::http2;
use super::line::{self, Found, Judgement};
use super::login_form::LoginForm;
use super::message::{Body, Message};
use super::page::{self, Page};
use super::websocket::Frames;
use super::{request, response, url};
use crate::{Dissector, Problem, Side, Verdict, text, tls};

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

    /// A message, behind blank lines (RFC 9112 section 2.2).
    fn start(&mut self, input: &[u8], exchanges: &mut Exchanges) -> Step {
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

    fn reads(&self, first: &str) -> bool {
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
    fn is_fault(&self) -> bool {
        !(self.switched || self.midway || self.fresh && self.side == Side::Client)
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

    fn read(&mut self, head: &mut Head) -> Option<Read> {
        match self.side {
            Side::Client => read_request(head),
            Side::Server => {
                let (read, tunnel) = read_response(head)?;
                self.switched = tunnel;
                Some(read)
            }
        }
    }

    fn number(&self, exchanges: &mut Exchanges, is_final: bool) -> Option<u32> {
        match self.side {
            Side::Client => Some(exchanges.request()),
            Side::Server => exchanges.response(is_final),
        }
    }

    fn form(&mut self, mut waiting: Box<Waiting>, input: &[u8]) -> Step {
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
    fn page(&mut self, mut shown: Box<Shown>, input: &[u8]) -> Step {
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
    fn peek(&mut self, length: Length, input: &[u8]) -> Step {
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
    fn chunk(&mut self, first: bool, input: &[u8]) -> Step {
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
    fn trailer(&mut self, input: &[u8]) -> Step {
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

    fn overlong(&mut self, input: &[u8]) -> Step {
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

    fn search(&mut self, input: &[u8]) -> Step {
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

    /// Behind a request to switch: another request if the server refused or stands behind a tunnel, else the other protocol.
    fn asked(&mut self, switch: Switch, input: &[u8]) -> Step {
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

    /// `missing` bytes behind `pending` are gone; what was read is told.
    fn lose(&mut self, pending: &[u8], missing: u64, exchanges: &mut Exchanges) -> Option<Message> {
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
    fn partial(&mut self, pending: &[u8], exchanges: &mut Exchanges) -> Option<Message> {
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
}

impl Lane {
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

    /// In the middle of a conversation only a method that is known begins a request: the rest of a body may stand in front of it.
    fn is_stray_method(&self, input: &[u8]) -> bool {
        self.midway && self.side == Side::Client && !line::is_known_method(input)
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
    fn cut(mut self, pending: &[u8]) -> Message {
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
    fn cut(mut self, pending: &[u8]) -> Message {
        self.tell(self.page.cut(pending.get(self.head..).unwrap_or_default()));
        self.message
    }
}

fn read_request(head: &mut Head) -> Option<Read> {
    let request = request::read(head)?;
    let length = body::of_request(head);
    let tunnel = request.method.eq_ignore_ascii_case("CONNECT");
    let asked = (tunnel || request.upgrade.is_some()) && length == Length::Bytes(0);
    let switch = match tunnel {
        true => Switch::Tunnel,
        false if offers_sip(head) => Switch::Sip,
        false => Switch::Other,
    };
    Some(Read {
        body: Body::Request(Box::new(request)),
        behind: if asked { Phase::Asked(switch) } else { behind(length) },
        form: form::kind(head, length).map(|kind| (kind, length)),
        page: None,
        is_final: true,
    })
}

/// The response, and whether a tunnel begins behind it.
fn read_response(head: &mut Head) -> Option<(Read, bool)> {
    let response = response::read(head)?;
    let (status, length) = (response.status, body::of_response(head, response.status));
    let tunnel = matches!(status, 200..=299) && response.reason.eq_ignore_ascii_case("connection established");
    let quotes = head.first("content-type").is_some_and(|media| media.to_ascii_lowercase().contains("/http"));
    let behind = match length {
        _ if status == 101 && offers_sip(head) => Phase::WebSocket(Frames::default()),
        _ if status == 101 && head.list("upgrade").any(|protocol| protocol == "h2c") => {
            Phase::Http2(Box::new(http2::Frames::new(Side::Server)))
        }
        _ if status == 101 => Phase::Rest,
        Length::Bytes(1..) | Length::Chunked | Length::UntilClose if !quotes => Phase::Peek(length),
        _ => behind(length),
    };
    let is_final = !matches!(status, 100 | 102..=199);
    let page = page::readable(head, status, length).filter(|_| !tunnel && matches!(behind, Phase::Peek(_)));
    let page = page.map(|page| (page, length));
    Some((Read { body: Body::Response(Box::new(response)), behind, form: None, page, is_final }, tunnel))
}

/// What comes behind a head that states this length of its body.
fn behind(length: Length) -> Phase {
    match length {
        Length::Bytes(0) => Phase::Start,
        Length::Bytes(bytes) => Phase::Pass(bytes),
        Length::Chunked => Phase::Chunk(true),
        Length::UntilClose => Phase::Rest,
        Length::Unknown => Phase::Lost,
    }
}

/// Bytes of a body of which `held` were read; `None` if that is not known.
fn unread(length: Length, held: usize) -> Option<u64> {
    let Length::Bytes(bytes) = length else { return None };
    Some(bytes.saturating_sub(u64::try_from(held).unwrap_or(u64::MAX)))
}

/// A WebSocket that may carry SIP (RFC 7118 section 5).
fn offers_sip(head: &Head) -> bool {
    head.list("upgrade").any(|protocol| protocol == "websocket")
        && head.list("sec-websocket-protocol").any(|name| name == "sip")
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
