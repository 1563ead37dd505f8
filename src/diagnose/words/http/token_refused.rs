//! What is said of a token that a web server refuses.

use crate::diagnose::words::{Failure, Words, listed};
use serde::Serialize;

/// The token of an earlier login was not taken.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedToken {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
    /// Tokens that were shown: class, user, fingerprint.
    pub tokens: Vec<String>,
    /// Host that had set it, if that was seen.
    pub token_issuer: Option<String>,
    /// Seconds from the setting of the token to its refusal, if both were seen.
    pub token_age_s: Option<f64>,
}

impl Words for RefusedToken {
    fn title(&self) -> String {
        let failure = &self.failure;
        let whose = self.token_issuer.as_ref().map_or_else(String::new, |host| format!(" that {host} issued"));
        format!("{} does not take the sign-on token{whose}: {}", failure.called(), failure.outcome)
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        let shown = match self.tokens.as_slice() {
            [] => String::new(),
            tokens => format!(" It is {}.", listed(tokens.iter().cloned(), "tokens")),
        };
        let issued = match (&self.token_issuer, self.token_age_s) {
            (Some(host), Some(before)) => format!(" {host} had set it {before:.0} s before."),
            _ => String::new(),
        };
        format!(
            "{} at {} ({}) with the token of an earlier login: {}.{shown}{issued}{} Whether keys, realm, version or user are not \
             shared cannot be told from the packets alone: the keys of the issuer (--ltpa-keys) and the log of {} would tell.",
            failure.attempts(),
            failure.called(),
            failure.server,
            failure.outcome,
            failure.aftermath(),
            failure.called(),
        )
    }
}
