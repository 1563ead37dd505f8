//! What is noted of a connection that may matter: assembled bytes, quality, and the facts that rules judge.

use super::assembler::{Assembler, Conflict, OrderedSink, differing};
use super::doubt::Doubts;
use super::duplicates::DuplicateFilter;
use super::flight::Flight;
use super::{Limits, Sink};
use crate::model::Segment;
use crate::model::{
    Dispute, DisputeCause, FirstBytes, IdleGap, NeverArrived, OtherVersion, PerSide, Quality, Side, Span, Stamp,
    TcpFacts, ZeroWindow,
};
use std::cmp::Ordering;

/// Entries kept of each list of facts.
const KEPT: usize = 16;
/// Stretches of disputed bytes that are kept.
const DISPUTES: usize = 8;
/// First bytes kept of each side.
const FIRST: usize = 32;
/// A silence of this length is noted.
const SILENCE: Span = Span::from_secs(1);
/// A segment that fills a hole later than this was sent again, not overtaken; Wireshark's own figure.
const REORDERING: Span = Span::from_millis(3);
/// A hole that the peer acknowledged is given up after this time...
const HOLE_PATIENCE: Span = Span::from_millis(200);
/// ...or this many further frames of the connection: the capture may have put frames in another order.
const HOLE_FRAMES: u32 = 32;

/// Everything noted of one connection.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// Facts for rules.
    pub facts: TcpFacts,
    /// Quality of the capture of it.
    pub quality: Quality,
    /// First bytes of each side.
    pub first_bytes: PerSide<Option<FirstBytes>>,
    /// Bytes in two versions.
    pub disputes: Vec<Dispute>,
    directions: PerSide<DirectionDetails>,
}

/// One direction.
#[derive(Debug, Default)]
struct DirectionDetails {
    duplicates: DuplicateFilter,
    assembler: Assembler,
    doubts: Doubts,
    flight: Flight,
    /// When the furthest byte so far came.
    highest_at: Option<Stamp>,
    zero_since: Option<Stamp>,
    /// Shortest time between data and its acknowledgement: from the place of the capture to the peer and back.
    round_trip: Option<Span>,
    /// The peer acknowledged up to here although it is not all in the capture: since when, frames since.
    hole: Option<Hole>,
    /// Bytes were left out, and nobody has seen them so far.
    jump: Option<Box<Jump>>,
}

/// Bytes that did not come before those behind them.
#[derive(Debug)]
struct Jump {
    /// Offset of the first that is missing.
    from: u64,
    length: u64,
    /// The segment behind them.
    behind: Stamp,
    /// The peer said since then that it has nothing of them.
    lacking: Option<Stamp>,
}

#[derive(Debug, Clone, Copy)]
struct Hole {
    acknowledged: u64,
    since: Stamp,
    frames: u32,
}

/// A segment with data, its sequence number turned into an offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct DataSegment<'a> {
    /// Sender.
    pub from: Side,
    /// Offset of its first byte; negative before the start of the stream.
    pub offset: i64,
    /// Bytes captured.
    pub payload: &'a [u8],
    /// Bytes on the wire.
    pub length: u32,
    /// Don't Fragment.
    pub dont_fragment: bool,
    /// Urgent pointer, 0 without one.
    pub urgent: u16,
    /// What else the fragments say that it was put together from.
    pub other: Option<&'a OtherVersion>,
    /// Frame that carried the segment.
    pub at: Stamp,
}

impl Details {
    /// What puts segments of a side in doubt.
    pub(super) fn doubts(&self, from: Side) -> &Doubts {
        &self.directions[from].doubts
    }

    /// What puts segments of a side in doubt.
    pub(super) fn doubts_mut(&mut self, from: Side) -> &mut Doubts {
        &mut self.directions[from].doubts
    }

    /// Offset of the first byte of a side that has not been handed on.
    pub(super) fn next(&self, from: Side) -> u64 {
        self.directions[from].assembler.next()
    }

    /// Bytes of a side differ from what is known to stand at `offset`.
    pub(super) fn contradicts(&self, from: Side, offset: i64, bytes: &[u8]) -> bool {
        self.directions[from].assembler.contradicts(offset, bytes)
    }

