//! What is said of a path that large packets do not get through.

use crate::diagnose::words::{Occurrences, OneSide, Words, clock, count, side, span};
use serde::Serialize;

/// A full-size segment never got through, smaller ones did.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TooLarge {
    /// Conversations between whom, and when the segment was sent first.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// The side that sent the segment in the first of them.
    #[serde(flatten)]
    pub sender: OneSide,
    /// Length of its payload.
    pub segment_bytes: u32,
    /// Repetitions of the segment.
    pub repetitions: u32,
    /// Seconds from the first time to the last.
    pub repeated_for_s: f64,
}

impl Words for TooLarge {
    fn title(&self) -> String {
        format!("Large packets from {} do not get through ({} bytes)", self.sender.side_address, self.segment_bytes)
    }

    fn explanation(&self) -> String {
        format!(
            "In {} between {} and {}, {} sent a segment of {} bytes at {} and repeated it {} times within {}; it was \
             never acknowledged, while smaller segments were. The path takes smaller packets only.",
            count(self.seen.count, "conversation"),
            self.seen.clients,
            self.seen.server,
            side(self.sender.side),
            self.segment_bytes,
            clock(self.seen.first),
            self.repetitions,
            span(self.repeated_for_s),
        )
    }
}

/// Full segments never came to the receiver, what was sent behind them did.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NeverCame {
    /// Conversations between whom, and when the first of them lacked something.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// The side that sent it in the first of them.
    #[serde(flatten)]
    pub sender: OneSide,
    /// Bytes that never came in the first of them.
    pub lacking_bytes: u64,
    /// The largest segment of that side that came.
    pub largest_bytes: u32,
    /// Seconds for which the receiver waited for them.
    pub waited_s: f64,
}

impl Words for NeverCame {
    fn title(&self) -> String {
        format!(
            "Large packets from {} do not get through ({} bytes never came)",
            self.sender.side_address, self.lacking_bytes
        )
    }

    fn explanation(&self) -> String {
        format!(
            "In {} between {} and {}, {} bytes of {} never came ({}), while what it sent behind them did. The receiver asked for \
             them for {} in vain. No segment of more than {} bytes came through: full packets get lost on the way, small ones \
             do not.",
            count(self.seen.count, "conversation"),
            self.seen.clients,
            self.seen.server,
            self.lacking_bytes,
            side(self.sender.side),
            clock(self.seen.first),
            span(self.waited_s),
            self.largest_bytes,
        )
    }
}
