//! What is said of a server that takes long to answer.

use crate::diagnose::words::{Clients, Words, clock, count, shown, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// A server made clients wait for answers, and the network did not.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Slow {
    /// The server that is slow.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The clients that waited.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of requests that were answered late.
    pub count: usize,
    /// Seconds from which on an answer counts as late.
    pub limit_s: f64,
    /// Seconds that the slowest answer took.
    pub longest_s: f64,
    /// When that was asked for.
    pub longest_at: Timestamp,
}

impl Words for Slow {
    fn title(&self) -> String {
        format!("{} took up to {} to answer", self.server, span(self.longest_s))
    }

    fn explanation(&self) -> String {
        format!(
            "{} took more than {} to answer {} of {}, the slowest {} ({}). Nothing was repeated meanwhile: the \
             server was at work, or waiting for something else than the network.",
            self.server,
            span(self.limit_s),
            count(self.count, "request"),
            self.clients,
            span(self.longest_s),
            clock(self.longest_at),
        )
    }
}
