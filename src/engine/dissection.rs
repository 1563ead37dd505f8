//! The application side of one TCP conversation: finds the dissector by the first bytes, feeds it in whatever chunks
//! the stream brings, and keeps its messages with the frames that carried them.

use super::budget::Budget;
use super::{DecodeAs, Keep, Options};
use crate::model::{FrameRef, Message, PerSide, Side, Stamp, Timestamp, Turn, Turns};
use crate::stream::Sink;
use nrpcsniff_dissectors::{Dissector, Message as Body, PROTOCOLS, Probe, Protocol, Verdict};
use std::collections::VecDeque;

/// Bytes that may wait for the protocol to be told.
const UNDECIDED: usize = 4096;
/// Chunks after which a conversation without a beginning is given up.
const CHUNKS: u32 = 64;
/// Bytes that may wait for the rest of a message. A dissector that asks for more is told of a gap instead.
const PENDING: usize = 1 << 20;
/// Messages kept from the start and from the end when memory must not grow.
const HEAD: usize = 16;
const TAIL: usize = 8;
/// Messages kept beyond these because rules ask for them.
const NOTABLE: usize = 64;
/// Messages kept of those that rules look at one by one.
pub(super) const ESSENTIAL: usize = 10_000;
/// Slow turns kept.
const SLOW_TURNS: usize = 8;

/// The application side of one conversation.
pub struct Dissection {
    state: State,
    feeds: PerSide<Feed>,
    ports: PerSide<u16>,
    roles_guessed: bool,
    /// The sides that the stream names are to be exchanged until it has been told.
    flipped: bool,
    /// Nothing was seen from the start: the first bytes need not be a beginning.
    midstream: bool,
    chunks: u32,
    log: Log,
}

enum State {
    Undecided,
    Chosen(&'static Protocol, Box<dyn Dissector>),
    Ignored,
}

impl State {
    fn chosen(protocol: &'static Protocol, midstream: bool) -> Self {
        let mut dissector = (protocol.stream)();
        if midstream {
            dissector.midstream();
        }
        Self::Chosen(protocol, dissector)
    }
}

/// Bytes of one direction that no message accounts for yet.
#[derive(Default)]
struct Feed {
    pending: Vec<u8>,
    /// Stream offset of the first pending byte.
    start: u64,
    /// End offset and frame of every piece of `pending`, in order.
    spans: VecDeque<(u64, Stamp)>,
    /// Pending bytes below which the dissector need not be asked.
    need: usize,
    /// Bytes to pass over.
    skip: u64,
    undissected: u64,
}

/// What is kept of the messages.
#[derive(Debug, Default)]
pub struct Log {
    keep: Option<Keep>,
    budget: Budget,
    head: Vec<Message>,
    notable: usize,
    tail: VecDeque<Message>,
    /// Messages seen, by sender.
    pub seen: PerSide<u64>,
    /// Messages seen of each protocol: one may carry another.
    counts: Vec<(&'static str, u64)>,
    /// Questions and answers.
    pub turns: Turns,
    asked: Option<Stamp>,
}

/// What a dissection comes to.
#[derive(Default)]
pub struct Outcome {
    /// The protocol, if it was told.
    pub protocol: Option<&'static Protocol>,
    /// Messages kept, in order.
    pub messages: Vec<Message>,
    /// Messages seen.
    pub seen: PerSide<u64>,
    /// Messages seen of each protocol.
    pub counts: Vec<(&'static str, u64)>,
    /// Questions and answers.
    pub turns: Turns,
    /// Bytes that no message accounts for.
    pub undissected: PerSide<u64>,
}

/// True if no dissector wants a conversation that begins with these bytes of `from`, so that it need not be heard at
/// all. `ports` are the client's and the server's. Where a port has a claim, the answer is false.
pub fn is_unwanted(from: Side, bytes: &[u8], ports: [u16; 2], roles_guessed: bool, options: &Options) -> bool {
    let sides = [Some(from), roles_guessed.then(|| from.peer())];
    let refuses = |protocol: &Protocol| {
        let usual = ports.iter().any(|port| protocol.tcp_ports.contains(port));
        sides.iter().flatten().all(|&side| (protocol.probe)(side, bytes, usual) == Probe::No)
    };
    !ports.iter().any(|&port| options.is_claimed(port)) && PROTOCOLS.iter().all(|protocol| refuses(protocol))
}

impl Dissection {
    /// Nothing said yet between these ports.
    pub fn new(client_port: u16, server_port: u16, roles_guessed: bool, options: &Options, budget: Budget) -> Self {
        let state = match options.decode_as(server_port).or_else(|| options.decode_as(client_port)) {
            Some(DecodeAs::Protocol(protocol)) => State::chosen(protocol, roles_guessed),
            Some(DecodeAs::Nothing) => State::Ignored,
            None => State::Undecided,
        };
        Self {
            state,
            feeds: PerSide::default(),
            ports: PerSide { client: client_port, server: server_port },
            roles_guessed,
            flipped: false,
            midstream: roles_guessed,
            chunks: 0,
            log: Log { keep: Some(options.keep), budget, ..Log::default() },
        }
    }

