//! What is said of sessions that did not open.

use crate::diagnose::words::{Failure, Words};
use serde::Serialize;

/// The request was not answered as it should be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedOpenings {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
}

impl Words for FailedOpenings {
    fn title(&self) -> String {
        let failure = &self.failure;
        match &failure.asked {
            Some(asked) => format!("The session with {asked} at {} did not open: {}", failure.server, failure.outcome),
            None => format!("The session with {} did not open: {}", failure.server, failure.outcome),
        }
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        let asked = failure.asked.as_ref().map_or_else(String::new, |asked| format!(" for \"{asked}\""));
        format!(
            "{} to open a session{asked} at {}: {}.{} The connection came about; why the server did not go on is not known here. \
             Its console and log.nsf at that time tell.",
            failure.attempts(),
            failure.server,
            failure.outcome,
            failure.aftermath(),
        )
    }
}
