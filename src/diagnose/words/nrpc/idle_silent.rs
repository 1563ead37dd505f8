//! What is said of sessions that were dead after a silence.

use crate::diagnose::words::{Clients, Words, clock, count, shown, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// What was sent after a silence was never acknowledged.
#[derive(Debug, Clone, Serialize)]
pub struct Dead {
    /// With whom the sessions were.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Whose sessions they were.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of sessions.
    pub count: usize,
    /// When the silence of the first of them ended.
    pub first: Timestamp,
    /// Seconds of silence, the shortest.
    pub idle_min_s: f64,
    /// A new connection of one of the clients worked.
    pub recovered: bool,
}

impl Words for Dead {
    fn title(&self) -> String {
        let sessions = count(self.count, "session");
        format!("{sessions} with {} dead after a silence of {}", self.server, span(self.idle_min_s))
    }

    fn explanation(&self) -> String {
        format!(
            "Sessions of {} with {} were silent for {} and more; what was sent after that (first at {}) was \
             repeated and never acknowledged.{} Something on the path drops the session without telling.",
            self.clients,
            self.server,
            span(self.idle_min_s),
            clock(self.first),
            if self.recovered { " A new connection worked at once." } else { "" },
        )
    }
}
