//! What the receiver of a segment makes of it, as far as one who listens can tell.

use super::super::doubt::{Doubt, Doubtful};
use super::super::{Limits, Sink};
use super::{Connection, DataSegment};
use crate::model::{Endpoint, OtherVersion, Segment, Side, Stamp, flags};
use bytes::Bytes;

/// The largest shift that window scaling allows (RFC 7323 section 2.3): so far a window may reach whose scale was not seen.
const MAX_SCALE: u8 = 14;

/// Bytes that are left out before a segment: more than this is not the work of a network that reorders or loses one segment.
const FAR: i64 = 65_536;

impl Connection {
    /// Would its receiver drop this segment, by all that is known? `checksum` is false if the checksum is wrong.
    pub fn doubts(&self, segment: &Segment<'_>, checksum: Option<bool>) -> bool {
        self.doubt(self.sender(segment), segment, checksum).is_some()
    }

    /// Sets a segment in doubt aside, until its receiver tells; false if there is no doubt about it.
    #[inline]
    pub(super) fn is_set_aside(
        &mut self,
        from: Side,
        segment: &Segment<'_>,
        at: Stamp,
        checksum: Option<bool>,
        limits: &Limits,
        sink: &mut impl Sink,
    ) -> bool {
        let doubt = self.doubt(from, segment, checksum);
        if let (Some(details), Some(is_right)) = (&mut self.details, checksum) {
            details.doubts_mut(from).note_checksum(is_right);
        }
        match doubt {
            // Both sides went on: the capture lacks what they said meanwhile.
            Some(Doubt::Window) if self.answers_what_waits(from, segment, limits, sink) => false,
            Some(doubt) => {
                self.note_checksum(from, checksum);
                let fin = segment.flags & flags::FIN != 0;
                self.set_aside(doubt, from, segment, fin, at, limits, sink);
                true
            }
            None => false,
        }
    }

    /// It acknowledges segments of its peer that lie as far ahead as it does itself, and are taken with it.
    #[cold]
    fn answers_what_waits(&mut self, from: Side, segment: &Segment<'_>, limits: &Limits, sink: &mut impl Sink) -> bool {
        let of = from.peer();
        let offset = self.offset(of, segment.acknowledgement).and_then(|offset| u64::try_from(offset).ok());
        let Some((details, offset)) = self.details.as_mut().zip(offset) else { return false };
        let known = details.next(of);
        let taken = details.doubts_mut(of).acknowledged(offset, known);
        let is_answer = !taken.is_empty();
        self.take(taken, limits, sink);
        is_answer
    }

    /// Data of a SYN wait for the answer, which says whether they were taken.
    pub(super) fn is_syn_data(
        &mut self,
        from: Side,
        segment: &Segment<'_>,
        at: Stamp,
        limits: &Limits,
        sink: &mut impl Sink,
    ) -> bool {
        let waits = segment.flags & flags::SYN != 0 && self.details.is_some() && self.syn_ack.is_none();
        if waits {
            let data = Segment { sequence: segment.sequence.wrapping_add(1), ..*segment };
            self.set_aside(Doubt::SynData, from, &data, false, at, limits, sink);
        }
        waits
    }

    /// Takes segments that were in doubt.
    pub(super) fn take(&mut self, taken: Vec<Doubtful>, limits: &Limits, sink: &mut impl Sink) {
        for doubtful in taken {
            let Doubtful { from, offset, payload, length, fin, dont_fragment, other, at, .. } = doubtful;
            if length > 0 {
                let (offset, payload, other) = (offset.cast_signed(), payload.as_ref(), other.as_ref());
                let data = DataSegment { from, offset, payload, length, dont_fragment, urgent: 0, other, at };
                self.take_data(&data, limits, sink);
            }
            if fin {
                let end = offset.saturating_add(u64::from(length));
                self.closing.fin(from, end, None, self.directions[from].highest, at);
            }
        }
    }

    /// The receiver acknowledged everything of `of` before `offset`: some of it may have been in doubt.
    #[inline]
    pub(super) fn answer_doubts(&mut self, of: Side, offset: u64, limits: &Limits, sink: &mut impl Sink) {
        let Some(details) = self.details.as_mut().filter(|details| details.doubts(of).has_waiting()) else { return };
        let known = details.next(of);
        let taken = details.doubts_mut(of).acknowledged(offset, known);
        if !taken.is_empty() {
            self.take(taken, limits, sink);
        }
    }

    /// That side's checksums are right, so that a wrong one is an exception.
    pub(super) fn has_right_checksums(&self, from: Side) -> bool {
        self.details.as_ref().is_some_and(|details| details.doubts(from).has_right_checksums())
    }

