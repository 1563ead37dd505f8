//! What is said of Sametime sessions that die of silence.

use crate::diagnose::words::{Clients, Silence, Words, clock, count, shown};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// Silent sessions were forgotten by something on the path.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Forgotten {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Clients of the sessions.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of sessions.
    pub count: usize,
    /// The silences that they died of.
    #[serde(flatten)]
    pub silence: Silence,
    /// True if a RST answered what broke the first silence; else nobody did.
    pub was_reset: bool,
    /// When the first silence was broken.
    pub first: Timestamp,
    /// Something on the path sent an RST in the name of a host.
    pub forged: bool,
}

impl Words for Forgotten {
    fn title(&self) -> String {
        let sessions = count(self.count, "Sametime session");
        format!("{sessions} with {} lost after a silence of {}", self.server, self.silence)
    }

    fn explanation(&self) -> String {
        format!(
            "Sametime sessions of {} with {} were silent for {}; what came after that {} (first at {}). {}",
            self.clients,
            self.server,
            self.silence,
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
