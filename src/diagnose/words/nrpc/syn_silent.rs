//! What is said of connections that nobody answers.

use super::Afterwards;
use crate::diagnose::words::{Occurrences, Words, clock, count, span};
use serde::Serialize;

/// Attempts were not answered at all.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Silent {
    /// Clients, server and number of the attempts.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// Number of SYNs in all of them.
    pub syn_count: usize,
    /// Seconds for which nothing came back, as far as the capture shows.
    pub waited_s: f64,
    /// The port answered others in this capture.
    pub port_answers_others: bool,
    /// Another port of the address that accepted a connection in this capture.
    pub other_port: Option<u16>,
    /// The clients' next step.
    #[serde(flatten)]
    pub afterwards: Afterwards,
}

impl Words for Silent {
    fn title(&self) -> String {
        let state = match (self.port_answers_others, self.other_port) {
            (true, _) => {
                "the port answered others in this capture: a filter for these clients, or an outage of a while"
            }
            (false, Some(_)) => "the host is up: this port is filtered",
            (false, None) => "the port is filtered, or the host is down",
        };
        format!("No answer from {}: {state}", self.seen.server)
    }

    fn explanation(&self) -> String {
        format!(
            "{} tried to connect to {} at {} and sent {} in {}; nothing came back within {}.{}",
            self.seen.clients,
            self.seen.server,
            clock(self.seen.first),
            count(self.syn_count, "SYN"),
            count(self.seen.count, "attempt"),
            span(self.waited_s),
            self.afterwards,
        )
    }
}
