//! What is said of connections to sign-on machines that did not come about.

use crate::diagnose::words::{Failure, RefusedBecause, Words};
use serde::Serialize;

/// The connection did not come about.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedConnections {
    /// The attempts: their clients, the server, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
    /// The reason of the refusal, if a RST refused it.
    #[serde(flatten)]
    pub why: Option<RefusedBecause>,
    /// Nobody answered.
    pub is_silent: bool,
}

impl Words for FailedConnections {
    fn title(&self) -> String {
        let failure = &self.failure;
        match &self.why {
            Some(why) => why.title(failure.server, &failure.clients),
            None if self.is_silent => {
                format!("No answer from {}: the port is filtered, or the host is down", failure.server)
            }
            None => format!("{} cannot be reached: {}", failure.server, failure.outcome),
        }
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        let called = failure.asked.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        let why = self.why.as_ref().map_or_else(String::new, RefusedBecause::sentence);
        format!(
            "{} to connect to {}{called}: {}.{why}{} At this machine people sign on, as the rest of the capture shows.",
            failure.attempts(),
            failure.server,
            failure.outcome,
            failure.aftermath(),
        )
    }
}
