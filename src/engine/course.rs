//! The bytes of both directions on their way to a dissector: finds it by the first bytes, feeds it in whatever chunks come,
//! and hands what it carries inside to a course of its own.

use super::feed::{Carried, Feed, len};
use super::log::Log;
use super::{DecodeAs, Options};
use crate::decrypt::{SecretStore, Session};
use crate::model::{PerSide, Side, Stamp};
use nrpcsniff_dissectors::{Dissector, Layer, PROTOCOLS, Part, Probe, Protocol, Verdict};

/// Bytes that may wait for the protocol to be told.
const UNDECIDED: usize = 4096;
/// Chunks after which a conversation without a beginning is given up.
const CHUNKS: u32 = 64;
/// Bytes that may wait for the rest of a message. A dissector that asks for more is told of a gap instead.
const PENDING: usize = 1 << 20;
/// Frames that are named of a message that spans several units of the carrying protocol.
const FRAMES: usize = 4096;

/// Both directions of one conversation, or of what another one carries.
pub(super) struct Course {
    state: State,
    pub feeds: PerSide<Feed>,
    ports: PerSide<u16>,
    roles_guessed: bool,
    /// The sides that the stream names are to be exchanged until it has been told.
    pub flipped: bool,
    /// Nothing was seen from the start: the first bytes need not be a beginning.
    midstream: bool,
    chunks: u32,
    /// It has given a message.
    told: bool,
    /// What the user says of the port.
    named: Option<&'static Protocol>,
    /// What TLS records may be opened with.
    secrets: SecretStore,
    /// What it carries, once it is known to carry something.
    inside: Option<Box<Inside>>,
    /// It is carried by another.
    is_inside: bool,
    /// What it spoke before it went on inside of what carries it now.
    plain: Option<&'static Protocol>,
}

/// What a conversation carries.
struct Inside {
    course: Course,
    /// Bytes seen or lost, by sender.
    offsets: PerSide<u64>,
}

enum State {
    Undecided,
    Chosen(&'static Protocol, Box<dyn Dissector>),
    Ignored,
}

impl Course {
    /// Nothing said yet between these ports.
    pub fn new(ports: PerSide<u16>, roles_guessed: bool, options: &Options, secrets: SecretStore) -> Self {
        let (state, named) = match options.decode_as(ports.server).or_else(|| options.decode_as(ports.client)) {
            Some(DecodeAs::Protocol(protocol)) => (State::Undecided, Some(protocol)),
            Some(DecodeAs::Nothing) => (State::Ignored, None),
            None => (State::Undecided, None),
        };
        Self {
            state,
            feeds: PerSide::default(),
            ports,
            roles_guessed,
            flipped: false,
            midstream: roles_guessed,
            chunks: 0,
            told: false,
            named,
            secrets,
            inside: None,
            is_inside: false,
            plain: None,
        }
    }

    /// No dissector wants it.
    pub fn is_ignored(&self) -> bool {
        matches!(self.state, State::Ignored)
    }

    /// The protocol of the outermost layer, if it was told.
    fn chosen(&self) -> Option<&'static Protocol> {
        match self.state {
            State::Chosen(protocol, _) => Some(protocol),
            _ => None,
        }
    }

    /// The protocol of the innermost layer that was told, and whether another one carries it: from its beginning, or from
    /// where it went on inside of the other one.
    pub fn protocol(&self) -> (Option<&'static Protocol>, bool) {
        match self.inside.as_ref().and_then(|inside| inside.course.chosen()) {
            Some(protocol) => (Some(protocol), true),
            None => (self.plain.or_else(|| self.chosen()), self.plain.is_some()),
        }
    }

    /// What became of the units of a protocol that carries another.
    pub fn layer(&self) -> Option<Layer> {
        match &self.state {
            State::Chosen(_, dissector) => dissector.layer(),
            _ => None,
        }
    }

    /// Bytes that wait for the rest of a message.
    pub fn pending_bytes(&self) -> usize {
        let inside = self.inside.as_ref().map_or(0, |inside| inside.course.pending_bytes());
        inside.saturating_add(self.feeds.client.pending.len()).saturating_add(self.feeds.server.pending.len())
    }

