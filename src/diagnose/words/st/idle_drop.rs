//! What is said of Sametime sessions that die of silence.

use crate::diagnose::words::{Clients, Words, clock, count, shown, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// Silent sessions were forgotten by something on the path.
#[derive(Debug, Clone, Serialize)]
pub struct Forgotten {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Whose sessions.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of sessions.
    pub count: usize,
    /// The shortest silence that one died of.
    pub idle_min_s: f64,
    /// The longest one.
    pub idle_max_s: f64,
    /// What broke the first silence was answered by RST; else by nobody.
    pub was_reset: bool,
    /// When the first silence was broken.
    pub first: Timestamp,
    /// Something on the path sent an RST in the name of a host.
    pub forged: bool,
}

impl Forgotten {
    /// "12 min", "12 min to 14 min".
    fn range(&self) -> String {
        let (shortest, longest) = (span(self.idle_min_s), span(self.idle_max_s));
        if shortest == longest { shortest } else { format!("{shortest} to {longest}") }
    }
}

impl Words for Forgotten {
    fn title(&self) -> String {
        let sessions = count(self.count, "Sametime session");
        format!("{sessions} with {} lost after a silence of {}", self.server, self.range())
    }

    fn explanation(&self) -> String {
        format!(
            "Sametime sessions of {} with {} were silent for {}; what came after that {} (first at {}). {}",
            self.clients,
            self.server,
            self.range(),
            if self.was_reset { "was answered by RST" } else { "was never answered" },
            clock(self.first),
            if self.forged {
                "The RST was sent by something on the path, not by the host whose address it carries."
            } else {
                "Most often a firewall or NAT on the path has forgotten the session."
            },
        )
    }
}
