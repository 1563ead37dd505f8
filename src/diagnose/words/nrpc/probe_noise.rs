//! What is said of health checks and scans.

use crate::diagnose::words::{Clients, HealthChecks, Occurrences, Words, clock, count};
use crate::model::Timestamp;
use serde::Serialize;

/// Connections without a word come at a steady period.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Checks(pub HealthChecks);

impl Words for Checks {
    fn title(&self) -> String {
        format!("Health checks from {}: not users", self.0.sources())
    }

    fn explanation(&self) -> String {
        self.0.to_string()
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
    /// Whom they call (the first if they are several), from which addresses, how often, and when the first of them began.
    #[serde(flatten)]
    pub seen: Occurrences,
}

impl Words for Flood {
    fn title(&self) -> String {
        format!("{} is flooded with SYNs: not users", self.seen.server)
    }

    fn explanation(&self) -> String {
        format!(
            "{} sent {} to {} from {} on, each only one, and were not heard of again: a flood, as the addresses are most often \
             invented. That they get no further is not reported. What users try at the same time is.",
            self.seen.clients.called("addresses"),
            count(self.seen.count, "SYN"),
            self.seen.server,
            clock(self.seen.first),
        )
    }
}
