//! Segments that their receiver would not take: what they say is not what was said.
//!
//! A host drops a segment with a wrong checksum, with an older timestamp than it has seen (PAWS, RFC 7323 section 5), without ACK, or
//! beyond its window (RFC 9293 section 3.10.7.4). Whoever only listens can be made to believe it all the same, as Ptacek and Newsham
//! showed ("Insertion, Evasion, and Denial of Service", 1998). A listener may also be wrong about the receiver: a capture lacks frames,
//! a network card leaves checksums behind that are none. So a segment in doubt is set aside until the receiver tells: it acknowledges
//! those bytes although no other copy came, or takes another copy, or nothing.

use super::sequence;
use crate::model::{OtherVersion, Side, Stamp};
use bytes::Bytes;

/// Segments in doubt that wait for an answer, by direction...
const WAITING: usize = 8;
/// ...and bytes in them, unless one alone has more.
const WAITING_BYTES: usize = 16_384;
/// So much older may a timestamp be: hosts with several processors stamp a little out of order, and Linux allows for it.
const TICKS: i64 = 1;

/// Why a segment is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Its checksum is wrong, where those of its sender are right.
    Checksum,
    /// Its timestamp is older than one that came before.
    Timestamp,
    /// It acknowledges nothing, which every segment after the first does.
    Unacknowledging,
    /// It lies beyond the window of its receiver, or far from all that was sent; or it ends a stream that has not come so far.
    Window,
    /// Data in a SYN, which most servers leave to be sent again (RFC 7413 allows more).
    SynData,
    /// Put together from fragments that contradict each other: some hosts drop the packet (RFC 5722, RFC 8200 section 4.5).
    Fragments,
}

/// A segment in doubt.
#[derive(Debug)]
pub(super) struct Doubtful {
    pub doubt: Doubt,
    /// Sender.
    pub from: Side,
    /// Offset of its first byte.
    pub offset: u64,
    /// Bytes captured.
    pub payload: Bytes,
    /// Bytes on the wire.
    pub length: u32,
    /// It ends the stream.
    pub fin: bool,
    /// Don't Fragment.
    pub dont_fragment: bool,
    /// Another version of the payload.
    pub other: Option<OtherVersion>,
    /// Frame that carried it.
    pub at: Stamp,
    /// Packets that had come from its receiver by then.
    pub answers: u64,
}

impl Doubtful {
    /// What the receiver acknowledges if it took this.
    pub(super) fn end(&self) -> u64 {
        self.offset.saturating_add(u64::from(self.length)).saturating_add(u64::from(self.fin))
    }
}

/// What is known of one sender that puts its segments in doubt, and those that are.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    right_checksums: u32,
    wrong_checksums: u32,
    /// The latest timestamp of what came in order.
    timestamp: Option<u32>,
    /// The receiver took what was in doubt: whatever the reason, it does not hold here.
    are_unfounded: bool,
    waiting: Vec<Doubtful>,
}

impl Doubts {
    /// A segment of this sender had a right or a wrong checksum.
    pub(super) fn note_checksum(&mut self, is_right: bool) {
        let count = if is_right { &mut self.right_checksums } else { &mut self.wrong_checksums };
        *count = count.saturating_add(1);
    }

    /// A segment in order had that timestamp.
    pub(super) fn note_timestamp(&mut self, timestamp: u32) {
        if self.timestamp.is_none_or(|known| sequence::distance(known, timestamp) > 0) {
            self.timestamp = Some(timestamp);
        }
    }

    /// Segments wait for an answer.
    pub(super) const fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A wrong checksum would be an exception.
    pub(super) fn has_right_checksums(&self) -> bool {
        !self.are_unfounded && self.right_checksums > self.wrong_checksums
    }

    /// The timestamp is older than what came before.
    pub(super) fn is_outdated(&self, timestamp: u32) -> bool {
        self.timestamp.is_some_and(|known| sequence::distance(known, timestamp) < -TICKS)
    }

    /// Doubts have turned out to be wrong, or there were too many.
    pub(super) const fn are_unfounded(&self) -> bool {
        self.are_unfounded
    }

    /// Sets a segment aside. If too many wait, none is in doubt any more: they are given back, to be taken as they come.
    pub(super) fn set_aside(&mut self, doubtful: Doubtful, known: u64) -> Vec<Doubtful> {
        self.waiting.retain(|waiting| waiting.end() > known);
        self.waiting.push(doubtful);
        if self.waiting.len() > WAITING || (self.waiting_bytes() > WAITING_BYTES && self.waiting.len() > 1) {
            self.are_unfounded = true;
            return std::mem::take(&mut self.waiting);
        }
        Vec::new()
    }

