//! What is said of a SIP server that failed at its own work.

use super::RefusedRequests;
use crate::diagnose::words::Words;
use serde::Serialize;

/// The server answered that it failed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ServerFailed {
    /// The requests that were refused.
    #[serde(flatten)]
    pub refused: RefusedRequests,
    /// Seconds after which it wants to be tried again.
    pub retry_after_s: Option<u32>,
}

impl Words for ServerFailed {
    fn title(&self) -> String {
        format!("{} fails: {}", self.refused.server, self.refused.answer())
    }

    fn explanation(&self) -> String {
        let Self { refused, retry_after_s } = self;
        let later = retry_after_s
            .map_or_else(String::new, |seconds| format!(" It asks to be tried again after {seconds} seconds."));
        format!(
            "{} answered {}{} {}.{later} The request itself was not at fault.{}",
            refused.server,
            refused.requests,
            refused.crowd().map_or_else(String::new, |crowd| format!(" ({crowd})")),
            refused.how_often(),
            refused.aftermath(),
        )
    }
}
