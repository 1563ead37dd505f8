//! What is said of a token that a neighbour's takes the place of.

use super::Verifier;
use crate::diagnose::words::{Answers, Clients, Words};
use serde::Serialize;

/// A neighbour's token took the place of a server's own.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Replaced {
    /// The server that refuses it.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// Host that set it.
    pub token_issuer: String,
    /// Name of both cookies.
    pub cookie: String,
    /// Domain of both.
    pub cookie_domain: String,
    /// Who showed it.
    #[serde(flatten)]
    pub clients: Clients,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for Replaced {
    fn title(&self) -> String {
        let Self { verifier, token_issuer, cookie, .. } = self;
        format!("{token_issuer} overwrites the {cookie} of {verifier}, which refuses the other")
    }

    fn explanation(&self) -> String {
        let Self { verifier, token_issuer, cookie, cookie_domain, clients, answers } = self;
        format!(
            "{verifier} had set {cookie} for {cookie_domain} and took it. Then {token_issuer} set a {cookie} of its own for the same domain and \
             path: browsers keep one of a name, the latest. {clients} showed {verifier} that one, and was refused ({answers}): the two servers \
             do not share their sign-on, and still use one cookie."
        )
    }
}
