//! What is said of a server that went down.

use crate::diagnose::words::{Clients, Words, clock, count, shown, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// A server closed its sessions within seconds, and new ones failed.
#[derive(Debug, Clone, Serialize)]
pub struct Down {
    /// Which server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Whose sessions it closed.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of sessions that it closed.
    pub count: usize,
    /// Number of attempts that failed afterwards.
    pub retries: usize,
    /// When it closed the first of them.
    pub first: Timestamp,
    /// Seconds from then until it accepted sessions again, if it did.
    pub outage_s: Option<f64>,
}

impl Words for Down {
    fn title(&self) -> String {
        let what = if self.outage_s.is_some() { "restarted" } else { "went down" };
        format!("{} {what} at {}", self.server, self.first)
    }

    fn explanation(&self) -> String {
        let end = self.outage_s.map_or_else(
            || "It did not come back before the capture ended.".to_owned(),
            |outage| format!("It accepted sessions again {} later.", span(outage)),
        );
        format!(
            "At {} the server {} closed {} of {} within seconds; then {} failed. {end}",
            clock(self.first),
            self.server,
            count(self.count, "session"),
            self.clients,
            count(self.retries, "attempt"),
        )
    }
}
