//! What is said of registrations that were lost.

use crate::diagnose::words::{Failure, Words, count};
use serde::Serialize;

/// It was there, and was not renewed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotRenewed {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
    /// Calls to these users that failed from then on.
    pub missed_count: usize,
}

impl Words for NotRenewed {
    fn title(&self) -> String {
        let failure = &self.failure;
        format!(
            "The registration of {} at {} was lost: {}",
            failure.users.or("somebody"),
            failure.server,
            failure.outcome
        )
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        let missed = match self.missed_count {
            0 => String::new(),
            calls => format!(" {} to it failed since.", count(calls, "call")),
        };
        format!(
            "{} was registered at {}. {} to renew that: {}.{missed} The client did not register again, and may show its user online \
             all the same.",
            failure.users.or("Somebody"),
            failure.server,
            failure.attempts(),
            failure.outcome,
        )
    }
}