    /// The other version of what a side said, from shortly before the first dispute on, and the offset of its first byte.
    pub(super) fn other_version(&self, from: Side) -> Option<(u64, Vec<u8>)> {
        self.directions[from].assembler.other_version()
    }

    /// Does this look like the copy of a segment that was seen a moment ago?
    pub(super) fn looks_like_a_copy(&mut self, from: Side, segment: &Segment<'_>, at: Stamp) -> bool {
        self.directions[from].duplicates.is_copy(segment, at)
    }

    /// Is it one? It is counted, and to be left out of everything else. With other bytes it is none. `offset`: of its first byte, if
    /// that is anywhere near.
    pub(super) fn is_copy(&mut self, from: Side, payload: &[u8], offset: Option<i64>, at: Stamp) -> bool {
        let copy = !offset.is_some_and(|offset| self.directions[from].assembler.contradicts(offset, payload));
        if copy {
            self.facts.duplicate_frames = self.facts.duplicate_frames.saturating_add(1);
            self.facts.duplicate_at.get_or_insert(at);
        }
        copy
    }

    /// Takes a segment with data. `highest` is the end of what that side had sent before. A segment behind the furthest byte is
    /// late or repeated: which one, the time since then tells, because a network reorders within milliseconds and a host repeats
    /// later.
    pub(super) fn data(&mut self, data: &DataSegment<'_>, highest: u64, limits: &Limits, sink: &mut impl Sink) {
        let DataSegment { from, offset, payload, length, at, .. } = *data;
        let way = &mut self.directions[from];
        let segments = &mut self.facts.data_segments[from];
        *segments = segments.saturating_add(1);
        let mut out = SideSink { from, sink, quality: &mut self.quality };
        let arrival = way.assembler.accept(offset, payload, u64::from(length), at, limits, &mut out);
        let start = u64::try_from(offset).unwrap_or(0);
        if start > highest && highest > 0 && way.jump.is_none() {
            let length = start.saturating_sub(highest);
            way.jump = Some(Box::new(Jump { from: highest, length, behind: at, lacking: None }));
        } else if way.jump.as_ref().is_some_and(|jump| way.assembler.next() > jump.from) {
            way.jump = None;
        }
        self.facts.note_length(from, length);
        let late = start < highest && way.highest_at.is_some_and(|then| at.since(then) > REORDERING);
        if arrival.old > 0 && arrival.new > 0 {
            self.quality.overlaps = self.quality.overlaps.saturating_add(1);
        } else if arrival.old > 0 || late {
            self.quality.retransmissions = self.quality.retransmissions.saturating_add(1);
            let repeated = &mut self.facts.retransmitted[from];
            *repeated = repeated.saturating_add(1);
        } else if start < highest {
            self.quality.out_of_order = self.quality.out_of_order.saturating_add(1);
        }
        if let Some(conflict) = arrival.conflict {
            self.quality.conflicting_overlaps = self.quality.conflicting_overlaps.saturating_add(1);
            self.note_conflict(data, conflict);
        }
        if let Some(other) = data.other {
            self.note_fragments(data, start, other);
        }
        if let Some(urgent) = u64::from(data.urgent).checked_sub(1).filter(|&place| place < u64::from(length)) {
            self.note_urgent(from, start.saturating_add(urgent), at);
        }
        let way = &mut self.directions[from];
        if start >= highest {
            way.highest_at = Some(at);
            way.flight.sent(start, length, data.dont_fragment, at);
        } else if let Some(stall) = way.flight.repeated(from, start, at) {
            keep_longest(&mut self.facts.stalls, stall, |s| s.repeated.since(s.first));
        }
        if payload.len() < usize::try_from(length).unwrap_or(usize::MAX) {
            self.facts.cut_frames = self.facts.cut_frames.saturating_add(1);
            self.facts.cut_at.get_or_insert(at);
        }
        note_first_bytes(&mut self.first_bytes[from], start, payload, at);
    }

