//! What is said of a receiver that stops reading.

use crate::diagnose::words::{Clients, OneSide, Words, clock, count, shown, span};
use crate::model::{Endpoint, Side, Timestamp};
use serde::Serialize;

/// A receive window was closed for long.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StoppedReading {
    /// Server of the conversations.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Their clients.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of times that the window was closed.
    pub count: usize,
    /// The side whose window it was.
    #[serde(flatten)]
    pub receiver: OneSide,
    /// Seconds of the longest time.
    pub longest_s: f64,
    /// Beginning of the longest time.
    pub longest_at: Timestamp,
    /// Seconds of all times together.
    pub total_s: f64,
}

impl Words for StoppedReading {
    fn title(&self) -> String {
        format!("{} could take no more for {}", self.receiver.side_address, span(self.longest_s))
    }

    fn explanation(&self) -> String {
        let who = match self.receiver.side {
            Side::Client => "The client",
            Side::Server => "The server",
        };
        format!(
            "{who} {} closed its receive window {} in conversations of {} with {}, {} in all; the longest time \
             began at {}. It did not read what had arrived.",
            self.receiver.side_address,
            count(self.count, "time"),
            self.clients,
            self.server,
            span(self.total_s),
            clock(self.longest_at),
        )
    }
}
