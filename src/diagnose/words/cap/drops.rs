//! What is said of frames that the capture misses.

use super::{Concerned, Example};
use crate::diagnose::words::{Words, count};
use serde::Serialize;

/// Conversations show holes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Holes {
    /// The conversations that show holes.
    #[serde(flatten)]
    pub concerned: Concerned,
    /// The first hole.
    #[serde(flatten)]
    pub example: Example,
    /// Bytes that were acknowledged and are not in the capture.
    pub missing_bytes: u64,
    /// Frames that the capturing machine says it dropped, of any conversation.
    pub dropped_frames: u64,
}

impl Words for Holes {
    fn title(&self) -> String {
        format!("The capture misses segments of {}", count(self.concerned.count, "NRPC conversation"))
    }

    fn explanation(&self) -> String {
        format!(
            "{} bytes in {} were acknowledged but are not in the capture (first {}). What stood there cannot be judged.",
            self.missing_bytes,
            self.concerned.of_all("NRPC conversation"),
            self.example,
        )
    }
}

/// Frames were dropped, and no conversation shows a hole.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Dropped {
    /// Frames that the capturing machine says it dropped.
    pub dropped_frames: u64,
}

impl Words for Dropped {
    fn title(&self) -> String {
        format!("The capturing machine dropped {} frames", self.dropped_frames)
    }

    fn explanation(&self) -> String {
        "No NRPC conversation shows a hole, but whole conversations may be missing.".to_owned()
    }
}
