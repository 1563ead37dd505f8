//! What is said of JSON web tokens that are shown before their beginning.

use super::Tokens;
use crate::diagnose::words::{Words, span};
use crate::model::Timestamp;
use serde::Serialize;

/// A token was shown before the beginning that it names.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BeforeItsBeginning {
    /// The tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// Beginning of the first one.
    pub token_begins: Timestamp,
    /// Issuer that it names.
    pub jwt_issuer: Option<String>,
    /// By how much its issuer's clock is ahead of the server's, at least.
    pub token_issuer_ahead_s: f64,
}

impl Words for BeforeItsBeginning {
    fn title(&self) -> String {
        let Self { tokens, token_begins, .. } = self;
        format!("{} begins at {token_begins}, after it was shown to {}", tokens.called(), tokens.host)
    }

    fn explanation(&self) -> String {
        let Self { tokens, token_begins, jwt_issuer, token_issuer_ahead_s } = self;
        format!(
            "{} says itself that it begins at {token_begins}, {} after it was shown: the clock of {} is ahead of that of {}. {}",
            tokens.called(),
            span(*token_issuer_ahead_s),
            jwt_issuer.as_deref().unwrap_or("its issuer"),
            tokens.host,
            tokens.refusal()
        )
    }
}
