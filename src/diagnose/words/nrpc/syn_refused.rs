//! What is said of connections that are refused by RST.

use super::Afterwards;
use crate::diagnose::words::{Occurrences, Words, clock, count, span};
use serde::Serialize;

/// Attempts were answered by RST.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AnsweredByReset {
    /// Clients, server and number of the attempts.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// Seconds until it was refused.
    pub delay_s: f64,
    /// Something on the path sent an RST in the name of the server.
    pub forged: bool,
    /// The clients' next step.
    #[serde(flatten)]
    pub afterwards: Afterwards,
}

impl Words for AnsweredByReset {
    fn title(&self) -> String {
        if self.forged {
            format!("A packet filter refuses connections to {}", self.seen.server)
        } else {
            format!("{} refuses connections: nothing listens there", self.seen.server)
        }
    }

    fn explanation(&self) -> String {
        let who = if self.forged { "something on the path, in the server's name," } else { "the server" };
        format!(
            "{} tried to connect to {} ({}, first at {}); {who} answered with RST after {}.{}",
            self.seen.clients,
            self.seen.server,
            count(self.seen.count, "attempt"),
            clock(self.seen.first),
            span(self.delay_s),
            self.afterwards,
        )
    }
}
