//! What is said of frames that were captured twice.

use super::Example;
use crate::diagnose::words::{Words, count};
use serde::Serialize;

/// Frames are copies of others.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Twice {
    /// Number of conversations that have some.
    pub count: usize,
    /// The first copy.
    #[serde(flatten)]
    pub example: Example,
    /// Number of copies.
    pub frame_count: u64,
}

impl Words for Twice {
    fn title(&self) -> String {
        format!("{} frames of {} are in the capture twice", self.frame_count, self.conversations())
    }

    fn explanation(&self) -> String {
        format!(
            "{} frames of {} are copies of a frame a moment before (first of {}). They are left out of the judgement.",
            self.frame_count,
            self.conversations(),
            self.example,
        )
    }
}

impl Twice {
    fn conversations(&self) -> String {
        count(self.count, "NRPC conversation")
    }
}
