//! One TCP connection: who opened it, what each side sent and acknowledged, how it ended.

mod closing;
mod conclusion;
mod receiver;

use super::details::{DataSegment, Details};
use super::sequence;
use super::teardown::TeardownTracker;
use super::{Limits, Sink};
use crate::model::{ConversationId, Endpoint, IdleGap, PerSide, Side, Stamp};
use crate::model::{Segment, flags};

/// SYNs kept of one connection.
const SYNS: usize = 16;
/// Sequence numbers further away than this from what is expected belong to nothing that was seen (half the window
/// that window scaling allows, RFC 7323 2.2).
const PLAUSIBLE: i64 = 1 << 29;

/// One TCP connection.
#[derive(Debug)]
pub struct Connection {
    /// Number in the order of creation: Wireshark's `tcp.stream`.
    pub stream: u32,
    client: Endpoint,
    server: Endpoint,
    roles_guessed: bool,
    first: Stamp,
    last: Stamp,
    directions: PerSide<Direction>,
    syns: Vec<Stamp>,
    syn_data: u32,
    syn_ack: Option<Stamp>,
    ack: Option<Stamp>,
    refused: bool,
    /// Somebody spoke after the SYN: it was answered, whether the capture shows the answer or not.
    went_on: bool,
    closing: TeardownTracker,
    details: Option<Box<Details>>,
}

/// One direction.
#[derive(Debug, Default, Clone, Copy)]
struct Direction {
    /// Sequence number of the first byte of the stream, once known.
    base: Option<u32>,
    /// The first byte by another SYN-ACK (a server with SYN cookies may offer several); the client acknowledges the one that
    /// counts.
    other_base: Option<u32>,
    /// End of what was sent, as an offset.
    highest: u64,
    /// What the peer has acknowledged, as an offset (a FIN counts one).
    acknowledged: u64,
    packets: u64,
    /// Bytes sent, each counted once.
    bytes: u64,
    ttl: Option<(u8, u8)>,
    /// It sent something beside a first SYN.
    spoke: bool,
    mss: Option<u16>,
    /// None without a SYN.
    window_scale: Option<u8>,
    window: u16,
    last_id: Option<u16>,
}

/// What is left of a connection that is over: enough to tell its late packets from a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    client: Endpoint,
    bases: PerSide<Option<u32>>,
    /// Where the conversation is kept in the report, if it is.
    pub kept: Option<ConversationId>,
}

impl Tombstone {
    /// Does this segment open another connection on the same addresses and ports? As Wireshark decides: it is a SYN
    /// without ACK, and its sequence number is not the one that this side began with.
    pub fn is_reopened_by(&self, segment: &Segment<'_>) -> bool {
        segment.flags & (flags::SYN | flags::ACK) == flags::SYN
            && self.bases[self.side_of(segment)].is_some_and(|base| base.wrapping_sub(1) != segment.sequence)
    }

    /// The side that sent a segment.
    pub fn side_of(&self, segment: &Segment<'_>) -> Side {
        let source = Endpoint { ip: segment.ip.source, port: segment.source_port };
        if source == self.client { Side::Client } else { Side::Server }
    }
}

impl Connection {
    /// A connection that begins with this segment. `port_is_server` says of a port that it is a usual server's;
    /// it decides who is who where no SYN does. Of two others the higher is the client's, because systems take the ports of their own
    /// calls from above.
    pub fn new(stream: u32, segment: &Segment<'_>, at: Stamp, port_is_server: impl Fn(u16) -> bool) -> Self {
        let source = Endpoint { ip: segment.ip.source, port: segment.source_port };
        let destination = Endpoint { ip: segment.ip.destination, port: segment.destination_port };
        let syn = segment.flags & flags::SYN != 0;
        let from_client = match (syn, segment.flags & flags::ACK != 0) {
            (true, ack) => !ack,
            (false, _) => match (port_is_server(source.port), port_is_server(destination.port)) {
                (true, false) => false,
                (false, true) => true,
                _ => source.port >= destination.port,
            },
        };
        let (client, server) = if from_client { (source, destination) } else { (destination, source) };
        Self {
            stream,
            client,
            server,
            roles_guessed: !syn,
            first: at,
            last: at,
            directions: PerSide::default(),
            syns: Vec::new(),
            syn_data: 0,
            syn_ack: None,
            ack: None,
            refused: false,
            went_on: false,
            closing: TeardownTracker::default(),
            details: None,
        }
    }

