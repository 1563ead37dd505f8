//! What is said of registrations that failed.

use crate::diagnose::words::{Failure, Words};
use serde::Serialize;

/// No registration came about.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedRegistrations {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
}

impl Words for FailedRegistrations {
    fn title(&self) -> String {
        let failure = &self.failure;
        format!("Registration of {} at {}: {}", failure.users.or("somebody"), failure.server, failure.outcome)
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        format!(
            "{} to register {} at {}: {}.{} Why the server answers so is not known here; its log at that time tells.",
            failure.attempts(),
            failure.users.or("somebody"),
            failure.server,
            failure.outcome,
            failure.aftermath(),
        )
    }
}
