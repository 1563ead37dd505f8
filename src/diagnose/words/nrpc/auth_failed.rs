//! What is said of sessions that ended at their authentication.

use crate::diagnose::words::{Failure, Words};
use serde::Serialize;

/// The client had gone on after the server's answer, and got no further.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedAuthentications {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
}

impl Words for FailedAuthentications {
    fn title(&self) -> String {
        let failure = &self.failure;
        format!("The session with {} ended at its authentication: {}", failure.called(), failure.outcome)
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        format!(
            "{} to authenticate with {} at {}: {}.{} Network and names are right: the server had answered the session request, and \
             the client went on. Why it ended is not readable here; the server's log tells.",
            failure.attempts(),
            failure.called(),
            failure.server,
            failure.outcome,
            failure.aftermath(),
        )
    }
}
