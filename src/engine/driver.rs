//! The bytes of both directions on their way to a dissector: finds it by the first bytes, feeds it in whatever chunks come,
//! and hands what that protocol carries inside (HTTP in TLS) to a driver of its own.

use super::buffer::{DirectionBuffer, MessageFrames, len};
use super::log::MessageLog;
use super::{DecodeAs, Options};
use crate::decrypt::{SecretStore, Session};
use crate::model::{PerSide, Side, Stamp};
use nrpcsniff_dissectors::socks::{self, Negotiation, Passage};
use nrpcsniff_dissectors::{Dissector, Layer, PROTOCOLS, Part, Probe, Protocol, Verdict};

/// Bytes that may wait for the protocol to be told.
const UNDECIDED: usize = 4096;
/// Chunks in a row that are looked at on an unusual port where the beginning is missing. What one side goes on to say behind them
/// is passed over until the other one speaks: a message begins there sooner than elsewhere.
const CHUNKS: u32 = 64;
/// Chunks in all that are looked at on an unusual port where the beginning is missing.
const LOOKS: u32 = 4096;
/// Bytes that may wait for the rest of a message. A dissector that asks for more is told of a gap instead.
const PENDING: usize = 1 << 20;
/// Frames that are named of a message that spans several units of the carrying protocol.
const FRAMES: usize = 4096;

/// Both directions of one conversation, or of what another one carries.
pub(super) struct DissectorDriver {
    state: DriverState,
    pub buffers: PerSide<DirectionBuffer>,
    ports: PerSide<u16>,
    roles_guessed: bool,
    /// The sides that the stream names are to be exchanged until it has been told.
    pub flipped: bool,
    /// Nothing was seen from the start: the first bytes need not be a beginning.
    midstream: bool,
    /// Chunks that told nothing: in all, and since the other side spoke; the latter on an unusual port.
    looks: u32,
    chunks: u32,
    /// Who spoke last, while nothing is told.
    speaker: Option<Side>,
    /// What both sides agree with a SOCKS proxy, while one of them has not said all of it.
    proxy: Option<Negotiation>,
    /// A dissector has given a message.
    has_message: bool,
    /// The protocol that the user named for the port.
    decode_as: Option<&'static Protocol>,
    /// Secrets that may open TLS records.
    secrets: SecretStore,
    /// The protocol inside, once this one is known to carry another.
    inner: Option<Box<InnerLayer>>,
    /// Another protocol carries this one.
    is_inner: bool,
    /// The protocol that was spoken in clear, before the conversation went on inside of the one that carries it now.
    upgraded_from: Option<&'static Protocol>,
}

/// The protocol that another one carries.
struct InnerLayer {
    driver: DissectorDriver,
    /// Bytes seen or lost, by sender.
    offsets: PerSide<u64>,
}

enum DriverState {
    Undecided,
    Chosen(&'static Protocol, Box<dyn Dissector>),
    Ignored,
}

impl DissectorDriver {
    /// Nothing said yet between these ports.
    pub(super) fn new(ports: PerSide<u16>, roles_guessed: bool, options: &Options, secrets: SecretStore) -> Self {
        let (state, named) = match options.decode_as(ports.server).or_else(|| options.decode_as(ports.client)) {
            Some(DecodeAs::Protocol(protocol)) => (DriverState::Undecided, Some(protocol)),
            Some(DecodeAs::Nothing) => (DriverState::Ignored, None),
            None => (DriverState::Undecided, None),
        };
        Self {
            state,
            buffers: PerSide::default(),
            ports,
            roles_guessed,
            flipped: false,
            midstream: roles_guessed,
            looks: 0,
            chunks: 0,
            speaker: None,
            proxy: None,
            has_message: false,
            decode_as: named,
            secrets,
            inner: None,
            is_inner: false,
            upgraded_from: None,
        }
    }

    /// No dissector wants it.
    pub(super) fn is_ignored(&self) -> bool {
        matches!(self.state, DriverState::Ignored)
    }

    /// The protocol of the outermost layer, if it was told.
    fn chosen(&self) -> Option<&'static Protocol> {
        match self.state {
            DriverState::Chosen(protocol, _) => Some(protocol),
            _ => None,
        }
    }