    /// No dissector wants this conversation.
    pub fn is_ignored(&self) -> bool {
        matches!(self.state, State::Ignored)
    }

    /// The protocol, if it was told.
    pub fn protocol(&self) -> Option<&'static Protocol> {
        match self.state {
            State::Chosen(protocol, _) => Some(protocol),
            _ => None,
        }
    }

    /// True once if the first message showed that client and server are the other way round. From then on the
    /// stream is expected to name the sides rightly.
    pub fn take_flip(&mut self) -> bool {
        std::mem::take(&mut self.flipped)
    }

    /// Messages seen so far.
    pub fn seen(&self) -> PerSide<u64> {
        self.log.seen
    }

    /// Bytes that wait for the rest of a message.
    pub fn pending_bytes(&self) -> usize {
        self.feeds.client.pending.len().saturating_add(self.feeds.server.pending.len())
    }

    /// Lets go of them: there is no room. The messages they begin are told as far as they go.
    pub fn let_go(&mut self) {
        for side in [Side::Client, Side::Server] {
            if !self.feeds[side].pending.is_empty() {
                self.lose(side, 0);
            }
        }
    }

    /// The conversation is over: what is left over is offered to the dissector once more.
    pub fn finish(mut self) -> Outcome {
        for side in [Side::Client, Side::Server] {
            let feed = &mut self.feeds[side];
            if let State::Chosen(_, dissector) = &mut self.state
                && !feed.pending.is_empty()
            {
                let pending = std::mem::take(&mut feed.pending);
                match dissector.end(side, &pending) {
                    Some(body) => self.log.add(side, feed, 0, pending.len(), None, body),
                    None => feed.undissected = feed.undissected.saturating_add(len(pending.len())),
                }
            }
        }
        let protocol = self.protocol();
        let mut turns = self.log.turns;
        turns.unanswered = self.log.asked;
        turns.slowest.sort_by_key(|turn| turn.request.time);
        let mut messages = self.log.head;
        messages.extend(self.log.tail);
        messages.sort_by_key(|m| m.n);
        messages.shrink_to_fit();
        let undissected = PerSide { client: self.feeds.client.undissected, server: self.feeds.server.undissected };
        Outcome { protocol, messages, seen: self.log.seen, counts: self.log.counts, turns, undissected }
    }

    /// What it comes to so far. What waits for the rest of its message is left waiting. `before` are the messages that the
    /// last preview gave: those that still hold are not copied again.
    pub fn preview(&self, before: Vec<Message>) -> Outcome {
        let mut turns = self.log.turns.clone();
        turns.unanswered = self.log.asked;
        turns.slowest.sort_by_key(|turn| turn.request.time);
        Outcome {
            protocol: self.protocol(),
            messages: self.log.messages(before),
            seen: self.log.seen,
            counts: self.log.counts.clone(),
            turns,
            undissected: PerSide { client: self.feeds.client.undissected, server: self.feeds.server.undissected },
        }
    }