    /// Sets a segment aside, with a copy of its data, since the frame is gone when the receiver answers.
    #[cold]
    #[expect(clippy::too_many_arguments, reason = "what a segment is, and where what it brings may go")]
    fn set_aside(
        &mut self,
        doubt: Doubt,
        from: Side,
        segment: &Segment<'_>,
        fin: bool,
        at: Stamp,
        limits: &Limits,
        sink: &mut impl Sink,
    ) {
        let answers = self.directions[from.peer()].packets;
        let offset = self.offset(from, segment.sequence).and_then(|offset| u64::try_from(offset).ok());
        let (Some(details), Some(offset)) = (&mut self.details, offset) else { return };
        if segment.payload_length == 0 && !fin {
            return;
        }
        let known = details.next(from);
        let doubtful = Doubtful {
            doubt,
            from,
            offset,
            payload: Bytes::copy_from_slice(segment.payload),
            length: segment.payload_length,
            fin,
            dont_fragment: segment.ip.dont_fragment,
            other: segment
                .other
                .map(|other| OtherVersion { bytes: other.payload(segment.payload.len()).to_vec(), ..other.clone() }),
            at,
            answers,
        };
        let given_back = details.doubts_mut(from).set_aside(doubtful, known);
        self.take(given_back, limits, sink);
    }

    /// Why the receiver would drop this segment. Only where it speaks in the capture, for nobody else tells whether it did. What a RST
    /// is worth, the teardown tells.
    #[inline]
    fn doubt(&self, from: Side, segment: &Segment<'_>, checksum: Option<bool>) -> Option<Doubt> {
        let doubts = self.details.as_ref()?.doubts(from);
        let is_end = segment.flags & (flags::FIN | flags::RST) == flags::FIN;
        if segment.flags & flags::RST != 0 || self.directions[from.peer()].packets == 0 || doubts.are_unfounded() {
            return None;
        }
        // The card that cuts a large segment fills in the checksums as well.
        if checksum == Some(false) && doubts.has_right_checksums() && segment.payload_length <= self.largest(from) {
            return Some(Doubt::Checksum).filter(|_| self.is_news(from, segment));
        }
        if segment.flags & flags::SYN != 0 || (segment.payload_length == 0 && !is_end) {
            return None;
        }
        self.doubt_of_data(from, segment).filter(|_| self.is_news(from, segment))
    }

    fn doubt_of_data(&self, from: Side, segment: &Segment<'_>) -> Option<Doubt> {
        let doubts = self.details.as_ref()?.doubts(from);
        if segment.flags & flags::ACK == 0 {
            return Some(Doubt::Unacknowledging);
        }
        if segment.options.timestamp.is_some_and(|timestamp| doubts.is_outdated(timestamp)) {
            return Some(Doubt::Timestamp);
        }
        if segment.other.is_some() {
            return Some(Doubt::Fragments);
        }
        let direction = &self.directions[from];
        // Most are the next in their stream. What is cut off is meant: an offset is a number of 32 bits there.
        #[expect(clippy::cast_possible_truncation, reason = "sequence numbers count modulo 2^32")]
        let is_next = direction.base.map(|base| base.wrapping_add(direction.highest as u32)) == Some(segment.sequence);
        if is_next {
            return None;
        }
        let offset = self.offset(from, segment.sequence)?;
        let highest = self.directions[from].highest.cast_signed();
        let ahead = offset.saturating_sub(highest);
        let is_early_end = segment.payload_length == 0 && ahead > 0;
        (is_early_end || ahead > FAR || (ahead > 0 && offset > self.right_edge(from))).then_some(Doubt::Window)
    }

    /// What it says was not known before, or was known otherwise. Else there is nothing to doubt.
    #[cold]
    fn is_news(&self, from: Side, segment: &Segment<'_>) -> bool {
        let (Some(details), Some(offset)) = (&self.details, self.offset(from, segment.sequence)) else { return true };
        let end = offset.saturating_add(i64::from(segment.payload_length));
        segment.payload_length == 0
            || end > details.next(from).cast_signed()
            || details.contradicts(from, offset, segment.payload)
    }

    /// End of the window that a side may send into, as an offset. Where the scale is not known, the largest one counts.
    fn right_edge(&self, from: Side) -> i64 {
        let peer = &self.directions[from.peer()];
        let scale = peer.window_scale.unwrap_or(MAX_SCALE);
        let window = i64::from(peer.window).checked_shl(u32::from(scale)).unwrap_or(i64::MAX);
        self.directions[from].acknowledged.cast_signed().saturating_add(window)
    }

    fn sender(&self, segment: &Segment<'_>) -> Side {
        self.side_of(Endpoint { ip: segment.ip.source, port: segment.source_port })
    }
}