    /// The protocol of the innermost layer that was told, and whether another one carries it: from its beginning, or from
    /// where it went on inside of the other one.
    pub(super) fn protocol(&self) -> (Option<&'static Protocol>, bool) {
        match self.inner.as_ref().and_then(|inner| inner.driver.chosen()) {
            Some(protocol) => (Some(protocol), true),
            None => (self.upgraded_from.or_else(|| self.chosen()), self.upgraded_from.is_some()),
        }
    }

    /// What became of the units of a protocol that carries another.
    pub(super) fn tls_layer(&self) -> Option<Layer> {
        match &self.state {
            DriverState::Chosen(_, dissector) => dissector.layer(),
            _ => None,
        }
    }

    /// Bytes that wait for the rest of a message.
    pub(super) fn pending_bytes(&self) -> usize {
        let inner = self.inner.as_ref().map_or(0, |inner| inner.driver.pending_bytes());
        inner.saturating_add(self.buffers.client.pending.len()).saturating_add(self.buffers.server.pending.len())
    }

    /// Bytes that no message accounts for.
    pub(super) fn undissected(&self) -> PerSide<u64> {
        let inner = self.inner.as_ref().map(|inner| inner.driver.undissected()).unwrap_or_default();
        let sum = |side: Side| inner[side].saturating_add(self.buffers[side].undissected);
        PerSide { client: sum(Side::Client), server: sum(Side::Server) }
    }

    /// Lets go of the bytes that wait: there is no room. The messages they begin are told as far as they go.
    pub(super) fn let_go(&mut self, log: &mut MessageLog) {
        for side in [Side::Client, Side::Server] {
            if !self.buffers[side].pending.is_empty() {
                self.lose(side, 0, log);
            }
        }
        if let Some(inner) = &mut self.inner {
            inner.driver.let_go(log);
        }
    }

    /// It is over: what is left over is offered to the dissector once more.
    pub(super) fn finish(&mut self, log: &mut MessageLog) {
        for side in [Side::Client, Side::Server] {
            let buffer = &mut self.buffers[side];
            // A message of the carrying protocol may have begun in units that are done with.
            let earlier = !buffer.earlier_frames.is_empty();
            if let DriverState::Chosen(_, dissector) = &mut self.state
                && (earlier || !buffer.pending.is_empty())
            {
                let pending = std::mem::take(&mut buffer.pending);
                match dissector.end(side, &pending) {
                    Some(body) => add_incomplete(log, side, buffer, pending.len(), body),
                    None => buffer.undissected = buffer.undissected.saturating_add(len(pending.len())),
                }
            }
        }
        if let Some(inner) = &mut self.inner {
            inner.driver.finish(log);
        }
    }

