//! What is said of health checks on the Sametime port.

use crate::diagnose::words::{Clients, Words, count, shown, span};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// Sources look at a steady period whether the port is open.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HealthChecks {
    /// The server that the first source looks at.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The first source.
    pub client: IpAddr,
    /// All sources.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of checks of all sources.
    pub count: usize,
    /// Seconds between two checks of the first source.
    pub period_s: f64,
}

impl HealthChecks {
    fn sources(&self) -> String {
        self.clients.called("sources")
    }
}

impl Words for HealthChecks {
    fn title(&self) -> String {
        format!("Health checks of the Sametime port from {}: not users", self.sources())
    }

    fn explanation(&self) -> String {
        format!(
            "{} connected {} without saying a word and closed at once, at a steady period ({} to {} every {}). That is a \
             health check, not a user.",
            self.sources(),
            count(self.count, "time"),
            self.client,
            self.server,
            span(self.period_s),
        )
    }
}