    /// Bytes of segments that wait.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.payload.len()).fold(0, usize::saturating_add)
    }

    /// There is no room for what waits.
    pub(super) fn let_go(&mut self) {
        self.waiting = Vec::new();
    }

    /// The receiver acknowledged everything before `offset`, of which all before `known` has come without doubt. Gives the segments
    /// that it took.
    pub(super) fn acknowledged(&mut self, offset: u64, known: u64) -> Vec<Doubtful> {
        self.waiting.retain(|waiting| waiting.end() > known);
        let is_taken = |waiting: &Doubtful| offset > waiting.offset.max(known);
        let (mut taken, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting).into_iter().partition(is_taken);
        self.waiting = waiting;
        for part in &mut taken {
            part.fin &= part.end() <= offset;
        }
        // What else is rare, and the capture may lack what was before it.
        let is_wrong =
            |taken: &Doubtful| matches!(taken.doubt, Doubt::Checksum | Doubt::Timestamp | Doubt::Unacknowledging);
        self.are_unfounded |= taken.iter().any(is_wrong);
        taken
    }

    /// Nothing more will come, and `answers` packets came from the receiver: what it has not had the time to speak about is taken.
    pub(super) fn left(&mut self, answers: u64) -> Vec<Doubtful> {
        let mut left = std::mem::take(&mut self.waiting);
        left.retain(|doubtful| doubtful.answers == answers);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubtful(offset: u64, length: u32) -> Doubtful {
        Doubtful {
            doubt: Doubt::Checksum,
            from: Side::Client,
            offset,
            payload: Bytes::from(vec![0; length as usize]),
            length,
            fin: false,
            dont_fragment: true,
            other: None,
            at: Stamp::default(),
            answers: 3,
        }
    }

    #[test]
    fn what_the_receiver_took_was_no_exception() {
        let mut doubts = Doubts::default();
        assert!(!doubts.has_right_checksums());
        doubts.note_checksum(true);
        assert!(doubts.has_right_checksums());
        assert!(doubts.set_aside(doubtful(0, 10), 0).is_empty());
        assert!(doubts.acknowledged(0, 0).is_empty());
        assert_eq!(doubts.acknowledged(4, 0).len(), 1, "a part of it is proof enough");
        assert!(doubts.are_unfounded() && !doubts.has_right_checksums());
    }

    #[test]
    fn what_came_in_another_copy_is_not_taken() {
        let mut doubts = Doubts::default();
        doubts.set_aside(doubtful(0, 10), 0);
        assert!(doubts.acknowledged(10, 10).is_empty() && !doubts.are_unfounded());
        assert!(doubts.left(3).is_empty());
    }

    #[test]
    fn the_end_leaves_what_nobody_spoke_about() {
        let mut doubts = Doubts::default();
        doubts.set_aside(doubtful(0, 10), 0);
        assert!(doubts.left(4).is_empty());
        doubts.set_aside(doubtful(0, 10), 0);
        assert_eq!(doubts.left(3).len(), 1);
    }

    #[test]
    fn wrong_checksums_by_the_dozen_are_the_rule() {
        let mut doubts = Doubts::default();
        (0..10).for_each(|_| doubts.note_checksum(true));
        (0..12).for_each(|_| doubts.note_checksum(false));
        assert!(!doubts.has_right_checksums());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut doubts = Doubts::default();
        let given: usize = (0..9).map(|n| doubts.set_aside(doubtful(n * 10, 10), 0).len()).sum();
        assert!(given == 9 && doubts.are_unfounded());
        let mut doubts = Doubts::default();
        assert!(doubts.set_aside(doubtful(0, 60_000), 0).is_empty());
        assert_eq!(doubts.set_aside(doubtful(60_000, 10), 0).len(), 2);
        let mut doubts = Doubts::default();
        let given: usize = (0..99).map(|n| doubts.set_aside(doubtful(n * 10, 10), n * 10).len()).sum();
        assert!(given == 0 && !doubts.are_unfounded(), "copies came of all");
    }

    #[test]
    fn timestamps_may_be_a_tick_out_of_order() {
        let mut doubts = Doubts::default();
        assert!(!doubts.is_outdated(7));
        doubts.note_timestamp(u32::MAX);
        doubts.note_timestamp(1);
        assert!(!doubts.is_outdated(0) && doubts.is_outdated(u32::MAX));
    }
}