    /// Bytes that no message accounts for.
    pub fn undissected(&self) -> PerSide<u64> {
        let inside = self.inside.as_ref().map(|inside| inside.course.undissected()).unwrap_or_default();
        let sum = |side: Side| inside[side].saturating_add(self.feeds[side].undissected);
        PerSide { client: sum(Side::Client), server: sum(Side::Server) }
    }

    /// Lets go of the bytes that wait: there is no room. The messages they begin are told as far as they go.
    pub fn let_go(&mut self, log: &mut Log) {
        for side in [Side::Client, Side::Server] {
            if !self.feeds[side].pending.is_empty() {
                self.lose(side, 0, log);
            }
        }
        if let Some(inside) = &mut self.inside {
            inside.course.let_go(log);
        }
    }

    /// It is over: what is left over is offered to the dissector once more.
    pub fn finish(&mut self, log: &mut Log) {
        for side in [Side::Client, Side::Server] {
            let feed = &mut self.feeds[side];
            // A message of the carrying protocol may have begun in units that are done with.
            let begun = !feed.begun.is_empty();
            if let State::Chosen(_, dissector) = &mut self.state
                && (begun || !feed.pending.is_empty())
            {
                let pending = std::mem::take(&mut feed.pending);
                match dissector.end(side, &pending) {
                    Some(body) => add(log, side, feed, pending.len(), body),
                    None => feed.undissected = feed.undissected.saturating_add(len(pending.len())),
                }
            }
        }
        if let Some(inside) = &mut self.inside {
            inside.course.finish(log);
        }
    }

