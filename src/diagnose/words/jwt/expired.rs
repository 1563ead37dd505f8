//! What is said of JSON web tokens that are shown after their end.

use super::Tokens;
use crate::diagnose::words::{Words, span};
use crate::model::Timestamp;
use serde::Serialize;

/// A token was shown after the end that it names.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PastItsEnd {
    /// The tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// End of the first one.
    pub token_expires: Timestamp,
    /// Seconds from when it was shown to that: negative, or none.
    pub token_left_s: f64,
}

impl Words for PastItsEnd {
    fn title(&self) -> String {
        let Self { tokens, token_expires, .. } = self;
        format!("{} ended at {token_expires}, before it was shown to {}", tokens.called(), tokens.host)
    }

    fn explanation(&self) -> String {
        let Self { tokens, token_expires, token_left_s } = self;
        format!(
            "{} says itself that it ended at {token_expires} (exp), {} before it was shown. {}",
            tokens.called(),
            span(-*token_left_s),
            tokens.refusal()
        )
    }
}
