//! What is said of requests that a SIP server forbids.

use super::RefusedRequests;
use crate::diagnose::words::Words;
use serde::Serialize;

/// The server knows who asks, and forbids it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ForbiddenRequests {
    /// The requests that were refused.
    #[serde(flatten)]
    pub refused: RefusedRequests,
    /// The user that a sign-on token in the first request names.
    pub token_user: Option<String>,
}

impl Words for ForbiddenRequests {
    fn title(&self) -> String {
        format!("{} is forbidden by {}", self.refused.requests, self.refused.server)
    }

    fn explanation(&self) -> String {
        let Self { refused, token_user } = self;
        let token = token_user.as_ref().map_or_else(String::new, |user| {
            format!(" The sign-on token in the request names {user}: that must be the owner of the address.")
        });
        format!(
            "{} answered {} {}. It understood the request and does not allow it: the same request will not succeed later \
             (RFC 3261).{token}{}",
            refused.server,
            refused.requests,
            refused.how_often(),
            refused.aftermath(),
        )
    }
}
