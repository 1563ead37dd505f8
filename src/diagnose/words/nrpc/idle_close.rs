//! What is said of sessions that the server ended after a silence.

use crate::diagnose::words::{Clients, Words, clock, count, shown, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// The server closed silent sessions when their time was over.
#[derive(Debug, Clone, Serialize)]
pub struct TimedOut {
    /// Who closed.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Whose sessions they were.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of sessions.
    pub count: usize,
    /// When the first of them was closed.
    pub first: Timestamp,
    /// Seconds of silence before that.
    pub idle_s: f64,
}

impl Words for TimedOut {
    fn title(&self) -> String {
        format!("{} ended {} after {} of silence", self.server, count(self.count, "session"), span(self.idle_s))
    }

    fn explanation(&self) -> String {
        format!(
            "The server {} closed sessions of {} by FIN after {} without a word (first at {}). That is its \
             session timeout; nothing was lost.",
            self.server,
            self.clients,
            span(self.idle_s),
            clock(self.first),
        )
    }
}
