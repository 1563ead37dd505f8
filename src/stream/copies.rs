//! Frames that a capture holds twice: a mirror port that copies both ways in and out, or a network that delivers twice.

use crate::decode::Segment;
use crate::model::Stamp;
use std::collections::VecDeque;

/// Segments that a new one is compared with.
const REMEMBERED: usize = 16;
/// Nanoseconds after which the same segment is taken for something else. A host gives a repetition an IP
/// identification of its own, and 65,536 of them take longer than this.
const WINDOW: i64 = 100_000_000;
/// The same without an identification (IPv6, or zero, which hosts send that do not count): nobody repeats data so soon.
const WINDOW_WITHOUT_ID: i64 = 1_000_000;

/// The last segments of one direction.
#[derive(Debug, Default)]
pub struct Copies {
    last: VecDeque<Fingerprint>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    id: u16,
    flags: u8,
    sequence: u32,
    acknowledgement: u32,
    length: u32,
    time: i64,
}

impl Copies {
    /// Is this the copy of a segment seen a moment ago? Without an IP identification only data can be told.
    pub fn is_copy(&mut self, segment: &Segment<'_>, at: Stamp) -> bool {
        let id = segment.ip.id.unwrap_or(0);
        if id == 0 && segment.payload_length == 0 {
            return false;
        }
        let window = if id == 0 { WINDOW_WITHOUT_ID } else { WINDOW };
        let new = Fingerprint {
            id,
            flags: segment.flags,
            sequence: segment.sequence,
            acknowledgement: segment.acknowledgement,
            length: segment.payload_length,
            time: at.time.nanos(),
        };
        let copy = self
            .last
            .iter()
            .any(|old| new.time.saturating_sub(old.time) < window && Fingerprint { time: old.time, ..new } == *old);
        if !copy {
            if self.last.len() >= REMEMBERED {
                self.last.pop_front();
            }
            self.last.push_back(new);
        }
        copy
    }
}
