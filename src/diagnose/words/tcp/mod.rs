//! What rules about TCP say.

pub(crate) mod loss;
pub(crate) mod mtu_blackhole;
pub(crate) mod never_acknowledged;
pub(crate) mod reset_together;
pub(crate) mod zero_window;

use crate::diagnose::words::span;
use serde::Serialize;
use std::fmt;

/// A segment that was sent again and again.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Repetition {
    /// Length of its payload.
    pub segment_bytes: u32,
    /// How often it was repeated.
    pub repetitions: u32,
    /// Seconds from the first time to the last.
    pub repeated_for_s: f64,
}

/// "5 times within 12 s".
impl fmt::Display for Repetition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} times within {}", self.repetitions, span(self.repeated_for_s))
    }
}