    /// Notes details from here on: this connection may matter.
    pub fn watch(&mut self) {
        self.details.get_or_insert_default();
    }

    /// No more details: this connection does not matter.
    pub fn ignore(&mut self) {
        self.details = None;
    }

    /// True while details are noted.
    pub fn is_watched(&self) -> bool {
        self.details.is_some()
    }

    /// The side that sent a segment from `source`.
    pub fn side_of(&self, source: Endpoint) -> Side {
        if source == self.client { Side::Client } else { Side::Server }
    }

    /// The client's endpoint.
    pub fn client(&self) -> Endpoint {
        self.client
    }

    /// The server's endpoint.
    pub fn server(&self) -> Endpoint {
        self.server
    }

    /// First frame.
    pub fn first(&self) -> Stamp {
        self.first
    }

    /// Last frame.
    pub fn last(&self) -> Stamp {
        self.last
    }

    /// First RST that refused it, or FIN or RST that ended it.
    pub fn closed_at(&self) -> Option<Stamp> {
        self.closing.verdict().at
    }

    /// First SYN-ACK.
    pub fn syn_ack(&self) -> Option<Stamp> {
        self.syn_ack
    }

    /// Nothing that follows can tell more of how it began.
    pub fn is_opened(&self) -> bool {
        self.syn_ack.is_some() || self.roles_guessed
    }

    /// Nobody's SYN was seen.
    pub fn roles_guessed(&self) -> bool {
        self.roles_guessed
    }

    /// Nothing more is to come. A refused connection goes on for as long as its SYN is repeated.
    pub fn is_over(&self) -> bool {
        !self.refused && self.closing.is_over()
    }

    /// It was reset, as far as can be told.
    pub fn is_reset(&self) -> bool {
        self.closing.is_reset()
    }

    /// A FIN or RST was seen.
    pub fn is_closing(&self) -> bool {
        self.closing.has_begun()
    }

    /// What is left of it when it is over.
    pub fn tombstone(&self) -> Tombstone {
        let bases = PerSide { client: self.directions.client.base, server: self.directions.server.base };
        Tombstone { client: self.client, bases, kept: None }
    }

    /// Does this segment open another connection on the same addresses and ports?
    pub fn is_reopened_by(&self, segment: &Segment<'_>) -> bool {
        self.tombstone().is_reopened_by(segment)
    }

    /// True if the data of this segment are the first bytes of their direction, and can be judged as they are.
    pub fn begins_stream(&self, segment: &Segment<'_>) -> bool {
        let direction = &self.directions[self.side_of(Endpoint { ip: segment.ip.source, port: segment.source_port })];
        segment.flags & (flags::SYN | flags::RST) == 0
            && !segment.payload.is_empty()
            && direction.highest == 0
            && direction.base.is_none_or(|base| base == segment.sequence)
    }

    /// Takes the next segment of this connection. `checksum` is false if the TCP checksum is known to be wrong,
    /// `known_ttl` what other connections show of the sender.
    pub fn segment(
        &mut self,
        segment: &Segment<'_>,
        at: Stamp,
        checksum: Option<bool>,
        known_ttl: Option<(u8, u8)>,
        limits: &Limits,
        sink: &mut impl Sink,
    ) {
        let from = self.side_of(Endpoint { ip: segment.ip.source, port: segment.source_port });
        let direction = &mut self.directions[from];
        direction.packets = direction.packets.saturating_add(1);
        let is_damaged = checksum == Some(false) && self.has_right_checksums(from);
        if self.is_set_aside(from, segment, at, checksum, limits, sink)
            || self.is_copy(from, segment, at)
            || self.is_leftover(from, segment)
        {
            self.last = if at.time < self.last.time { self.last } else { at };
            return;
        }
        self.note_bases(from, segment);
        if segment.flags & flags::SYN != 0 {
            self.syn(from, segment, at);
        } else if self.ack.is_none() && from == Side::Client && self.syn_ack.is_some() {
            self.ack = Some(at);
        }
        self.went_on |= segment.flags & (flags::SYN | flags::RST | flags::ACK) == flags::ACK;
        // Silences are measured against the frame before, so that time is moved on last.
        let before = self.last;
        self.silence(from, segment, at);
        if self.is_keep_alive(from, segment) {
            self.keep_alive(from);
        } else if segment.flags & flags::RST == 0 {
            self.data(from, segment, at, limits, sink);
        }
        self.acknowledgement(from, segment, at, limits, sink);
        if segment.flags & flags::FIN != 0 && segment.flags & flags::RST == 0 {
            self.fin(from, segment, at, limits);
        }
        if segment.flags & flags::RST != 0 {
            self.reset(from, segment, at, known_ttl, is_damaged, limits);
        }
        self.remember(from, segment);
        self.note_checksum(from, checksum);
        if let Some(details) = &mut self.details {
            details.give_up_holes(at, sink);
        }
        self.last = if at.time < before.time { before } else { at };
    }

