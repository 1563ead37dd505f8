//! What is said of health checks and scans.

use crate::diagnose::words::{Clients, Words, clock, count, shown, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;
use std::net::IpAddr;

/// Connections without a word come at a steady period.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Checks {
    /// Whom the first series calls.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client of the first series.
    pub client: IpAddr,
    /// Clients of all series.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of connections.
    pub count: usize,
    /// Seconds from one call of the first series to the next.
    pub period_s: f64,
}

impl Words for Checks {
    fn title(&self) -> String {
        format!("Health checks from {}: not users", self.clients.called("sources"))
    }

    fn explanation(&self) -> String {
        format!(
            "{} connected {} without saying a word and closed at once, at a steady period ({} to {} every {}). That is \
             a health check, not a user.",
            self.clients.called("sources"),
            count(self.count, "time"),
            self.client,
            self.server,
            span(self.period_s),
        )
    }
}

/// Somebody calls many ports without a word.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Scan {
    /// The clients that call.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of connections.
    pub count: usize,
    /// Number of ports that they called, those of each machine for themselves.
    pub scanned_count: u64,
    /// When the first of them began.
    pub first: Timestamp,
}

impl Words for Scan {
    fn title(&self) -> String {
        format!("{} scans for open ports: not a user", self.clients.called("sources"))
    }

    fn explanation(&self) -> String {
        format!(
            "{} called {} from {} on and said nothing to any of them: a scan. Closed and silent ports among them \
             are not reported.",
            self.clients.called("sources"),
            count(usize::try_from(self.scanned_count).unwrap_or(usize::MAX), "port"),
            clock(self.first),
        )
    }
}

/// Many addresses send a SYN and are not heard of again.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Flood {
    /// Whom they call; the first if they are several.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The addresses.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of connections.
    pub count: usize,
    /// When the first of them began.
    pub first: Timestamp,
}

impl Words for Flood {
    fn title(&self) -> String {
        format!("{} is flooded with SYNs: not users", self.server)
    }

    fn explanation(&self) -> String {
        format!(
            "{} sent {} to {} from {} on, each only one, and were not heard of again: a flood, as the addresses are most often \
             invented. That they get no further is not reported. What users try at the same time is.",
            self.clients.called("addresses"),
            count(self.count, "SYN"),
            self.server,
            clock(self.first),
        )
    }
}