    /// Bytes came again and differ. What the receiver has acknowledged by then, it has taken from the first copy.
    #[cold]
    fn note_conflict(&mut self, data: &DataSegment<'_>, conflict: Conflict) {
        let DataSegment { from, offset, payload, at, .. } = *data;
        let way = &mut self.directions[from];
        let start = conflict.start.max(way.assembler.taken());
        if start >= conflict.end {
            return;
        }
        let read_in = conflict.first.or_else(|| way.flight.sent_in(start)).map(|first| first.frame);
        let before = usize::try_from(start.saturating_sub(u64::try_from(offset).unwrap_or(0))).unwrap_or(0);
        let earlier = usize::try_from(offset.min(0).unsigned_abs()).unwrap_or(usize::MAX);
        way.assembler.dispute(start, payload.get(before.saturating_add(earlier)..));
        let (length, cause) = (conflict.end.saturating_sub(start), DisputeCause::SentTwice);
        self.note_dispute(Dispute { from, offset: start, length, read_in, other_in: at, cause, readings: None });
    }

    /// Fragments contradict each other.
    #[cold]
    fn note_fragments(&mut self, data: &DataSegment<'_>, start: u64, other: &OtherVersion) {
        let bytes = other.payload(data.payload.len());
        let Some(conflict) = differing(start, bytes, data.payload, None) else { return };
        let (from, offset, length) = (data.from, conflict.start, conflict.end.saturating_sub(conflict.start));
        self.directions[from].assembler.dispute(start, Some(bytes));
        let read_in = other.read_in.or(Some(data.at.frame));
        let (other_in, cause) = (other.other_in, DisputeCause::Fragments);
        self.note_dispute(Dispute { from, offset, length, read_in, other_in, cause, readings: None });
    }

    /// The byte at `offset` is urgent.
    #[cold]
    fn note_urgent(&mut self, from: Side, offset: u64, at: Stamp) {
        self.directions[from].assembler.dispute(offset, None);
        let (read_in, cause) = (Some(at.frame), DisputeCause::Urgent);
        self.note_dispute(Dispute { from, offset, length: 1, read_in, other_in: at, cause, readings: None });
    }

    fn note_dispute(&mut self, dispute: Dispute) {
        if self.disputes.len() < DISPUTES {
            self.disputes.push(dispute);
        }
    }

    /// The peer of `of` acknowledged everything before `offset`, of which only what lies before `highest` was seen.
    pub(super) fn acknowledged(&mut self, of: Side, offset: u64, highest: u64, at: Stamp, sink: &mut impl Sink) {
        let way = &mut self.directions[of];
        way.assembler.acknowledged(offset);
        if let Some(span) = way.flight.acknowledged(offset, at).filter(|&span| span >= Span::ZERO) {
            way.round_trip = Some(way.round_trip.map_or(span, |known| known.min(span)));
        }
        if offset > highest {
            let unseen = &mut self.facts.acked_unseen[of];
            *unseen = unseen.saturating_add(offset.saturating_sub(highest));
            self.facts.acked_unseen_at.get_or_insert(at);
        }
        let way = &mut self.directions[of];
        if offset > way.assembler.next() && way.hole.is_none() {
            way.hole = Some(Hole { acknowledged: offset, since: at, frames: 0 });
        }
        self.give_up_holes(at, sink);
    }

    /// The peer of `of` has everything before `offset`, and nothing behind it.
    pub(super) fn has(&mut self, of: Side, offset: u64, at: Stamp) {
        let way = &mut self.directions[of];
        match &mut way.jump {
            Some(jump) if offset <= jump.from => jump.lacking = Some(at),
            Some(_) => way.jump = None,
            None => {}
        }
    }

    /// A frame came in: holes that were acknowledged long enough ago are given up.
    pub(super) fn give_up_holes(&mut self, at: Stamp, sink: &mut impl Sink) {
        for side in [Side::Client, Side::Server] {
            let way = &mut self.directions[side];
            let Some(hole) = &mut way.hole else { continue };
            hole.frames = hole.frames.saturating_add(1);
            let (acknowledged, waited, frames) = (hole.acknowledged, at.since(hole.since), hole.frames);
            if way.assembler.next() >= acknowledged {
                way.hole = None;
            } else if waited > HOLE_PATIENCE || frames > HOLE_FRAMES {
                way.hole = None;
                let mut out = SideSink { from: side, sink: &mut *sink, quality: &mut self.quality };
                way.assembler.give_up_to(acknowledged, at, &mut out);
            }
        }
    }

