//! What is said of a long line that makes many questions slow.

use crate::diagnose::words::{Words, clock, count, shown, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;
use std::net::IpAddr;

/// The way alone makes the time that a client waits.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LongLine {
    /// The server that was asked.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that asked.
    pub client: IpAddr,
    /// Number of conversations.
    pub count: usize,
    /// When the first of them began.
    pub first: Timestamp,
    /// Number of questions, one after the other.
    pub questions: u64,
    /// Seconds there and back, in the first conversation.
    pub round_trip_s: f64,
    /// Seconds that all round trips took, `active_s` at most.
    pub travel_s: f64,
    /// Seconds that the conversations were at work.
    pub active_s: f64,
}

impl Words for LongLine {
    fn title(&self) -> String {
        let round_trip = span(self.round_trip_s);
        format!("The line between {} and {} is long: {round_trip} a round trip", self.client, self.server)
    }

    fn explanation(&self) -> String {
        format!(
            "{} asked {} {} questions, one after the other, in {} from {} on; every answer takes {} for \
             the way alone. That makes {} of {}. Nothing was lost.",
            self.client,
            self.server,
            self.questions,
            count(self.count, "conversation"),
            clock(self.first),
            span(self.round_trip_s),
            span(self.travel_s),
            span(self.active_s),
        )
    }
}
