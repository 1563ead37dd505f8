//! What is said of a path that large packets do not get through.

use crate::diagnose::words::{Clients, OneSide, Words, clock, count, shown, side, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// A full-size segment never got through, smaller ones did.
#[derive(Debug, Clone, Serialize)]
pub struct TooLarge {
    /// Server of the conversations.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Their clients.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of conversations.
    pub count: usize,
    /// Who sent the segment in the first of them.
    #[serde(flatten)]
    pub sender: OneSide,
    /// Length of its payload.
    pub segment_bytes: u32,
    /// When it was sent first.
    pub first: Timestamp,
    /// How often it was repeated.
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
            count(self.count, "conversation"),
            self.clients,
            self.server,
            side(self.sender.side),
            self.segment_bytes,
            clock(self.first),
            self.repetitions,
            span(self.repeated_for_s),
        )
    }
}
