//! What is said of calls that failed.

use crate::diagnose::words::{Failure, Words};
use serde::Serialize;

/// The call was not put through.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotPutThrough {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
}

impl Words for NotPutThrough {
    fn title(&self) -> String {
        let failure = &self.failure;
        let asked = failure.asked.as_deref().unwrap_or("somebody");
        format!("Call of {} to {asked}: {}", failure.users.or("somebody"), failure.outcome)
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        format!(
            "{} to call {} by way of {}: {}.{} Nothing that people do is answered so; the log of the server tells more.",
            failure.attempts(),
            failure.asked.as_deref().unwrap_or("somebody"),
            failure.server,
            failure.outcome,
            failure.aftermath(),
        )
    }
}
