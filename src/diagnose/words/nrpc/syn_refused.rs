//! What is said of connections that are refused by RST.

use super::Afterwards;
use crate::diagnose::words::{Occurrences, RefusedBecause, Words, clock, count, span};
use serde::Serialize;

/// Attempts were answered by RST.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AnsweredByReset {
    /// Clients, server and number of the attempts.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// Seconds until it was refused; unknown where the capture's clock ran backwards.
    pub delay_s: Option<f64>,
    /// The reason of the refusal, as far as the rest of the capture tells.
    #[serde(flatten)]
    pub why: RefusedBecause,
    /// The clients' next step.
    #[serde(flatten)]
    pub afterwards: Afterwards,
}

impl Words for AnsweredByReset {
    fn title(&self) -> String {
        self.why.title(self.seen.server, &self.seen.clients)
    }

    fn explanation(&self) -> String {
        let delay = self.delay_s.map_or_else(String::new, |delay| format!(" after {}", span(delay)));
        format!(
            "{} tried to connect to {} ({}, first at {}); {} answered with RST{delay}.{}{}",
            self.seen.clients,
            self.seen.server,
            count(self.seen.count, "attempt"),
            clock(self.seen.first),
            self.why.who(),
            self.why.sentence(),
            self.afterwards,
        )
    }
}