    /// Messages seen of each protocol.
    pub fn counts(&self) -> &[(&'static str, u64)] {
        &self.log.counts
    }

    /// Lets go of messages from before a time, but for the first ones. Says whether there were any.
    pub fn forget(&mut self, before: Timestamp) -> bool {
        forget(&mut self.log.head, before)
    }

    /// Messages that are kept because rules look at each.
    pub fn essential(&self) -> usize {
        self.log.head.iter().filter(|message| message.body.is_essential()).count()
    }

    fn side(&self, named: Side) -> Side {
        if self.flipped { named.peer() } else { named }
    }

    /// Looks at the first bytes of `side`.
    fn decide(&mut self, side: Side) {
        let mut undecided = false;
        for protocol in PROTOCOLS {
            for from in [side, side.peer()] {
                if from != side && !self.roles_guessed {
                    continue;
                }
                let server = if from == side { self.ports.server } else { self.ports.client };
                let usual = protocol.tcp_ports.contains(&server);
                match (protocol.probe)(from, &self.feeds[side].pending, usual) {
                    Probe::Yes => return self.choose(protocol, from != side),
                    Probe::Need(_) => undecided = true,
                    Probe::No => {}
                }
            }
        }
        let waiting = self.feeds.client.pending.len().saturating_add(self.feeds.server.pending.len());
        if undecided && waiting <= UNDECIDED {
            return;
        }
        self.chunks = self.chunks.saturating_add(1);
        self.feeds[side].drop_pending();
        let usual = PROTOCOLS.iter().any(|p| p.tcp_ports.contains(&self.ports.server));
        if !(self.midstream && usual) || self.chunks > CHUNKS {
            self.state = State::Ignored;
        }
    }

    fn choose(&mut self, protocol: &'static Protocol, flip: bool) {
        if flip {
            self.flipped = !self.flipped;
            self.feeds = std::mem::take(&mut self.feeds).swapped();
            self.ports = self.ports.swapped();
        }
        self.state = State::chosen(protocol, self.midstream);
        for side in [Side::Client, Side::Server] {
            self.dissect_pending(side);
        }
    }

    /// Asks the dissector about the pending bytes of a side.
    fn dissect_pending(&mut self, side: Side) {
        let feed = &mut self.feeds[side];
        if feed.pending.is_empty() || feed.pending.len() < feed.need {
            return;
        }
        let mut pending = std::mem::take(&mut feed.pending);
        let used = self.dissect(side, &pending, None);
        pending.drain(..used);
        self.feeds[side].keep(pending, used);
    }

    /// `missing` bytes behind the pending ones will not come, and the pending ones go as well.
    fn lose(&mut self, side: Side, missing: u64) {
        let feed = &mut self.feeds[side];
        match &mut self.state {
            State::Undecided => self.midstream = true,
            State::Chosen(_, dissector) => {
                let pending = std::mem::take(&mut feed.pending);
                match dissector.gap(side, &pending, missing) {
                    Some(body) => self.log.add(side, feed, 0, pending.len(), None, body),
                    None => feed.undissected = feed.undissected.saturating_add(len(pending.len())),
                }
            }
            State::Ignored => {}
        }
        feed.drop_pending();
    }

    /// Offers `input` to the dissector until it asks for more; gives the number of bytes that are done with.
    /// `whole` is the frame that carried all of `input`, if one did.
    fn dissect(&mut self, side: Side, input: &[u8], whole: Option<Stamp>) -> usize {
        let State::Chosen(_, dissector) = &mut self.state else { return input.len() };
        let feed = &mut self.feeds[side];
        let mut used = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            match dissector.next(side, rest) {
                Verdict::Message { used: length, message } => {
                    let length = length.clamp(1, rest.len());
                    self.log.add(side, feed, used, length, whole, message);
                    used = used.saturating_add(length);
                }
                Verdict::Need { total } if total <= PENDING => {
                    feed.need = total;
                    return used;
                }
                Verdict::Need { total } => {
                    if let Some(message) = dissector.gap(side, rest, 0) {
                        self.log.add(side, feed, used, rest.len(), whole, message);
                    }
                    feed.skip = len(total.saturating_sub(rest.len()));
                    used = input.len();
                }
                Verdict::Skip { bytes } => {
                    let here = usize::try_from(bytes).unwrap_or(usize::MAX).min(rest.len());
                    feed.skip = bytes.saturating_sub(len(here));
                    feed.undissected = feed.undissected.saturating_add(len(here));
                    used = used.saturating_add(here);
                }
                Verdict::NotMine => {
                    if self.log.seen == PerSide::default() {
                        self.state = State::Ignored;
                    } else {
                        feed.skip = u64::MAX;
                        feed.undissected = feed.undissected.saturating_add(len(rest.len()));
                    }
                    return input.len();
                }
            }
        }
        feed.need = 0;
        used
    }
}

impl Sink for Dissection {
    fn bytes(&mut self, from: Side, offset: u64, bytes: &[u8], at: Stamp) {
        let side = self.side(from);
        if self.is_ignored() {
            return;
        }
        let feed = &mut self.feeds[side];
        let (offset, bytes) = feed.pass_over(offset, bytes);
        if bytes.is_empty() {
            return;
        }
        if feed.pending.is_empty() && matches!(self.state, State::Chosen(..)) {
            feed.start = offset;
            let used = self.dissect(side, bytes, Some(at));
            if let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
                let feed = &mut self.feeds[side];
                feed.spans.push_back((offset.saturating_add(len(bytes.len())), at));
                feed.keep(rest.to_vec(), used);
            }
            return;
        }
        if feed.pending.is_empty() {
            feed.start = offset;
        }
        feed.pending.extend_from_slice(bytes);
        feed.spans.push_back((offset.saturating_add(len(bytes.len())), at));
        match self.state {
            State::Undecided => self.decide(side),
            _ => self.dissect_pending(side),
        }
    }

