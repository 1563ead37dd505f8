//! What is said of a login that a community server did not accept.

use crate::diagnose::words::{Failure, Words};
use serde::Serialize;

/// No acknowledgment came.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedLogins {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
}

impl Words for FailedLogins {
    fn title(&self) -> String {
        let failure = &self.failure;
        format!("Login of {} at {}: {}", failure.users.or("somebody without a name"), failure.server, failure.outcome)
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        format!(
            "{} to log in at the Sametime server {} as {}: {}.{} The reason says no more than that; the server's own logs tell \
             what it did with the login.",
            failure.attempts(),
            failure.server,
            failure.users.or("somebody without a name"),
            failure.outcome,
            failure.aftermath(),
        )
    }
}
