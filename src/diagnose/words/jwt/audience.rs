//! What is said of JSON web tokens that are for somebody else.

use super::Tokens;
use crate::diagnose::words::{Words, few_of};
use serde::Serialize;

/// A token is for another server, or of an issuer that the server does not take.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ForSomebodyElse {
    /// The tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// Issuer that they name.
    pub jwt_issuer: Option<String>,
    /// Whom the first is for.
    pub jwt_audience: Vec<String>,
    /// Issuer of a token that the server took.
    pub taken_issuer: Option<String>,
    /// Whom that was for.
    pub taken_audience: Vec<String>,
}

impl Words for ForSomebodyElse {
    fn title(&self) -> String {
        let Self { tokens, jwt_issuer, .. } = self;
        let issuer = jwt_issuer.as_ref().map_or_else(String::new, |issuer| format!(" of {issuer}"));
        format!("{}{issuer} is not for {}, which refuses it", tokens.called(), tokens.host)
    }

    fn explanation(&self) -> String {
        let Self { tokens, jwt_issuer, jwt_audience, taken_issuer, taken_audience } = self;
        let described = |issuer: &Option<String>, audience: &[String]| {
            let issuer = issuer.as_deref().unwrap_or("an issuer without a name");
            format!("of {issuer} for {}", few_of(audience, audience.len(), "audiences"))
        };
        let taken = match (taken_issuer, taken_audience.is_empty()) {
            (None, true) => String::new(),
            _ => format!(" What the server took was {}.", described(taken_issuer, taken_audience)),
        };
        format!(
            "The token is {}; {} is none of them by that name. {}{taken}",
            described(jwt_issuer, jwt_audience),
            tokens.host,
            tokens.refusal()
        )
    }
}