    fn gap(&mut self, from: Side, offset: u64, length: u64, _: Stamp) {
        let side = self.side(from);
        let feed = &mut self.feeds[side];
        feed.undissected = feed.undissected.saturating_add(length);
        let skipped = length.min(feed.skip);
        if feed.skip != u64::MAX {
            feed.skip = feed.skip.saturating_sub(skipped);
        }
        if skipped < length {
            self.lose(side, length.saturating_sub(skipped));
        }
        self.feeds[side].start = offset.saturating_add(length);
    }
}

impl Feed {
    /// Passes over bytes that nobody looks at.
    fn pass_over<'a>(&mut self, offset: u64, bytes: &'a [u8]) -> (u64, &'a [u8]) {
        let over = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        if over > 0 {
            self.undissected = self.undissected.saturating_add(len(over));
            if self.skip != u64::MAX {
                self.skip = self.skip.saturating_sub(len(over));
            }
        }
        (offset.saturating_add(len(over)), bytes.get(over..).unwrap_or_default())
    }

    /// Keeps what is left after the first `used` pending bytes are done with.
    fn keep(&mut self, pending: Vec<u8>, used: usize) {
        self.start = self.start.saturating_add(len(used));
        self.pending = pending;
        let start = self.start;
        while self.spans.front().is_some_and(|&(end, _)| end <= start) {
            self.spans.pop_front();
        }
    }

    fn drop_pending(&mut self) {
        self.undissected = self.undissected.saturating_add(len(self.pending.len()));
        self.pending = Vec::new();
        self.spans.clear();
        self.need = 0;
    }

