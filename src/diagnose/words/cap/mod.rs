//! What rules about the capture itself say.

pub(crate) mod ambiguous;
pub(crate) mod clock_back;
pub(crate) mod drops;
pub(crate) mod duplicates;
pub(crate) mod encrypted;
pub(crate) mod midstream;
pub(crate) mod offload;
pub(crate) mod oneway;
pub(crate) mod others;
pub(crate) mod truncated;
pub(crate) mod wrong_place;

use crate::diagnose::words::{clock, count, shown};
use crate::model::{Conversation, Endpoint, Timestamp};
use serde::Serialize;
use std::fmt;

/// How many of a capture's conversations are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Concerned {
    /// Those that are.
    pub count: usize,
    /// All of their protocol.
    pub conversation_count: usize,
}

impl Concerned {
    /// "3 of 5 NRPC conversations".
    fn of_all(self, what: &str) -> String {
        format!("{} of {}", self.count, count(self.conversation_count, what))
    }
}

/// The first conversation that is concerned, and when that is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Example {
    #[serde(serialize_with = "shown")]
    client_endpoint: Endpoint,
    #[serde(serialize_with = "shown")]
    server: Endpoint,
    first: Timestamp,
}

impl Example {
    /// The first conversation that shows it, at that time.
    pub(crate) const fn of(conversation: &Conversation, first: Timestamp) -> Self {
        Self { client_endpoint: conversation.client, server: conversation.server, first }
    }
}

/// "10.1.0.5:50000 → 10.1.0.9:1352, at 2026-01-02 08:00:00.000 UTC".
impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}, at {}", self.client_endpoint, self.server, clock(self.first))
    }
}
