//! What is said of conversations of which only one direction was captured.

use super::{Concerned, Example};
use crate::diagnose::words::{OneSide, Words, side};
use serde::Serialize;

/// Only one side is in the capture.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Half {
    /// The conversations of which one side is missing.
    #[serde(flatten)]
    pub concerned: Concerned,
    /// The first of them, and its first frame.
    #[serde(flatten)]
    pub example: Example,
    /// The side of it that is seen.
    #[serde(flatten)]
    pub seen: OneSide,
}

impl Words for Half {
    fn title(&self) -> String {
        format!("Only one direction of {} was captured", self.concerned.of_all("NRPC conversation"))
    }

    fn explanation(&self) -> String {
        format!(
            "Of {} only one side is in the capture (first {}: only {}). What the other side said, and who \
             ended it, cannot be judged.",
            self.concerned.of_all("NRPC conversation"),
            self.example,
            side(self.seen.side),
        )
    }
}
