//! What is said of a token that a community server calls expired.

use super::{EndedSession, Proof};
use crate::diagnose::words::{Words, as_utc, span};
use nrpcsniff_dissectors::ltpa::utc;
use serde::Serialize;

/// A login was refused because its token is past its end.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Expired {
    /// User, server and reason of the login.
    #[serde(flatten)]
    pub session: EndedSession,
    /// The proof of identity in the login.
    #[serde(flatten)]
    pub proof: Proof,
    /// End of the token, by its own word.
    #[serde(flatten)]
    pub end: Option<TokenEnd>,
}

/// The end of a token, by its own word.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct TokenEnd {
    /// When it ends, in seconds since 1970.
    #[serde(serialize_with = "as_utc")]
    pub token_expires: i64,
    /// Seconds from when it was shown to that, by the capture's clock; negative if it had ended.
    pub token_left_s: f64,
}

impl Words for Expired {
    fn title(&self) -> String {
        let EndedSession { server, who, .. } = &self.session;
        if self.proof.is_token() {
            format!("Sametime server {server} calls the token of {who} expired")
        } else {
            format!("Sametime server {server} refused the login of {who} as an expired token")
        }
    }

    fn explanation(&self) -> String {
        let refused = self.session.refused(&format!(" with {}", self.proof));
        format!("{refused}{}{}", self.end.map_or_else(String::new, end), self.session.aftermath)
    }
}

fn end(TokenEnd { token_expires, token_left_s }: TokenEnd) -> String {
    let end = utc(token_expires);
    if token_left_s < 0.0 {
        format!(" The token ended at {end}, {} before it was shown.", span(-token_left_s))
    } else {
        format!(
            " The token is valid until {end}, {} longer by the capture's clock: the clock of the Sametime server seems to \
             be ahead.",
            span(token_left_s)
        )
    }
}