    /// Bytes that wait behind holes or because they are in doubt, both directions together.
    pub(super) fn waiting_bytes(&self) -> usize {
        let [client, server] = [Side::Client, Side::Server].map(|side| {
            let direction = &self.directions[side];
            direction.assembler.waiting_bytes().saturating_add(direction.doubts.waiting_bytes())
        });
        client.saturating_add(server)
    }

    /// Hands on what waits, holes and all: there is no room for it. What is in doubt goes.
    pub(super) fn let_go(&mut self, at: Stamp, sink: &mut impl Sink) {
        for side in [Side::Client, Side::Server] {
            self.directions[side].doubts.let_go();
            let mut out = SideSink { from: side, sink: &mut *sink, quality: &mut self.quality };
            self.directions[side].assembler.flush(at, &mut out);
        }
    }

    /// Nothing more will come: what waits behind holes is handed on. Holes at the very end, up to the peer's
    /// acknowledgement or the FIN, are told as well.
    pub(super) fn flush(&mut self, ends: PerSide<Option<u64>>, at: Stamp, sink: &mut impl Sink) {
        for side in [Side::Client, Side::Server] {
            let way = &mut self.directions[side];
            let mut out = SideSink { from: side, sink: &mut *sink, quality: &mut self.quality };
            way.assembler.flush(at, &mut out);
            let acknowledged = way.hole.take().map(|hole| hole.acknowledged);
            if let Some(end) = acknowledged.max(ends[side]) {
                // An acknowledgement of the FIN counts one more than there are bytes.
                let end = ends[side].map_or(end, |fin| end.min(fin));
                way.assembler.give_up_to(end, at, &mut out);
            }
        }
    }

    /// Fills in what is only known at the end.
    pub(super) fn conclude(&mut self, last: Stamp) {
        complete(&self.directions, &mut self.facts, &mut self.quality, last);
    }

    /// The facts as they would stand if the connection ended now.
    pub(super) fn preview(&self, last: Stamp) -> (TcpFacts, Quality) {
        let (mut facts, mut quality) = (self.facts.clone(), self.quality);
        complete(&self.directions, &mut facts, &mut quality, last);
        (facts, quality)
    }

    /// A silence ended.
    pub(super) fn silence(&mut self, gap: IdleGap) {
        if gap.length() < SILENCE {
            return;
        }
        let silent = &mut self.facts.silent[gap.by];
        *silent = silent.plus(gap.length());
        let idle = &mut self.facts.idle;
        if idle.len() > KEPT {
            // The last one always stays; of the others the shortest goes.
            let others = idle.len().saturating_sub(1);
            let shortest = idle.iter().take(others).enumerate().min_by_key(|(_, g)| g.length()).map(|(i, _)| i);
            if let Some(index) = shortest {
                idle.remove(index);
            }
        }
        idle.push(gap);
    }

    /// A window was announced.
    pub(super) fn window(&mut self, from: Side, window: u16, at: Stamp) {
        let since = &mut self.directions[from].zero_since;
        if window == 0 {
            self.quality.zero_windows = self.quality.zero_windows.saturating_add(1);
            since.get_or_insert(at);
        } else if let Some(start) = since.take() {
            let zero = ZeroWindow { from, start, end: at, reopened: true };
            keep_longest(&mut self.facts.zero_windows, zero, |z| z.end.since(z.start));
        }
    }

    /// Exchanges the sides: the roles were guessed wrongly.
    pub(super) fn swap_sides(&mut self) {
        self.directions = std::mem::take(&mut self.directions).swapped();
        self.first_bytes = std::mem::take(&mut self.first_bytes).swapped();
        let facts = &mut self.facts;
        facts.data_segments = facts.data_segments.swapped();
        facts.retransmitted = facts.retransmitted.swapped();
        facts.keep_alives = facts.keep_alives.swapped();
        facts.silent = facts.silent.swapped();
        facts.acked_unseen = facts.acked_unseen.swapped();
        facts.bad_checksums = facts.bad_checksums.swapped();
        facts.oversized = facts.oversized.swapped();
        facts.largest = facts.largest.swapped();
        facts.largest_count = facts.largest_count.swapped();
        self.disputes.iter_mut().for_each(|dispute| dispute.from = dispute.from.peer());
        facts.idle.iter_mut().for_each(|gap| gap.by = gap.by.peer());
        facts.stalls.iter_mut().for_each(|stall| stall.from = stall.from.peer());
        facts.zero_windows.iter_mut().for_each(|zero| zero.from = zero.from.peer());
    }
}

