//! Health checks as values: whoever knows that something looks at a steady period whether a port is open.

use super::{Clients, count, shown, span};
use crate::facts::network::probes::ProbeSeries;
use crate::model::Endpoint;
use serde::Serialize;
use std::fmt;
use std::net::IpAddr;

/// Connections without a word that come at a steady period, from one source or several.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HealthChecks {
    /// Whom the first series calls.
    #[serde(serialize_with = "shown")]
    server: Endpoint,
    /// The source of the first series.
    client: IpAddr,
    /// Sources of all series.
    #[serde(flatten)]
    clients: Clients,
    /// Number of connections of all series.
    count: usize,
    /// Seconds from one call of the first series to the next.
    period_s: f64,
}

impl HealthChecks {
    /// Takes all series together; nothing of none.
    pub(crate) fn of(series: &[ProbeSeries<'_>]) -> Option<Self> {
        let first = series.first()?;
        let probe = first.probes.first()?;
        let all = || series.iter().flat_map(|series| series.probes.iter());
        Some(Self {
            server: probe.server,
            client: probe.client.ip,
            clients: Clients::of(all().map(|c| c.client.ip)),
            count: all().count(),
            period_s: first.period,
        })
    }

    /// "10.1.0.5", "10.1.0.5 and 2 other sources".
    pub(crate) fn sources(&self) -> String {
        self.clients.called("sources")
    }
}

/// The explanation, whatever port they look at.
impl fmt::Display for HealthChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
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
