//! Segments in flight: what one side has sent and the other has not acknowledged. Round trips, waits before a
//! repetition, segments that never get through.

use crate::model::{Side, Span, Stall, Stamp, StuckSegment, Unanswered};
use std::collections::VecDeque;

/// Segments that are followed at a time, by direction.
const FOLLOWED: usize = 256;
/// A wait of this many nanoseconds before a repetition is a stall.
const STALL: Span = Span::from_secs(1);
/// Transmissions of a stuck segment that are kept.
const TRANSMISSIONS: usize = 16;
/// Payloads below this are never taken for full-size segments.
const LARGE: u32 = 512;

/// Segments in flight of one direction.
#[derive(Debug, Default)]
pub(super) struct Flight {
    segments: VecDeque<SentSegment>,
    largest_acknowledged: u32,
    smallest_acknowledged: Option<u32>,
    stuck: Option<SentSegment>,
}

/// A segment that was sent.
#[derive(Debug, Clone)]
struct SentSegment {
    start: u64,
    end: u64,
    length: u32,
    dont_fragment: bool,
    first: Stamp,
    repetitions: Vec<Stamp>,
    last: Stamp,
    tries: u32,
}

impl Flight {
    /// A segment with new bytes was sent.
    pub(super) fn sent(&mut self, start: u64, length: u32, dont_fragment: bool, at: Stamp) {
        if self.segments.len() < FOLLOWED {
            let end = start.saturating_add(u64::from(length));
            self.segments.push_back(SentSegment {
                start,
                end,
                length,
                dont_fragment,
                first: at,
                repetitions: Vec::new(),
                last: at,
                tries: 0,
            });
        }
    }

    /// A segment that brings nothing new was sent: a repetition. Gives the wait before it, if that was long.
    pub(super) fn repeated(&mut self, from: Side, start: u64, at: Stamp) -> Option<Stall> {
        let segment = self.segments.iter_mut().find(|s| s.start <= start && start < s.end)?;
        let waited = at.since(segment.last);
        segment.tries = segment.tries.saturating_add(1);
        segment.last = at;
        if segment.repetitions.len() < TRANSMISSIONS.saturating_sub(1) {
            segment.repetitions.push(at);
        }
        let (tries, first) = (segment.tries, segment.first);
        if segment.length >= LARGE && self.stuck.as_ref().is_none_or(|stuck| stuck.tries <= tries) {
            self.stuck = Some(segment.clone());
        }
        (waited >= STALL).then_some(Stall { from, first, repeated: at, tries })
    }

    /// Frame that brought the byte at `offset` first, while it is under way.
    pub(super) fn sent_in(&self, offset: u64) -> Option<Stamp> {
        self.segments.iter().find(|s| s.start <= offset && offset < s.end).map(|s| s.first)
    }

    /// The peer acknowledged everything before `offset`. Gives a round trip, measured on the last
    /// segment that was sent once only (Karn's rule, RFC 6298 3).
    pub(super) fn acknowledged(&mut self, offset: u64, at: Stamp) -> Option<Span> {
        let mut round_trip = None;
        while self.segments.front().is_some_and(|s| s.end <= offset) {
            let Some(segment) = self.segments.pop_front() else { break };
            if segment.tries == 0 {
                round_trip = Some(at.since(segment.last));
                self.largest_acknowledged = self.largest_acknowledged.max(segment.length);
            }
            let smallest = self.smallest_acknowledged.unwrap_or(u32::MAX).min(segment.length);
            self.smallest_acknowledged = Some(smallest);
        }
        round_trip
    }

    /// Everything was acknowledged, and nothing ever had to be repeated in vain.
    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.stuck.is_none()
    }

    /// What was repeated and never acknowledged.
    pub(super) fn unanswered(&self, from: Side) -> Option<Unanswered> {
        let segment = self.segments.iter().find(|s| s.tries > 0)?;
        let SentSegment { first, last, tries, length, .. } = *segment;
        Some(Unanswered { from, first, last, tries, length })
    }

    /// A large segment that was repeated, where none of its size got through.
    pub(super) fn stuck(&self, from: Side) -> Option<StuckSegment> {
        let stuck = self.stuck.as_ref().filter(|s| s.length > self.largest_acknowledged)?;
        Some(StuckSegment {
            from,
            length: stuck.length,
            sent: std::iter::once(stuck.first).chain(stuck.repetitions.iter().copied()).collect(),
            tries: stuck.tries,
            dont_fragment: stuck.dont_fragment,
            alike: self.segments.iter().filter(|s| s.length == stuck.length).count(),
            smaller_got_through: self.smallest_acknowledged.is_some_and(|smallest| smallest < stuck.length),
        })
    }
}
