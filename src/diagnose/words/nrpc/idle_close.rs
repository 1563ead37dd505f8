//! What is said of sessions that the server ended after a silence.

use crate::diagnose::words::{Occurrences, Words, clock, count, span};
use serde::Serialize;

/// The server closed silent sessions when their time was over.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TimedOut {
    /// The sessions: their clients, the server, and when the first of them was closed.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// Seconds of silence before that.
    pub idle_s: f64,
}

impl Words for TimedOut {
    fn title(&self) -> String {
        format!(
            "{} ended {} after {} of silence",
            self.seen.server,
            count(self.seen.count, "session"),
            span(self.idle_s)
        )
    }

    fn explanation(&self) -> String {
        format!(
            "The server {} closed sessions of {} by FIN after {} without a word (first at {}). That is its \
             session timeout; nothing was lost.",
            self.seen.server,
            self.seen.clients,
            span(self.idle_s),
            clock(self.seen.first),
        )
    }
}
