//! What failed attempts have in common, as values: for findings of last resort.

use super::{Clients, Users, clock, count, shown};
use crate::facts::names;
use crate::model::{Attempt, Endpoint, Timestamp};
use serde::Serialize;

/// Attempts at one server that failed in the same way. Never none.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Name of the server, as people write it.
    pub server_name: Option<String>,
    /// The name that was asked for by the first, as people write it.
    pub asked: Option<String>,
    /// Clients that wanted it, by address.
    #[serde(flatten)]
    pub clients: Clients,
    /// Users who wanted it, by name.
    #[serde(flatten)]
    pub users: Users,
    /// Number of attempts.
    pub count: usize,
    /// Number of those who got it later.
    pub recovered_count: usize,
    /// The first one.
    pub first: Timestamp,
    /// The last one.
    pub last: Timestamp,
    /// End of the attempts: `refused (403 Forbidden)`, `unanswered`, `cut off by the server`.
    pub outcome: String,
}

impl Failure {
    /// Takes what the attempts of a group have in common; nothing of an empty one.
    pub(crate) fn of(group: &[&Attempt]) -> Option<Self> {
        let (first, last) = (group.first()?, group.last()?);
        Some(Self {
            server: first.server,
            server_name: first.server_name.as_deref().map(names::abbreviated),
            asked: first.asked.as_deref().map(names::abbreviated),
            clients: Clients::of(group.iter().map(|attempt| attempt.client)),
            users: Users::of(group.iter().map(|attempt| attempt.user.clone())),
            count: group.len(),
            recovered_count: group.iter().filter(|attempt| attempt.mended.is_some()).count(),
            first: first.at.time,
            last: last.at.time,
            outcome: first.outcome.words(),
        })
    }

    /// The server's name, or its address.
    pub(crate) fn called(&self) -> String {
        self.server_name.clone().unwrap_or_else(|| self.server.to_string())
    }

    /// "3 attempts from 10.1.0.50 (2026-01-02 03:04:05 UTC, the last 2026-01-02 03:04:09 UTC)"; "to …" may follow.
    pub(crate) fn attempts(&self) -> String {
        let last = if self.count > 1 { format!(", the last {}", clock(self.last)) } else { String::new() };
        format!("{} from {} ({}{last})", count(self.count, "attempt"), self.clients, clock(self.first))
    }

    /// A sentence on those who got it after all.
    pub(crate) fn aftermath(&self) -> String {
        match (self.recovered_count, self.count) {
            (0, _) => String::new(),
            (1, 1) => " It worked later.".to_owned(),
            (all, count) if all == count => " All of them worked later.".to_owned(),
            (some, count) => format!(" {some} of {count} worked later."),
        }
    }
}
