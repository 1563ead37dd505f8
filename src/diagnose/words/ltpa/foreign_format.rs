//! What is said of a token in a cookie of another version's name.

use super::{TokenKind, Verifier};
use crate::diagnose::words::{Answers, Clients, Words};
use serde::Serialize;

/// A cookie holds a token of another kind than its name says, and was refused.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Misnamed {
    /// The server that refused it.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// The clients that showed it.
    #[serde(flatten)]
    pub clients: Clients,
    /// Name of the cookie.
    pub cookie: String,
    /// Kind of the token.
    pub token_kind: TokenKind,
    /// The keys given open it.
    pub is_opened: bool,
    /// Host that issued it, if that was captured.
    pub token_issuer: Option<String>,
    /// Name of the cookie in which that set it.
    pub issued_as: Option<String>,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for Misnamed {
    fn title(&self) -> String {
        format!("The cookie {} that {} refuses holds {}", self.cookie, self.verifier, self.held())
    }

    fn explanation(&self) -> String {
        format!(
            "{} showed a cookie {} that holds {}. {} {} refused it ({}).",
            self.clients,
            self.cookie,
            self.held(),
            self.known_by(),
            self.verifier,
            self.answers,
        )
    }
}

impl Misnamed {
    const fn held(&self) -> &'static str {
        match self.token_kind {
            TokenKind::Domino => "a token of Domino's own kind",
            TokenKind::WebsphereV1 => "a token of version 1",
            TokenKind::WebsphereV2 => "a token of version 2",
        }
    }

    /// The way by which that is known.
    fn known_by(&self) -> String {
        match (self.is_opened, &self.token_issuer, &self.issued_as) {
            (true, ..) => "It opens so with the keys given.".to_owned(),
            (false, Some(issuer), Some(cookie)) => format!("{issuer} had set it as {cookie}."),
            (false, ..) => "Its form says so.".to_owned(),
        }
    }
}

/// The trace of Domino says that a token does not begin as it should.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FormatTraced {
    /// Name of the log.
    pub log: String,
}

impl Words for FormatTraced {
    fn title(&self) -> String {
        "Domino opened a sign-on token that does not begin as its version should".to_owned()
    }

    fn explanation(&self) -> String {
        format!(
            "The trace of Domino's single sign-on in {} says that the text of the token does not begin with u: it was opened \
             by the rules of version 1 and begins as version 2 does (expire:).",
            self.log,
        )
    }
}
