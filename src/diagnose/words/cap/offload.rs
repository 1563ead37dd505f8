//! What is said of a capture on a host whose network card does part of TCP's work.

use crate::diagnose::words::{OneSide, Words, clock, count};
use crate::model::Timestamp;
use serde::Serialize;

/// Segments stand in the capture as a host hands them to its network card.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Offloaded {
    /// The host, in the first conversation.
    #[serde(flatten)]
    pub host: OneSide,
    /// Number of conversations.
    pub count: usize,
    /// When the first of them began.
    pub first: Timestamp,
}

impl Words for Offloaded {
    fn title(&self) -> String {
        format!("Offloading at {}: sizes and checksums are not the wire's", self.host.side_address)
    }

    fn explanation(&self) -> String {
        format!(
            "In {} segments stand as {} hands them to its network card, not as they travelled (first at {}). Packet sizes \
             and checksums are not judged there.",
            count(self.count, "NRPC conversation"),
            self.host.side_address,
            clock(self.first),
        )
    }
}