    /// Counts a segment that says nothing.
    pub fn count(&mut self, segment: &Segment<'_>) {
        let from = self.side_of(Endpoint { ip: segment.ip.source, port: segment.source_port });
        self.directions[from].packets = self.directions[from].packets.saturating_add(1);
    }

    /// Bytes that wait for earlier ones.
    pub fn waiting_bytes(&self) -> usize {
        self.details.as_ref().map_or(0, |details| details.waiting_bytes())
    }

    /// Hands on what waits, holes and all: there is no room for it.
    pub fn let_go(&mut self, at: Stamp, sink: &mut impl Sink) {
        if let Some(details) = &mut self.details {
            details.let_go(at, sink);
        }
    }

    /// Hands on what still waits. Call once, when the connection is over or the capture has ended.
    pub fn flush(&mut self, at: Stamp, limits: &Limits, sink: &mut impl Sink) {
        for from in [Side::Client, Side::Server] {
            let answers = self.directions[from.peer()].packets;
            if let Some(details) = self.details.as_mut().filter(|details| details.doubts(from).has_waiting()) {
                let left = details.doubts_mut(from).left(answers);
                self.take(left, limits, sink);
            }
        }
        let ends = PerSide { client: self.closing.end_of(Side::Client), server: self.closing.end_of(Side::Server) };
        if let Some(details) = &mut self.details {
            details.flush(ends, at, sink);
            details.conclude(self.last);
        }
    }

    /// Exchanges client and server: the roles were guessed, and the first message says otherwise.
    pub fn swap_roles(&mut self) {
        std::mem::swap(&mut self.client, &mut self.server);
        self.directions = self.directions.swapped();
        if let Some(details) = &mut self.details {
            details.swap_sides();
        }
    }

    /// Frames by sender.
    pub fn packets(&self) -> PerSide<u64> {
        PerSide { client: self.directions.client.packets, server: self.directions.server.packets }
    }

    /// The other version of what a side said, from shortly before the first dispute on, and the offset of its first byte.
    pub fn other_version(&self, from: Side) -> Option<(u64, Vec<u8>)> {
        self.details.as_ref()?.other_version(from)
    }

    fn is_copy(&mut self, from: Side, segment: &Segment<'_>, at: Stamp) -> bool {
        if !self.details.as_mut().is_some_and(|details| details.looks_like_a_copy(from, segment, at)) {
            return false;
        }
        let offset = self.offset(from, segment.sequence);
        self.details.as_mut().is_some_and(|details| details.is_copy(from, segment.payload, offset, at))
    }

    /// The server answers an earlier connection of the same addresses and ports that the client has forgotten
    /// (RFC 9293 3.5.1, figure 10): so far there are only SYNs, and it acknowledges something else.
    fn is_leftover(&self, from: Side, segment: &Segment<'_>) -> bool {
        let client = &self.directions.client;
        from == Side::Server
            && segment.payload_length == 0
            && segment.flags & (flags::SYN | flags::RST | flags::ACK) == flags::ACK
            && self.syn_ack.is_none()
            && u64::try_from(self.syns.len()) == Ok(client.packets)
            && client.base.is_some_and(|base| segment.acknowledgement.wrapping_sub(base) > self.syn_data)
    }

