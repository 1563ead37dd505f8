//! What is said of sessions that were reset after a silence.

use crate::diagnose::words::{Occurrences, Silence, Words, clock, count};
use serde::Serialize;

/// The first segment after a silence was answered by RST.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reset {
    /// The sessions: their clients, the server, and when the silence of the first of them ended.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// Shortest and longest silence.
    #[serde(flatten)]
    pub silence: Silence,
    /// Something on the path sent an RST in the name of a host.
    pub forged: bool,
}

impl Words for Reset {
    fn title(&self) -> String {
        let sessions = count(self.seen.count, "session");
        format!("{sessions} with {} reset after a silence of {}", self.seen.server, self.silence)
    }

    fn explanation(&self) -> String {
        format!(
            "Sessions of {} with {} were silent for {}; the first segment after that was answered by RST \
             (first at {}). {}",
            self.seen.clients,
            self.seen.server,
            self.silence,
            clock(self.seen.first),
            if self.forged {
                "The RST was sent by something on the path, not by the host whose address it carries."
            } else {
                "Most often a firewall or NAT on the path has forgotten the session; the RST itself does not show it."
            },
        )
    }
}
