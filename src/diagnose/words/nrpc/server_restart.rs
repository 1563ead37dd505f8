//! What is said of a server that went down.

use crate::diagnose::words::{Occurrences, Words, clock, count, span};
use serde::Serialize;

/// A server closed its sessions within seconds, and new ones failed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Down {
    /// Clients, server and number of the sessions that were closed.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// Number of attempts that failed afterwards.
    pub retries: usize,
    /// Seconds from then until it accepted sessions again, if it did.
    pub outage_s: Option<f64>,
}

impl Words for Down {
    fn title(&self) -> String {
        let what = if self.outage_s.is_some() { "restarted" } else { "went down" };
        format!("{} {what} at {}", self.seen.server, self.seen.first)
    }

    fn explanation(&self) -> String {
        let end = self.outage_s.map_or_else(
            || "It did not come back before the capture ended.".to_owned(),
            |outage| format!("It accepted sessions again {} later.", span(outage)),
        );
        format!(
            "At {} the server {} closed {} of {} within seconds; then {} failed. {end}",
            clock(self.seen.first),
            self.seen.server,
            count(self.seen.count, "session"),
            self.seen.clients,
            count(self.retries, "attempt"),
        )
    }
}
