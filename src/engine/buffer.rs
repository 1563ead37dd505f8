//! One direction of a conversation: the bytes that no message accounts for yet, and the frames that brought them.

use crate::model::{FrameRef, Stamp};
use std::collections::VecDeque;

/// Bytes of one direction that no message accounts for yet.
#[derive(Default)]
pub(super) struct DirectionBuffer {
    pub pending: Vec<u8>,
    /// Stream offset of the first pending byte.
    pub start: u64,
    /// Frames that brought `pending`, in order. Ranges overlap where several frames brought one TLS record.
    ranges: VecDeque<FrameRange>,
    /// Pending bytes below which the dissector need not be asked.
    pub need: usize,
    /// Bytes to pass over.
    pub skip: u64,
    pub undissected: u64,
    /// Frames of a message that began in an earlier unit of the carrying protocol.
    pub earlier_frames: Vec<Stamp>,
}

/// Bytes of the stream from an offset to another, and a frame that brought them.
struct FrameRange {
    from: u64,
    to: u64,
    at: Stamp,
}

/// Frames that carried a message: the earliest and the latest frame by time, and all in ascending order.
pub(super) struct MessageFrames {
    pub first: Stamp,
    pub last: Stamp,
    pub frames: Vec<FrameRef>,
}

impl From<Stamp> for MessageFrames {
    fn from(at: Stamp) -> Self {
        Self { first: at, last: at, frames: vec![at.frame] }
    }
}

impl From<&[Stamp]> for MessageFrames {
    fn from(stamps: &[Stamp]) -> Self {
        let first = stamps.iter().copied().min_by_key(|at| (at.time, at.frame)).unwrap_or_default();
        let last = stamps.iter().copied().max_by_key(|at| (at.time, at.frame)).unwrap_or_default();
        let mut frames: Vec<FrameRef> = stamps.iter().map(|at| at.frame).collect();
        frames.sort_unstable();
        frames.dedup();
        Self { first, last, frames }
    }
}

impl DirectionBuffer {
    /// Passes over bytes that nobody looks at.
    pub(super) fn skip_bytes<'a>(&mut self, offset: u64, bytes: &'a [u8]) -> (u64, &'a [u8]) {
        let over = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        if over > 0 {
            self.undissected = self.undissected.saturating_add(len(over));
            if self.skip != u64::MAX {
                self.skip = self.skip.saturating_sub(len(over));
            }
        }
        (offset.saturating_add(len(over)), bytes.get(over..).unwrap_or_default())
    }

    /// Notes the frames that brought the bytes from `offset` on.
    pub(super) fn note_frames(&mut self, offset: u64, length: usize, stamps: &[Stamp]) {
        let to = offset.saturating_add(len(length));
        self.ranges.extend(stamps.iter().map(|&at| FrameRange { from: offset, to, at }));
    }

    /// Keeps what is left after the first `used` pending bytes are done with.
    pub(super) fn advance(&mut self, pending: Vec<u8>, used: usize) {
        self.start = self.start.saturating_add(len(used));
        self.pending = pending;
        let start = self.start;
        while self.ranges.front().is_some_and(|span| span.to <= start) {
            self.ranges.pop_front();
        }
    }

    pub(super) fn drop_pending(&mut self) {
        self.undissected = self.undissected.saturating_add(len(self.pending.len()));
        self.pending = Vec::new();
        self.ranges.clear();
        self.need = 0;
    }

    /// Frames that carried `length` bytes, `from` bytes behind the first pending one.
    pub(super) fn stamps(&self, from: usize, length: usize) -> Vec<Stamp> {
        let start = self.start.saturating_add(len(from));
        let end = start.saturating_add(len(length));
        self.ranges.iter().filter(|span| span.to > start && span.from < end).map(|span| span.at).collect()
    }
}

pub(super) fn len(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
