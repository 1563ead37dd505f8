//! What is said of sessions that were dead after a silence.

use crate::diagnose::words::{Occurrences, Words, clock, count, span};
use serde::Serialize;

/// Data that was sent after a silence was never acknowledged.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Dead {
    /// The sessions: their clients, the server, and when the silence of the first of them ended.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// Seconds of silence, the shortest.
    pub idle_min_s: f64,
    /// A new connection of one of the clients worked.
    pub recovered: bool,
}

impl Words for Dead {
    fn title(&self) -> String {
        let sessions = count(self.seen.count, "session");
        format!("{sessions} with {} dead after a silence of {}", self.seen.server, span(self.idle_min_s))
    }

    fn explanation(&self) -> String {
        format!(
            "Sessions of {} with {} were silent for {} and more; what was sent after that (first at {}) was \
             repeated and never acknowledged.{} Something on the path drops the session without telling.",
            self.seen.clients,
            self.seen.server,
            span(self.idle_min_s),
            clock(self.seen.first),
            if self.recovered { " A new connection worked at once." } else { "" },
        )
    }
}