    /// Learns where the streams begin, the way Wireshark does: from a SYN, else from the first segment or from what
    /// the peer acknowledges.
    fn note_bases(&mut self, from: Side, segment: &Segment<'_>) {
        let direction = &mut self.directions[from];
        let syn = segment.flags & flags::SYN != 0;
        // A RST that refuses a SYN has sequence number 0 and says nothing of the stream.
        let refusal = segment.flags & flags::RST != 0 && segment.sequence == 0;
        if !refusal {
            let first = segment.sequence.wrapping_add(u32::from(syn));
            let base = *direction.base.get_or_insert(first);
            direction.other_base = direction.other_base.or((syn && base != first).then_some(first));
        }
        if segment.flags & flags::ACK != 0 {
            let peer = &mut self.directions[from.peer()];
            peer.base.get_or_insert(segment.acknowledgement);
            if peer.highest == 0 && peer.other_base == Some(segment.acknowledgement) {
                std::mem::swap(&mut peer.base, &mut peer.other_base);
            }
        }
    }

    fn syn(&mut self, from: Side, segment: &Segment<'_>, at: Stamp) {
        if let (Some(details), Some(timestamp)) = (&mut self.details, segment.options.timestamp) {
            details.doubts_mut(from).note_timestamp(timestamp);
        }
        let direction = &mut self.directions[from];
        direction.mss = segment.options.mss.or(direction.mss);
        direction.window_scale = Some(segment.options.window_scale.unwrap_or(0));
        if segment.flags & flags::ACK != 0 {
            self.syn_ack.get_or_insert(at);
            if std::mem::take(&mut self.refused) {
                // The same SYN, repeated, found somebody.
                self.closing = TeardownTracker::default();
            }
        } else {
            if self.syns.is_empty() {
                self.syn_data = segment.payload_length;
            }
            if self.syns.len() < SYNS {
                self.syns.push(at);
            }
        }
    }

    /// Offset of a sequence number in that side's stream; `None` if it is nowhere near.
    fn offset(&self, side: Side, sequence: u32) -> Option<i64> {
        let direction = &self.directions[side];
        let near = direction.highest;
        let offset = sequence::offset(direction.base?, near, sequence);
        let far = offset.saturating_sub(near.cast_signed()).saturating_abs();
        (far <= PLAUSIBLE).then_some(offset)
    }

    /// A probe of a quiet connection: at most one byte, the last one that was sent and acknowledged
    /// (RFC 9293 3.8.4).
    fn is_keep_alive(&self, from: Side, segment: &Segment<'_>) -> bool {
        let direction = &self.directions[from];
        segment.payload_length <= 1
            && segment.flags & (flags::SYN | flags::FIN | flags::RST) == 0
            && (direction.highest > 0 || self.roles_guessed)
            && direction.acknowledged >= direction.highest
            && self.offset(from, segment.sequence) == Some(direction.highest.cast_signed().saturating_sub(1))
    }

    /// All that was seen of that side are segments without data, and no SYN: if its peer acknowledges one byte more,
    /// the first of them was a keep-alive probe.
    fn begins_with_a_probe(&self, side: Side) -> bool {
        let direction = &self.directions[side];
        self.roles_guessed && direction.packets > 0 && direction.highest == 0 && direction.acknowledged == 0
    }

    fn keep_alive(&mut self, from: Side) {
        if let Some(details) = &mut self.details {
            let count = &mut details.facts.keep_alives[from];
            *count = count.saturating_add(1);
        }
    }

    /// Takes the data of a segment. Bytes are counted by how far the stream got, so that repetitions do not count twice.
    fn data(&mut self, from: Side, segment: &Segment<'_>, at: Stamp, limits: &Limits, sink: &mut impl Sink) {
        if segment.payload_length == 0 {
            return;
        }
        if self.is_syn_data(from, segment, at, limits, sink) {
            return;
        }
        let syn = u32::from(segment.flags & flags::SYN != 0);
        let Some(offset) = self.offset(from, segment.sequence.wrapping_add(syn)) else { return };
        if let (Some(details), Some(timestamp)) = (&mut self.details, segment.options.timestamp)
            && offset <= self.directions[from].acknowledged.cast_signed()
        {
            details.doubts_mut(from).note_timestamp(timestamp);
        }
        let data = DataSegment {
            from,
            offset,
            payload: segment.payload,
            length: segment.payload_length,
            dont_fragment: segment.ip.dont_fragment,
            urgent: segment.urgent,
            other: segment.other,
            at,
        };
        self.take_data(&data, limits, sink);
    }

