//! Frames on their way from the thread that reads interfaces to the one that looks at them.

use crate::capture::live::{Counts, LiveError, LiveFrame};
use crate::model::{Frame, FrameRef, Stamp, Timestamp};

/// News of the reading thread.
pub(super) enum ReaderEvent {
    /// Frames came in.
    Frames(Batch),
    /// Counters so far: of a pipe with its place, of all interfaces together with that of none.
    Counts(u16, Counts),
    /// Secrets of TLS that a capture in a pipe brings along.
    Secrets(Vec<u8>),
    /// An interface cannot be read at present; it is tried again.
    Lost(LiveError),
    /// An interface of that name can be read again.
    Back(String),
    /// A pipe of that name has ended properly, and other sources go on.
    Ended(String),
    /// Nothing more is to come, and why, unless it was asked for.
    End(Option<LiveError>),
}

/// Frames, in the order of time.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    frames: Vec<BatchFrame>,
}

/// A frame in a batch: its bytes stand among those of the batch, so that no frame has memory of its own.
#[derive(Clone, Copy)]
struct BatchFrame {
    time: Timestamp,
    start: usize,
    length: usize,
    wire_length: u32,
    link_type: u16,
    interface: u16,
}

impl Batch {
    pub(super) fn push(&mut self, interface: u16, link_type: u16, arrived: &LiveFrame<'_>) {
        let (start, length) = (self.bytes.len(), arrived.data.len());
        self.bytes.extend_from_slice(arrived.data);
        let (time, wire_length) = (arrived.time, arrived.wire_length);
        self.frames.push(BatchFrame { time, start, length, wire_length, link_type, interface });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Bytes of all its frames.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Empties it and keeps its memory, which the next frames use.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.frames.clear();
    }

    /// Puts the frames of several interfaces in the order of time.
    pub(super) fn sort(&mut self) {
        self.frames.sort_by_key(|entry| entry.time);
    }

    /// The frames with the number of their interface, numbered on from `number`.
    pub(super) fn frames(&self, number: u64) -> impl Iterator<Item = (u16, Frame<'_>)> {
        self.frames.iter().zip(number..).map(|(entry, number)| {
            let at = Stamp { frame: FrameRef { input: 0, number }, time: entry.time };
            let data = self.bytes.get(entry.start..entry.start + entry.length).unwrap_or_default();
            (entry.interface, Frame { at, link_type: entry.link_type, data, wire_length: entry.wire_length })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_by_time_with_their_interface() {
        let mut batch = Batch::default();
        for (interface, nanos, data) in [(0, 5, &b"late"[..]), (1, 3, b"early")] {
            let arrived = LiveFrame { time: Timestamp::new(nanos, 9), data, wire_length: 60 };
            batch.push(interface, 1, &arrived);
        }
        batch.sort();
        let frames: Vec<_> =
            batch.frames(7).map(|(i, f)| (i, f.at.frame.number, f.data.to_vec(), f.wire_length)).collect();
        assert_eq!(frames, [(1, 7, b"early".to_vec(), 60), (0, 8, b"late".to_vec(), 60)]);
        batch.clear();
        assert!(batch.is_empty());
    }
}
