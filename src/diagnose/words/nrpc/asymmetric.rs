//! What is said of a path on which one direction gets lost.

use crate::diagnose::words::{Clients, Words, clock, count, shown};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// What one side says does not reach the other.
#[derive(Debug, Clone, Serialize)]
pub struct OneDirection {
    /// Who was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Who called.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of attempts.
    pub count: usize,
    /// When the first of them began.
    pub first: Timestamp,
    /// What was lost in the first of them.
    pub lost: Lost,
}

/// What did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lost {
    /// The server's SYN-ACK.
    Answer,
    /// What the client sent, or its acknowledgment.
    Data,
}

impl Words for OneDirection {
    fn title(&self) -> String {
        format!("One direction between {} and {} gets lost", self.clients, self.server)
    }

    fn explanation(&self) -> String {
        let what = match self.lost {
            Lost::Answer => "answered every SYN, but the client repeated it and never acknowledged the answer",
            Lost::Data => "accepted the connection, but nothing that the client sent afterwards was acknowledged",
        };
        format!(
            "{} connected to {} ({}, first at {}). The server {what}: one direction takes another path, or a \
             firewall drops it.",
            self.clients,
            self.server,
            count(self.count, "attempt"),
            clock(self.first),
        )
    }
}
