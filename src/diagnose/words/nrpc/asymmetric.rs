//! What is said of a path on which one direction gets lost.

use crate::diagnose::words::{Occurrences, Words, clock, count};
use serde::Serialize;

/// Data of one side does not reach the other.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OneDirection {
    /// Clients, server and number of the attempts.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// The part that was lost in the first attempt.
    pub lost: LostPart,
}

/// The part of the exchange that did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LostPart {
    /// The server's SYN-ACK.
    Answer,
    /// Data of the client, or their acknowledgment.
    Data,
}

impl Words for OneDirection {
    fn title(&self) -> String {
        format!("One direction between {} and {} gets lost", self.seen.clients, self.seen.server)
    }

    fn explanation(&self) -> String {
        let what = match self.lost {
            LostPart::Answer => "answered every SYN, but the client repeated it and never acknowledged the answer",
            LostPart::Data => "accepted the connection, but nothing that the client sent afterwards was acknowledged",
        };
        format!(
            "{} connected to {} ({}, first at {}). The server {what}: one direction takes another path, or a \
             firewall drops it.",
            self.seen.clients,
            self.seen.server,
            count(self.seen.count, "attempt"),
            clock(self.seen.first),
        )
    }
}
