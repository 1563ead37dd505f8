//! Frames that a capture holds twice: a mirror port that copies both ways in and out, or a network that delivers twice.

use crate::model::{Segment, Span, Stamp, Timestamp};

/// Segments that a new one is compared with.
const REMEMBERED: usize = 16;
/// Time after which the same segment is taken for something else. A host gives a repetition an IP
/// identification of its own, and 65,536 of them take longer than this.
const WINDOW: Span = Span::from_millis(100);
/// That time without an identification (IPv6, or zero, which hosts send that do not count): nobody repeats data so soon.
const WINDOW_WITHOUT_ID: Span = Span::from_millis(1);

/// What is left of a number of 64 bits shifted by that is the place of a mark among 128.
const MARK_SHIFT: u32 = 57;
/// An odd number without pattern: the fraction of the golden ratio in 64 bits.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// The last segments of one direction.
#[derive(Debug, Default)]
pub(super) struct DuplicateFilter {
    /// What tells one segment from another and when it was seen; a ring once it is full.
    seen: Vec<(u64, Timestamp)>,
    next: usize,
    /// Marks of those in this round of the ring, and of those in the round before: most segments are new, and seen to be so at once.
    marks: [u128; 2],
}

impl DuplicateFilter {
    /// Is this the copy of a segment seen a moment ago? Without an IP identification only data can be told.
    pub(super) fn is_copy(&mut self, segment: &Segment<'_>, at: Stamp) -> bool {
        let id = segment.ip.id.unwrap_or(0);
        if id == 0 && segment.payload_length == 0 {
            return false;
        }
        let window = if id == 0 { WINDOW_WITHOUT_ID } else { WINDOW };
        let (new, now) = (fingerprint(id, segment), at.time);
        let mark = 1_u128 << (new >> MARK_SHIFT);
        let may_be_there = self.marks.iter().any(|marks| marks & mark != 0);
        if may_be_there && self.seen.iter().any(|&(old, time)| old == new && now.since(time) < window) {
            return true;
        }
        if self.next == 0 {
            self.marks = [0, self.marks[0]];
        }
        self.marks[0] |= mark;
        if let Some(oldest) = self.seen.get_mut(self.next) {
            *oldest = (new, now);
        } else {
            self.seen.push((new, now));
        }
        self.next = self.next.wrapping_add(1) % REMEMBERED;
        false
    }
}

/// The header fields that differ between two segments of one direction, mixed into one number. Whoever makes two segments
/// whose numbers agree has them counted as one frame, no more.
fn fingerprint(id: u16, segment: &Segment<'_>) -> u64 {
    let numbers = u64::from(segment.sequence) << 32 | u64::from(segment.acknowledgement);
    let rest = u64::from(id) << 48 | u64::from(segment.flags) << 40 | u64::from(segment.payload_length);
    numbers.wrapping_mul(MIX).rotate_left(31) ^ rest.wrapping_mul(MIX)
}
