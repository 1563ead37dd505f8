//! What is said of a login that a web server refuses.

use crate::diagnose::words::{Failure, Words};
use serde::Serialize;

/// Nobody was let in.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedLogins {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
}

impl Words for RefusedLogins {
    fn title(&self) -> String {
        let failure = &self.failure;
        format!("Login of {} at {}: {}", failure.users.or("a user"), failure.called(), failure.outcome)
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        format!(
            "{} to log in at {} ({}) as {}: {}.{} Why stands in the log of that server.",
            failure.attempts(),
            failure.called(),
            failure.server,
            failure.users.or("a user"),
            failure.outcome,
            failure.aftermath(),
        )
    }
}