    /// Takes data that its receiver takes.
    #[inline]
    fn take_data(&mut self, data: &DataSegment<'_>, limits: &Limits, sink: &mut impl Sink) {
        let DataSegment { from, offset, length, .. } = *data;
        let direction = &mut self.directions[from];
        let highest = direction.highest;
        let end = offset.saturating_add(i64::from(length));
        let end = u64::try_from(end).unwrap_or(0);
        if end > highest {
            direction.bytes = direction.bytes.saturating_add(end.saturating_sub(highest));
            direction.highest = end;
        }
        let Some(details) = &mut self.details else { return };
        details.data(data, highest, limits, sink);
        let largest = self.largest(from);
        let Some(details) = &mut self.details else { return };
        if length > largest {
            let count = &mut details.facts.oversized[from];
            *count = count.saturating_add(1);
        }
    }

    /// The most data that a segment of that side carries over a wire.
    fn largest(&self, from: Side) -> u32 {
        u32::from(self.directions[from.peer()].mss.unwrap_or(1460).max(1460))
    }

    fn note_checksum(&mut self, from: Side, checksum: Option<bool>) {
        if let (Some(details), Some(false)) = (&mut self.details, checksum) {
            let count = &mut details.facts.bad_checksums[from];
            *count = count.saturating_add(1);
        }
    }

    fn acknowledgement(&mut self, from: Side, segment: &Segment<'_>, at: Stamp, limits: &Limits, sink: &mut impl Sink) {
        if segment.flags & flags::ACK == 0 {
            return;
        }
        let of = from.peer();
        let Some(offset) = self.offset(of, segment.acknowledgement).and_then(|o| u64::try_from(o).ok()) else { return };
        if segment.flags & flags::RST == 0 {
            self.answer_doubts(of, offset, limits, sink);
        }
        self.closing.acknowledged(of, offset, at, segment.flags & flags::RST != 0);
        let highest = self.directions[of].highest;
        // A FIN takes one number, a SYN whose data was not taken none: neither is unseen data.
        let fin = self.closing.end_of(of).is_some_and(|end| offset == end.saturating_add(1));
        if offset == 1 && !fin && self.begins_with_a_probe(of) {
            let direction = &mut self.directions[of];
            direction.base = direction.base.map(|base| base.wrapping_add(1));
            self.keep_alive(of);
            return;
        }
        if let Some(details) = &mut self.details {
            details.has(of, offset, at);
        }
        let direction = &mut self.directions[of];
        if offset > direction.acknowledged && segment.flags & flags::RST == 0 {
            direction.acknowledged = offset;
            let reach = if fin { offset.saturating_sub(1) } else { offset };
            if let Some(details) = &mut self.details {
                details.acknowledged(of, reach, highest, at, sink);
            }
            if reach > highest {
                self.directions[of].highest = reach;
            }
        }
    }

    fn silence(&mut self, from: Side, segment: &Segment<'_>, at: Stamp) {
        let keep_alive = self.is_keep_alive(from, segment);
        let Some(details) = &mut self.details else { return };
        if self.syn_ack.is_some() || self.roles_guessed {
            let ends = segment.flags & (flags::FIN | flags::RST) != 0;
            let with_data = (segment.payload_length > 0 || keep_alive) && !ends;
            details.silence(IdleGap { before: self.last, after: at, by: from, with_data });
        }
        if segment.flags & (flags::SYN | flags::FIN | flags::RST) == 0 {
            details.window(from, segment.window, at);
        }
    }

    /// Keeps what later segments are compared with. A RST is not: it may be somebody else's.
    fn remember(&mut self, from: Side, segment: &Segment<'_>) {
        let direction = &mut self.directions[from];
        direction.last_id = segment.ip.id;
        if segment.flags & flags::RST == 0 {
            direction.window = segment.window;
            direction.spoke |= segment.flags & (flags::SYN | flags::ACK) != flags::SYN;
            let ttl = segment.ip.ttl;
            direction.ttl = Some(direction.ttl.map_or((ttl, ttl), |(low, high)| (low.min(ttl), high.max(ttl))));
        }
    }
}
