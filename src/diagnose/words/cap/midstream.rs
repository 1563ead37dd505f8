//! What is said of conversations that are older than the capture.

use super::{Concerned, Example};
use crate::diagnose::words::Words;
use serde::Serialize;

/// Conversations had begun before the capture did.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Begun {
    /// The conversations that had begun before.
    #[serde(flatten)]
    pub concerned: Concerned,
    /// The first of them, and its first frame.
    #[serde(flatten)]
    pub example: Example,
}

impl Words for Begun {
    fn title(&self) -> String {
        format!("{} had begun before the capture", self.concerned.of_all("NRPC conversation"))
    }

    fn explanation(&self) -> String {
        format!(
            "{} (first {}) had begun before the capture did: the names that were asked for and answered, \
             clocks and certificates cannot be judged there.",
            self.concerned.of_all("NRPC conversation"),
            self.example,
        )
    }
}