    /// What carried `length` bytes, `from` bytes behind the first pending one: the earliest and the latest frame by
    /// time, and all in ascending order.
    fn carriers(&self, from: usize, length: usize) -> (Stamp, Stamp, Vec<FrameRef>) {
        let start = self.start.saturating_add(len(from));
        let end = start.saturating_add(len(length));
        let mut begin = self.start;
        let holds_part = |&&(span_end, _): &&(u64, Stamp)| {
            let from = std::mem::replace(&mut begin, span_end);
            span_end > start && from < end
        };
        let carriers: Vec<Stamp> = self.spans.iter().filter(holds_part).map(|&(_, at)| at).collect();
        let first = carriers.iter().copied().min_by_key(|at| (at.time, at.frame)).unwrap_or_default();
        let last = carriers.iter().copied().max_by_key(|at| (at.time, at.frame)).unwrap_or_default();
        let mut frames: Vec<FrameRef> = carriers.iter().map(|at| at.frame).collect();
        frames.sort_unstable();
        frames.dedup();
        (first, last, frames)
    }
}

impl Log {
    /// Adds a message that lies `from` bytes behind the first pending byte of its feed.
    fn add(&mut self, side: Side, feed: &Feed, from: usize, length: usize, whole: Option<Stamp>, body: Body) {
        let (first, at, frames) = match whole {
            Some(at) => (at, at, vec![at.frame]),
            None => feed.carriers(from, length),
        };
        let offset = feed.start.saturating_add(len(from));
        self.turn(side, first, at);
        self.seen[side] = self.seen[side].saturating_add(1);
        let n = u32::try_from(self.seen.client.saturating_add(self.seen.server)).unwrap_or(u32::MAX);
        self.count(body.protocol());
        self.keep(Message { n, from: side, at, frames, offset, length: len(length), body });
    }

    fn count(&mut self, protocol: &'static str) {
        match self.counts.iter_mut().find(|(name, _)| *name == protocol) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.counts.push((protocol, 1)),
        }
    }

    fn keep(&mut self, message: Message) {
        let room = match self.keep {
            Some(Keep::All(most)) => most.max(HEAD),
            _ if message.body.is_essential() && self.head.len() < ESSENTIAL && self.budget.take() => ESSENTIAL,
            _ => HEAD,
        };
        if self.head.len() < room.saturating_add(self.notable) {
            self.head.push(message);
        } else if self.notable < NOTABLE && message.body.is_notable() {
            self.notable = self.notable.saturating_add(1);
            self.head.push(message);
        } else {
            if self.tail.len() >= TAIL {
                self.tail.pop_front();
            }
            self.tail.push_back(message);
        }
    }

    /// The messages that are kept, in order. `before` is what this gave the last time.
    fn messages(&self, mut before: Vec<Message>) -> Vec<Message> {
        let known = before.len();
        let same = |a: Option<&Message>, b: Option<&Message>| a.is_some() && a.map(|m| m.n) == b.map(|m| m.n);
        let holds = self.tail.is_empty()
            && same(before.first(), self.head.first())
            && same(before.last(), known.checked_sub(1).and_then(|last| self.head.get(last)));
        if holds {
            before.extend(self.head.iter().skip(known).cloned());
            return before;
        }
        let mut messages: Vec<Message> = self.head.iter().chain(&self.tail).cloned().collect();
        messages.sort_by_key(|m| m.n);
        messages
    }

    fn turn(&mut self, side: Side, first: Stamp, at: Stamp) {
        match (side, self.asked) {
            (Side::Client, _) => self.asked = Some(at),
            (Side::Server, Some(request)) => {
                self.asked = None;
                let turn = Turn { request, reply: first };
                let turns = &mut self.turns;
                turns.count = turns.count.saturating_add(1);
                turns.waited = turns.waited.saturating_add(turn.length().max(0));
                if turns.slowest.len() < SLOW_TURNS {
                    turns.slowest.push(turn);
                } else if let Some(fastest) = turns.slowest.iter_mut().min_by_key(|t| t.length())
                    && fastest.length() < turn.length()
                {
                    *fastest = turn;
                }
            }
            (Side::Server, None) => {}
        }
    }
}

/// Lets go of messages from before a time, but for the first ones. Says whether there were any.
pub(super) fn forget(messages: &mut Vec<Message>, before: Timestamp) -> bool {
    let count = messages.len();
    let mut index = 0_usize;
    messages.retain(|message| {
        index = index.saturating_add(1);
        index <= HEAD || message.at.time >= before
    });
    messages.len() < count
}

fn len(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
