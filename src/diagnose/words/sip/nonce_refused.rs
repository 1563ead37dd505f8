//! What is said of a nonce that was good before and is refused.

use super::RefusedRequests;
use crate::diagnose::words::{Words, count, span};
use serde::Serialize;

/// A nonce that was good before is refused, and the client gives up.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Refused {
    /// The requests that were refused.
    #[serde(flatten)]
    pub refused: RefusedRequests,
    /// Seconds since the client got in with that nonce first.
    pub nonce_age_s: f64,
    /// Calls to the user that failed since.
    pub missed_count: usize,
}

impl Words for Refused {
    fn title(&self) -> String {
        let Self { refused, .. } = self;
        format!(
            "{} no longer takes the nonce of {} and does not say that it is too old",
            refused.server,
            refused.requests.users()
        )
    }

    fn explanation(&self) -> String {
        let Self { refused, nonce_age_s, missed_count } = self;
        let missed = match missed_count {
            0 => String::new(),
            calls => format!(" {} to this user failed since.", count(*calls, "call")),
        };
        format!(
            "{} answered {} {}. The credentials answer a nonce with which the client had got in {} before: the password is right, the \
             nonce is too old, and the answer does not say so (stale=true). The client did not try again with a new one.{missed}",
            refused.server,
            refused.requests,
            refused.how_often(),
            span(*nonce_age_s),
        )
    }
}
