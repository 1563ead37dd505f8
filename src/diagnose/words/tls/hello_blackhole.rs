//! What is said of a large `ClientHello` that is never answered.

use super::Handshakes;
use crate::diagnose::words::{Words, span};
use serde::Serialize;

/// A `ClientHello` of more than one segment got no answer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Swallowed {
    /// Handshakes that went no further.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// Length of the first `ClientHello`.
    pub hello_bytes: u64,
    /// Fate of the `ClientHello`.
    #[serde(flatten)]
    pub fate: HelloFate,
}

/// The fate of a `ClientHello` that was not answered.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum HelloFate {
    /// It was never acknowledged.
    Repeated {
        /// Repetitions of the `ClientHello`.
        repetitions: u32,
        /// Seconds from the first time to the last.
        repeated_for_s: f64,
    },
    /// It was acknowledged.
    Acknowledged {
        /// Seconds in which nothing followed.
        waited_s: f64,
    },
}

impl Words for Swallowed {
    fn title(&self) -> String {
        let Handshakes { clients, .. } = &self.handshakes;
        format!("The large ClientHello of {clients} to {} is never answered", self.handshakes.site())
    }

    fn explanation(&self) -> String {
        let fate = match self.fate {
            HelloFate::Repeated { repetitions, repeated_for_s } => {
                format!("it was repeated {repetitions} times within {} and never acknowledged", span(repeated_for_s))
            }
            HelloFate::Acknowledged { waited_s } => {
                format!("it was acknowledged, and for {} nothing else came", span(waited_s))
            }
        };
        format!(
            "{} to reach {} with a ClientHello of {} bytes, more than one segment; {fate}.",
            self.handshakes.tried(),
            self.handshakes.site(),
            self.hello_bytes,
        )
    }
}
