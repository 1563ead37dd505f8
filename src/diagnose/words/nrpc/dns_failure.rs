//! What is said of names that DNS has no address for.

use crate::diagnose::words::{Clients, Words, clock, count, few, few_of};
use crate::model::Timestamp;
use serde::Serialize;
use std::fmt;

/// DNS has no address for a Notes server.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoAddress {
    /// Name of the Notes server, as people write it.
    pub server_name: String,
    /// The name that DNS was asked for first.
    pub dns_name: String,
    /// The clients that asked.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of questions.
    pub count: usize,
    /// When the first was asked.
    pub first: Timestamp,
    /// Answers to the lookups.
    #[serde(flatten)]
    pub outcomes: Outcomes,
    /// How many of the questions the same client asked again later, with success.
    pub recovered_count: usize,
}

impl Words for NoAddress {
    fn title(&self) -> String {
        format!("DNS has no address for {}: {}", self.dns_name, self.outcomes)
    }

    fn explanation(&self) -> String {
        format!(
            "{} asked DNS for {} at {} ({}) and got no address: {}. No connection from there to that server followed.{} \
             The name belongs to the Notes server {}.",
            self.clients,
            self.dns_name,
            clock(self.first),
            count(self.count, "question"),
            self.outcomes,
            if self.recovered_count > 0 { " Later it was found." } else { "" },
            self.server_name,
        )
    }
}

/// Ends of questions that brought no address: each once, the first eight, and how many there are.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Outcomes {
    dns_outcomes: Vec<String>,
    dns_outcome_count: usize,
}

impl Outcomes {
    /// Of any number of questions.
    pub(crate) fn of<'o>(outcomes: impl IntoIterator<Item = &'o str>) -> Self {
        let (dns_outcomes, dns_outcome_count) = few(outcomes.into_iter().map(str::to_owned));
        Self { dns_outcomes, dns_outcome_count }
    }
}

/// "NXDOMAIN", "NXDOMAIN and no answer".
impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&few_of(&self.dns_outcomes, self.dns_outcome_count, "reasons"))
    }
}