    /// Takes bytes of a side that stand at `offset` and were brought by these frames.
    pub fn bytes(&mut self, side: Side, offset: u64, bytes: &[u8], stamps: &[Stamp], log: &mut Log) {
        if self.is_ignored() {
            return;
        }
        let feed = &mut self.feeds[side];
        let (offset, bytes) = feed.pass_over(offset, bytes);
        if bytes.is_empty() {
            return;
        }
        if feed.pending.is_empty() {
            feed.start = offset;
            if let (State::Chosen(..), &[at]) = (&self.state, stamps) {
                let used = self.dissect(side, bytes, Some(at), log);
                if let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
                    let feed = &mut self.feeds[side];
                    feed.brought(offset, bytes.len(), stamps);
                    feed.keep(rest.to_vec(), used);
                }
                return;
            }
        }
        let feed = &mut self.feeds[side];
        feed.pending.extend_from_slice(bytes);
        feed.brought(offset, bytes.len(), stamps);
        match self.state {
            State::Undecided => self.decide(side, log),
            _ => self.dissect_pending(side, log),
        }
    }

    /// `length` bytes of a side at `offset` will not come.
    pub fn gap(&mut self, side: Side, offset: u64, length: u64, log: &mut Log) {
        let feed = &mut self.feeds[side];
        feed.undissected = feed.undissected.saturating_add(length);
        let skipped = length.min(feed.skip);
        if feed.skip != u64::MAX {
            feed.skip = feed.skip.saturating_sub(skipped);
        }
        if skipped < length {
            self.lose(side, length.saturating_sub(skipped), log);
        }
        self.feeds[side].start = offset.saturating_add(length);
    }

    /// Looks at the first bytes of `side`.
    fn decide(&mut self, side: Side, log: &mut Log) {
        let mut undecided = false;
        let candidates = PROTOCOLS.iter().copied().filter(|protocol| match self.named {
            // What the user named may travel in TLS.
            Some(_) => protocol.is_carrier() && !self.is_inside,
            None => !(protocol.is_carrier() && self.is_inside),
        });
        for protocol in candidates {
            for from in [side, side.peer()] {
                if from != side && !self.roles_guessed {
                    continue;
                }
                let server = if from == side { self.ports.server } else { self.ports.client };
                let usual = self.is_usual(protocol, server);
                match (protocol.probe)(from, &self.feeds[side].pending, usual) {
                    Probe::Yes => return self.choose(protocol, from != side, log),
                    Probe::Need(_) => undecided = true,
                    Probe::No => {}
                }
            }
        }
        let waiting = self.feeds.client.pending.len().saturating_add(self.feeds.server.pending.len());
        if undecided && waiting <= UNDECIDED {
            return;
        }
        if let Some(protocol) = self.named {
            return self.choose(protocol, false, log);
        }
        self.chunks = self.chunks.saturating_add(1);
        self.feeds[side].drop_pending();
        let usual = PROTOCOLS.iter().any(|p| self.is_usual(p, self.ports.server));
        if !(self.midstream && usual) || self.chunks > CHUNKS {
            self.state = State::Ignored;
        }
    }

    /// Is that a port of that protocol, here?
    fn is_usual(&self, protocol: &Protocol, port: u16) -> bool {
        let ports = if self.is_inside { protocol.tls_ports } else { protocol.tcp_ports };
        ports.contains(&port)
    }

    fn choose(&mut self, protocol: &'static Protocol, flip: bool, log: &mut Log) {
        if flip {
            self.flipped = !self.flipped;
            self.feeds = std::mem::take(&mut self.feeds).swapped();
            self.ports = self.ports.swapped();
        }
        let mut dissector = self.dissector(protocol);
        if self.midstream {
            dissector.midstream();
        }
        if dissector.layer().is_some() {
            self.inside = Some(Box::new(self.inside(protocol)));
        }
        self.state = State::Chosen(protocol, dissector);
        for side in [Side::Client, Side::Server] {
            self.dissect_pending(side, log);
        }
    }

    /// A dissector of that protocol; of one that carries another one that opens what it can.
    fn dissector(&self, protocol: &'static Protocol) -> Box<dyn Dissector> {
        match protocol.opened_by {
            Some(opened_by) => opened_by(Box::new(Session::new(self.secrets.clone()))),
            None => (protocol.stream)(),
        }
    }

    /// What that protocol will carry here.
    fn inside(&self, protocol: &'static Protocol) -> Inside {
        let course = Self {
            state: State::Undecided,
            feeds: PerSide::default(),
            ports: self.ports,
            roles_guessed: false,
            flipped: false,
            midstream: false,
            chunks: 0,
            told: false,
            named: self.named.filter(|named| *named != protocol),
            secrets: SecretStore::default(),
            inside: None,
            is_inside: true,
            plain: None,
        };
        Inside { course, offsets: PerSide::default() }
    }

    /// From here on `carrier` carries the conversation: what is inside of it is of the protocol that was spoken so far.
    fn go_on_in(&mut self, carrier: &'static Protocol) {
        self.plain = self.chosen();
        self.named = self.plain;
        self.inside = Some(Box::new(self.inside(carrier)));
        self.state = State::Chosen(carrier, self.dissector(carrier));
    }

    /// Asks the dissector about the pending bytes of a side.
    fn dissect_pending(&mut self, side: Side, log: &mut Log) {
        let feed = &mut self.feeds[side];
        if feed.pending.is_empty() || feed.pending.len() < feed.need {
            return;
        }
        let mut pending = std::mem::take(&mut feed.pending);
        let used = self.dissect(side, &pending, None, log);
        pending.drain(..used);
        self.feeds[side].keep(pending, used);
    }

    /// `missing` bytes behind the pending ones will not come, and the pending ones go as well.
    fn lose(&mut self, side: Side, missing: u64, log: &mut Log) {
        let feed = &mut self.feeds[side];
        match &mut self.state {
            State::Undecided => self.midstream = true,
            State::Chosen(_, dissector) => {
                let pending = std::mem::take(&mut feed.pending);
                match dissector.gap(side, &pending, missing) {
                    Some(body) => add(log, side, feed, pending.len(), body),
                    None => feed.undissected = feed.undissected.saturating_add(len(pending.len())),
                }
            }
            State::Ignored => {}
        }
        feed.begun.clear();
        feed.drop_pending();
    }

    /// Offers `input` to the dissector until it asks for more; gives the number of bytes that are done with.
    /// `whole` is the frame that carried all of `input`, if one did.
    fn dissect(&mut self, side: Side, input: &[u8], whole: Option<Stamp>, log: &mut Log) -> usize {
        let mut used = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            let State::Chosen(_, dissector) = &mut self.state else { return input.len() };
            let feed = &mut self.feeds[side];
            match dissector.next(side, rest) {
                Verdict::Message { used: length, message } => {
                    let length = length.clamp(1, rest.len());
                    let carried = whole.map_or_else(|| feed.stamps(used, length).as_slice().into(), Carried::from);
                    log.add(side, feed.start.saturating_add(len(used)), length, carried, message);
                    self.told = true;
                    used = used.saturating_add(length);
                }
                Verdict::Layer { used: length, parts, open } => {
                    let length = length.clamp(1, rest.len());
                    let stamps = whole.map_or_else(|| feed.stamps(used, length), |at| vec![at]);
                    let offset = feed.start.saturating_add(len(used));
                    self.unit(side, (offset, length), &stamps, (parts, open), log);
                    used = used.saturating_add(length);
                }
                Verdict::Need { total } if total <= PENDING => {
                    feed.need = total;
                    return used;
                }
                Verdict::Need { total } => {
                    if let Some(message) = dissector.gap(side, rest, 0) {
                        let carried =
                            whole.map_or_else(|| feed.stamps(used, rest.len()).as_slice().into(), Carried::from);
                        log.add(side, feed.start.saturating_add(len(used)), rest.len(), carried, message);
                        self.told = true;
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
                Verdict::Becomes(carrier) if self.plain.is_none() && !self.is_inside => self.go_on_in(carrier),
                Verdict::Becomes(_) | Verdict::NotMine => {
                    if self.told {
                        feed.skip = u64::MAX;
                        feed.undissected = feed.undissected.saturating_add(len(rest.len()));
                    } else {
                        self.state = State::Ignored;
                    }
                    return input.len();
                }
            }
        }
        self.feeds[side].need = 0;
        used
    }

    /// Takes what a unit of a carrying protocol came to.
    fn unit(
        &mut self,
        side: Side,
        (offset, length): (u64, usize),
        stamps: &[Stamp],
        (parts, open): (Vec<Part>, bool),
        log: &mut Log,
    ) {
        let mut begun = std::mem::take(&mut self.feeds[side].begun);
        for part in parts {
            match part {
                Part::Message(message) => {
                    begun.extend_from_slice(stamps);
                    log.add(side, offset, length, begun.as_slice().into(), message);
                    self.told = true;
                    begun.clear();
                }
                Part::Inner(bytes) => self.carry(side, Ok(&bytes), stamps, log),
                Part::Lost(bytes) => self.carry(side, Err(bytes), stamps, log),
            }
        }
        if open && begun.len() < FRAMES {
            begun.extend_from_slice(stamps);
        }
        self.feeds[side].begun = if open { begun } else { Vec::new() };
    }

    /// Hands on what was inside: bytes, or how many of them are lost.
    fn carry(&mut self, side: Side, what: Result<&[u8], u64>, stamps: &[Stamp], log: &mut Log) {
        let Some(inside) = &mut self.inside else { return };
        let offset = inside.offsets[side];
        let length = match what {
            Ok(bytes) => {
                inside.course.bytes(side, offset, bytes, stamps, log);
                len(bytes.len())
            }
            Err(lost) => {
                inside.course.gap(side, offset, lost, log);
                lost
            }
        };
        inside.offsets[side] = offset.saturating_add(length);
    }
}

/// A message that is not whole: what is pending, and what began in units before.
fn add(log: &mut Log, side: Side, feed: &mut Feed, length: usize, body: nrpcsniff_dissectors::Message) {
    let mut stamps = std::mem::take(&mut feed.begun);
    stamps.extend(feed.stamps(0, length));
    log.add(side, feed.start, length, stamps.as_slice().into(), body);
}
