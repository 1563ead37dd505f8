//! What is said of a path that large packets do not get through.

use super::Repetition;
use crate::diagnose::words::{Occurrences, OneSide, Words, clock, side, span};
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
    /// The segment in the first of them.
    #[serde(flatten)]
    pub stuck: Repetition,
}

impl Words for TooLarge {
    fn title(&self) -> String {
        format!(
            "Large packets from {} do not get through ({} bytes)",
            self.sender.side_address, self.stuck.segment_bytes
        )
    }

    fn explanation(&self) -> String {
        format!(
            "In {}, {} sent a segment of {} bytes at {} and repeated it {}; it was never acknowledged, while smaller segments \
             were. The path takes smaller packets only.",
            self.seen.conversations(),
            side(self.sender.side),
            self.stuck.segment_bytes,
            clock(self.seen.first),
            self.stuck,
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
            "In {}, {} bytes of {} never came ({}), while what it sent behind them did. The receiver asked for \
             them for {} in vain. No segment of more than {} bytes came through: full packets get lost on the way, small ones \
             do not.",
            self.seen.conversations(),
            self.lacking_bytes,
            side(self.sender.side),
            clock(self.seen.first),
            span(self.waited_s),
            self.largest_bytes,
        )
    }
}
