//! What is said of binds that a directory refuses.

use crate::diagnose::words::{Failure, Words};
use serde::Serialize;

/// Nobody was taken for who he said he is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Refused {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
}

impl Words for Refused {
    fn title(&self) -> String {
        let failure = &self.failure;
        format!(
            "Bind of {} at the directory {}: {}",
            failure.users.or("somebody by SASL"),
            failure.called(),
            failure.outcome
        )
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        format!(
            "{} to bind at the directory {} as {}: {}.{} What the directory did not like stands in its own log; name and password \
             are not compared here.",
            failure.attempts(),
            failure.server,
            failure.users.or("somebody by SASL"),
            failure.outcome,
            failure.aftermath(),
        )
    }
}
