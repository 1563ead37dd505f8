//! What is said of users whom a SIP server does not know.

use super::RefusedRequests;
use crate::diagnose::words::Words;
use serde::Serialize;

/// The server has no such user, or does not serve the domain.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unknown {
    /// The requests that were refused.
    #[serde(flatten)]
    pub refused: RefusedRequests,
}

impl Words for Unknown {
    fn title(&self) -> String {
        format!("{} is unknown to {}", self.refused.requests.users(), self.refused.server)
    }

    fn explanation(&self) -> String {
        let Self { refused } = self;
        format!(
            "{} answered {} {}: it has no such user, or does not serve that domain.{}",
            refused.server,
            refused.requests,
            refused.how_often(),
            refused.aftermath(),
        )
    }
}
