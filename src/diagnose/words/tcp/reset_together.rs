//! What is said of sessions that are reset at one moment.

use crate::diagnose::words::{Occurrences, Words, clock, count};
use serde::Serialize;

/// Sessions of several clients were reset.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reset {
    /// Clients, server, number of the sessions, and when.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// Something on the path sent the resets.
    pub forged: bool,
    /// How many of the sessions' clients were served again soon.
    pub recovered_count: usize,
}

impl Words for Reset {
    fn title(&self) -> String {
        format!("{} with {} were reset at one moment", count(self.seen.count, "session"), self.seen.server)
    }

    fn explanation(&self) -> String {
        let who = if self.forged {
            "The resets carry the server's address, but a device on the path sent them: it has lost its table of sessions (fail-over, \
             new policy), or took the server out of service."
        } else {
            "The server ended them all at once, or a device as far away did in its name."
        };
        let again = match self.recovered_count {
            0 => "None of them was seen to be served again.".to_owned(),
            all if all == self.seen.count => "All of them were served again soon after.".to_owned(),
            some => format!("{some} of them were served again soon after."),
        };
        format!(
            "At {} {} of {} with {} were reset within seconds, in the middle of their work. {who} {again}",
            clock(self.seen.first),
            count(self.seen.count, "session"),
            self.seen.clients,
            self.seen.server,
        )
    }
}