/// Fills in what is only known at the end.
fn complete(directions: &PerSide<DirectionDetails>, facts: &mut TcpFacts, quality: &mut Quality, last: Stamp) {
    for from in [Side::Client, Side::Server] {
        let DirectionDetails { flight, zero_since, jump, .. } = &directions[from];
        if flight.is_empty() && zero_since.is_none() && jump.is_none() {
            continue;
        }
        if let Some(start) = *zero_since {
            let zero = ZeroWindow { from, start, end: last, reopened: false };
            keep_longest(&mut facts.zero_windows, zero, |z| z.end.since(z.start));
        }
        if facts.unanswered.is_none() {
            facts.unanswered = flight.unanswered(from);
        }
        let never = jump.as_ref().and_then(|jump| {
            Some(NeverArrived { from, length: jump.length, behind: jump.behind, lacking: jump.lacking? })
        });
        facts.never_arrived = facts.never_arrived.or(never);
        if let Some(stuck) = flight.stuck(from)
            && facts.stuck.as_ref().is_none_or(|known| known.tries < stuck.tries)
        {
            facts.stuck = Some(stuck);
        }
    }
    // The capture stands somewhere between the two: the way is that to one side and that to the other.
    let ways = [directions.client.round_trip, directions.server.round_trip];
    quality.rtt = ways.into_iter().flatten().reduce(Span::plus);
    facts.idle.sort_by_key(|gap| gap.before.time);
    facts.stalls.sort_by_key(|stall| stall.first.time);
    facts.zero_windows.sort_by_key(|zero| zero.start.time);
}

impl TcpFacts {
    /// A segment with so many bytes of data came.
    fn note_length(&mut self, from: Side, length: u32) {
        match length.cmp(&self.largest[from]) {
            Ordering::Less => {}
            Ordering::Equal => self.largest_count[from] = self.largest_count[from].saturating_add(1),
            Ordering::Greater => (self.largest[from], self.largest_count[from]) = (length, 1),
        }
    }
}

/// Hands ordered bytes on to the sink of the connection, and counts holes.
struct SideSink<'a, S> {
    from: Side,
    sink: &'a mut S,
    quality: &'a mut Quality,
}

impl<S: Sink> OrderedSink for SideSink<'_, S> {
    fn bytes(&mut self, offset: u64, bytes: &[u8], at: Stamp) {
        self.sink.bytes(self.from, offset, bytes, at);
    }

    fn gap(&mut self, offset: u64, length: u64, at: Stamp) {
        self.quality.gaps = self.quality.gaps.saturating_add(1);
        self.quality.missing_bytes = self.quality.missing_bytes.saturating_add(length);
        self.sink.gap(self.from, offset, length, at);
    }
}

/// Keeps the first bytes of a side, over several segments if the first are short.
fn note_first_bytes(first: &mut Option<FirstBytes>, start: u64, payload: &[u8], at: Stamp) {
    let known = first.as_ref().map_or(0, |f| f.bytes.len());
    if known < FIRST && start == u64::try_from(known).unwrap_or(u64::MAX) && !payload.is_empty() {
        let room = FIRST.saturating_sub(known).min(payload.len());
        let first = first.get_or_insert_with(|| FirstBytes { at, bytes: Vec::with_capacity(room) });
        first.bytes.extend(payload.iter().take(room));
    }
}

/// Adds to a list of which the longest entries stay. The same span, grown longer, replaces itself.
fn keep_longest<T: Copy>(list: &mut Vec<T>, entry: T, length: impl Fn(&T) -> Span) {
    if list.len() < KEPT {
        list.push(entry);
    } else if let Some(shortest) = list.iter_mut().min_by_key(|e| length(e))
        && length(shortest) < length(&entry)
    {
        *shortest = entry;
    }
}