    /// Takes bytes of a side that stand at `offset` and were brought by these frames. What one frame brings whole is
    /// offered as it lies there, without a copy, because most messages fit into one frame.
    pub(super) fn bytes(&mut self, side: Side, offset: u64, bytes: &[u8], stamps: &[Stamp], log: &mut MessageLog) {
        if self.is_ignored() {
            return;
        }
        let buffer = &mut self.buffers[side];
        let (offset, bytes) = buffer.skip_bytes(offset, bytes);
        if bytes.is_empty() {
            return;
        }
        if buffer.pending.is_empty() {
            buffer.start = offset;
            if let (DriverState::Chosen(..), &[at]) = (&self.state, stamps) {
                let used = self.dissect(side, bytes, Some(at), log);
                if let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
                    let buffer = &mut self.buffers[side];
                    buffer.note_frames(offset, bytes.len(), stamps);
                    buffer.advance(rest.to_vec(), used);
                }
                return;
            }
        }
        if matches!(self.state, DriverState::Undecided) && !self.listens(side, offset) {
            let buffer = &mut self.buffers[side];
            buffer.undissected = buffer.undissected.saturating_add(len(bytes.len()));
            return;
        }
        let buffer = &mut self.buffers[side];
        buffer.pending.extend_from_slice(bytes);
        buffer.note_frames(offset, bytes.len(), stamps);
        match self.state {
            DriverState::Undecided => self.undecided(side, log),
            _ => self.dissect_pending(side, log),
        }
    }

    /// `length` bytes of a side at `offset` will not come.
    pub(super) fn gap(&mut self, side: Side, offset: u64, length: u64, log: &mut MessageLog) {
        let buffer = &mut self.buffers[side];
        buffer.undissected = buffer.undissected.saturating_add(length);
        let skipped = length.min(buffer.skip);
        if buffer.skip != u64::MAX {
            buffer.skip = buffer.skip.saturating_sub(skipped);
        }
        if skipped < length {
            self.lose(side, length.saturating_sub(skipped), log);
        }
        self.buffers[side].start = offset.saturating_add(length);
    }

    /// Passes over what is agreed with a proxy, and looks at the first bytes behind it.
    fn undecided(&mut self, side: Side, log: &mut MessageLog) {
        if self.proxy.is_none() && side == Side::Server && !self.midstream {
            self.proxy = Negotiation::begun(&self.buffers.client.pending, &self.buffers.server.pending);
            if self.proxy.is_some() {
                self.negotiate(Side::Client);
            }
        }
        if self.negotiate(side) && !self.buffers[side].pending.is_empty() {
            self.decide(side, log);
        }
    }

    /// Passes over what a side says to a proxy. True where it speaks to the server itself.
    fn negotiate(&mut self, side: Side) -> bool {
        let Some(proxy) = &mut self.proxy else { return true };
        let buffer = &mut self.buffers[side];
        while !buffer.pending.is_empty() {
            match proxy.next(side, &buffer.pending) {
                Passage::Over(used) => {
                    let rest = buffer.pending.split_off(used.min(buffer.pending.len()));
                    buffer.undissected = buffer.undissected.saturating_add(len(used));
                    buffer.advance(rest, used);
                }
                Passage::Need => return false,
                Passage::Done => return true,
                Passage::No => {
                    self.state = DriverState::Ignored;
                    return false;
                }
            }
        }
        false
    }

    /// Looks at the first bytes of `side`.
    fn decide(&mut self, side: Side, log: &mut MessageLog) {
        let mut undecided = false;
        let candidates = PROTOCOLS.iter().copied().filter(|protocol| match self.decode_as {
            // What the user named may travel in TLS.
            Some(_) => protocol.is_carrier() && !self.is_inner,
            None => !(protocol.is_carrier() && self.is_inner),
        });
        for protocol in candidates {
            for from in [side, side.peer()] {
                if from != side && !self.roles_guessed {
                    continue;
                }
                let server = if from == side { self.ports.server } else { self.ports.client };
                let usual = self.is_usual(protocol, server);
                match (protocol.probe)(from, &self.buffers[side].pending, usual) {
                    Probe::Yes => return self.choose(protocol, from != side, log),
                    Probe::Need(_) => undecided = true,
                    Probe::No => {}
                }
            }
        }
        let waiting = self.buffers.client.pending.len().saturating_add(self.buffers.server.pending.len());
        if undecided && waiting <= UNDECIDED {
            return;
        }
        if let Some(protocol) = self.decode_as {
            return self.choose(protocol, false, log);
        }
        if side == Side::Client
            && self.proxy.is_none()
            && !self.midstream
            && socks::may_begin(&self.buffers[side].pending)
        {
            return;
        }
        self.buffers[side].drop_pending();
        if !self.midstream || self.is_hopeless() {
            self.state = DriverState::Ignored;
        }
    }

    /// Nothing was told of a conversation whose beginning is missing. On a usual port the next message may come at any time: a
    /// body, or silence with keep-alives, may last as long as it likes.
    fn is_hopeless(&mut self) -> bool {
        self.looks = self.looks.saturating_add(1);
        if PROTOCOLS.iter().any(|protocol| self.is_usual(protocol, self.ports.server)) {
            return false;
        }
        self.chunks = self.chunks.saturating_add(1);
        self.looks > LOOKS
    }

    /// Where the beginning is missing, a message is sought where somebody begins to speak: the rest of one, which was taken for a
    /// beginning and goes no further, is no part of what comes then. Line ends and single bytes with the top bit set keep a
    /// connection alive and may stand in front of a message. False where what this side goes on to say is not looked at.
    fn listens(&mut self, side: Side, offset: u64) -> bool {
        if self.speaker.replace(side) == Some(side) {
            return self.chunks <= CHUNKS;
        }
        self.chunks = 0;
        let buffer = &mut self.buffers[side];
        let keeps_alive = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0x80..);
        if self.midstream && !buffer.pending.iter().all(keeps_alive) {
            buffer.drop_pending();
            buffer.start = offset;
        }
        true
    }

    /// What waits goes no further, for its frame was cut: it may tell the protocol all the same.
    fn decide_cut(&mut self, side: Side) {
        let pending = &self.buffers[side].pending;
        let tells = |protocol: &&Protocol| !protocol.is_carrier() && (protocol.cut_probe)(side, pending);
        if let Some(protocol) = PROTOCOLS.iter().copied().find(tells).filter(|_| self.decode_as.is_none()) {
            self.choose_cut(protocol);
        }
    }

    /// Its dissector is told next that the rest is missing.
    fn choose_cut(&mut self, protocol: &'static Protocol) {
        let mut dissector = self.dissector(protocol);
        if self.midstream {
            dissector.midstream();
        }
        self.state = DriverState::Chosen(protocol, dissector);
    }

    /// Is that a port of that protocol, here?
    fn is_usual(&self, protocol: &Protocol, port: u16) -> bool {
        let ports = if self.is_inner { protocol.tls_ports } else { protocol.tcp_ports };
        ports.contains(&port)
    }

    fn choose(&mut self, protocol: &'static Protocol, flip: bool, log: &mut MessageLog) {
        if flip {
            self.flipped = !self.flipped;
            self.buffers = std::mem::take(&mut self.buffers).swapped();
            self.ports = self.ports.swapped();
        }
        let mut dissector = self.dissector(protocol);
        if self.midstream {
            dissector.midstream();
        }
        if dissector.layer().is_some() {
            self.inner = Some(Box::new(self.inner_layer(protocol)));
        }
        self.state = DriverState::Chosen(protocol, dissector);
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

    /// A driver for what that protocol will carry here.
    fn inner_layer(&self, protocol: &'static Protocol) -> InnerLayer {
        let driver = Self {
            state: DriverState::Undecided,
            buffers: PerSide::default(),
            ports: self.ports,
            roles_guessed: false,
            flipped: false,
            midstream: false,
            looks: 0,
            chunks: 0,
            speaker: None,
            proxy: None,
            has_message: false,
            decode_as: self.decode_as.filter(|named| *named != protocol),
            secrets: SecretStore::default(),
            inner: None,
            is_inner: true,
            upgraded_from: None,
        };
        InnerLayer { driver, offsets: PerSide::default() }
    }

    /// From here on `carrier` carries the conversation: what is inside of it is of the protocol that was spoken so far.
    fn upgrade_to(&mut self, carrier: &'static Protocol) {
        self.upgraded_from = self.chosen();
        self.decode_as = self.upgraded_from;
        self.inner = Some(Box::new(self.inner_layer(carrier)));
        self.state = DriverState::Chosen(carrier, self.dissector(carrier));
    }

    /// Asks the dissector about the pending bytes of a side.
    fn dissect_pending(&mut self, side: Side, log: &mut MessageLog) {
        let buffer = &mut self.buffers[side];
        if buffer.pending.is_empty() || buffer.pending.len() < buffer.need {
            return;
        }
        let mut pending = std::mem::take(&mut buffer.pending);
        let used = self.dissect(side, &pending, None, log);
        pending.drain(..used);
        self.buffers[side].advance(pending, used);
    }

    /// `missing` bytes behind the pending ones will not come, and the pending ones go as well.
    fn lose(&mut self, side: Side, missing: u64, log: &mut MessageLog) {
        if matches!(self.state, DriverState::Undecided) {
            self.decide_cut(side);
            self.midstream = true;
        }
        let buffer = &mut self.buffers[side];
        match &mut self.state {
            DriverState::Undecided | DriverState::Ignored => {}
            DriverState::Chosen(_, dissector) => {
                let pending = std::mem::take(&mut buffer.pending);
                match dissector.gap(side, &pending, missing) {
                    Some(body) => add_incomplete(log, side, buffer, pending.len(), body),
                    None => buffer.undissected = buffer.undissected.saturating_add(len(pending.len())),
                }
            }
        }
        buffer.earlier_frames.clear();
        buffer.drop_pending();
    }

    /// Offers `input` to the dissector until it asks for more; gives the number of bytes that are done with. `whole` is
    /// the frame that carried all of `input`, if one did. A dissector that asks for more than memory may hold is told
    /// of a gap instead, so that a length from the wire never decides over memory.
    fn dissect(&mut self, side: Side, input: &[u8], whole: Option<Stamp>, log: &mut MessageLog) -> usize {
        let mut used = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            let DriverState::Chosen(_, dissector) = &mut self.state else { return input.len() };
            let buffer = &mut self.buffers[side];
            match dissector.next(side, rest) {
                Verdict::Message { used: length, message } => {
                    let length = length.clamp(1, rest.len());
                    let carried =
                        whole.map_or_else(|| buffer.stamps(used, length).as_slice().into(), MessageFrames::from);
                    log.add(side, buffer.start.saturating_add(len(used)), length, carried, message);
                    self.has_message = true;
                    used = used.saturating_add(length);
                }
                Verdict::Layer { used: length, parts, open } => {
                    let length = length.clamp(1, rest.len());
                    let stamps = whole.map_or_else(|| buffer.stamps(used, length), |at| vec![at]);
                    let offset = buffer.start.saturating_add(len(used));
                    self.carrier_unit(side, (offset, length), &stamps, (parts, open), log);
                    used = used.saturating_add(length);
                }
                Verdict::Need { total } if total <= PENDING => {
                    buffer.need = total;
                    return used;
                }
                Verdict::Need { total } => {
                    if let Some(message) = dissector.gap(side, rest, 0) {
                        let carried = whole
                            .map_or_else(|| buffer.stamps(used, rest.len()).as_slice().into(), MessageFrames::from);
                        log.add(side, buffer.start.saturating_add(len(used)), rest.len(), carried, message);
                        self.has_message = true;
                    }
                    buffer.skip = len(total.saturating_sub(rest.len()));
                    used = input.len();
                }
                Verdict::Skip { bytes } => {
                    let here = usize::try_from(bytes).unwrap_or(usize::MAX).min(rest.len());
                    buffer.skip = bytes.saturating_sub(len(here));
                    buffer.undissected = buffer.undissected.saturating_add(len(here));
                    used = used.saturating_add(here);
                }
                Verdict::Becomes(carrier) if self.upgraded_from.is_none() && !self.is_inner => self.upgrade_to(carrier),
                Verdict::Becomes(_) | Verdict::NotMine => {
                    if self.has_message {
                        buffer.skip = u64::MAX;
                        buffer.undissected = buffer.undissected.saturating_add(len(rest.len()));
                    } else {
                        self.state = DriverState::Ignored;
                    }
                    return input.len();
                }
            }
        }
        self.buffers[side].need = 0;
        used
    }

    /// Takes what a unit of a carrying protocol came to. Frames of earlier units count as carriers, since a message may
    /// span several units.
    fn carrier_unit(
        &mut self,
        side: Side,
        (offset, length): (u64, usize),
        stamps: &[Stamp],
        (parts, open): (Vec<Part>, bool),
        log: &mut MessageLog,
    ) {
        let mut earlier = std::mem::take(&mut self.buffers[side].earlier_frames);
        for part in parts {
            match part {
                Part::Message(message) => {
                    earlier.extend_from_slice(stamps);
                    log.add(side, offset, length, earlier.as_slice().into(), message);
                    self.has_message = true;
                    earlier.clear();
                }
                Part::Inner(bytes) => self.feed_inner(side, Ok(&bytes), stamps, log),
                Part::Lost(bytes) => self.feed_inner(side, Err(bytes), stamps, log),
            }
        }
        if open && earlier.len() < FRAMES {
            earlier.extend_from_slice(stamps);
        }
        self.buffers[side].earlier_frames = if open { earlier } else { Vec::new() };
    }

    /// Hands on what was inside: bytes, or how many of them are lost.
    fn feed_inner(&mut self, side: Side, what: Result<&[u8], u64>, stamps: &[Stamp], log: &mut MessageLog) {
        let Some(inner) = &mut self.inner else { return };
        let offset = inner.offsets[side];
        let length = match what {
            Ok(bytes) => {
                inner.driver.bytes(side, offset, bytes, stamps, log);
                len(bytes.len())
            }
            Err(lost) => {
                inner.driver.gap(side, offset, lost, log);
                lost
            }
        };
        inner.offsets[side] = offset.saturating_add(length);
    }
}

/// A message that is not whole: what is pending, and what began in units before.
fn add_incomplete(
    log: &mut MessageLog,
    side: Side,
    buffer: &mut DirectionBuffer,
    length: usize,
    body: nrpcsniff_dissectors::Message,
) {
    let mut stamps = std::mem::take(&mut buffer.earlier_frames);
    stamps.extend(buffer.stamps(0, length));
    log.add(side, buffer.start, length, stamps.as_slice().into(), body);
}
