//! What is said of a version of WebSphere's token that a server does not take.

use super::{LoggedToken, TokenKind, Verifier};
use crate::diagnose::words::{Answers, Clients, Words};
use serde::Serialize;

/// A login with one version alone was refused.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OneVersion {
    /// The server that refused it.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// The clients that showed it.
    #[serde(flatten)]
    pub clients: Clients,
    /// The version that was shown.
    pub token_kind: TokenKind,
    /// True if the same server was seen to accept the other version.
    pub accepts_other: bool,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for OneVersion {
    fn title(&self) -> String {
        format!("{} refuses {} of {}", self.verifier, self.versions().0, self.clients)
    }

    fn explanation(&self) -> String {
        let Self { verifier, clients, answers, .. } = self;
        let (this, that) = self.versions();
        let because = if self.accepts_other {
            format!("The same server accepts {that}.")
        } else {
            format!("Nothing else speaks against the token: the server seems to take only {that} (inferred).")
        };
        format!("{clients} showed {this} alone, and {verifier} refused it ({answers}). {because}")
    }
}

impl OneVersion {
    /// The version that was shown, and the other one.
    const fn versions(&self) -> (&'static str, &'static str) {
        const FIRST: &str = "LtpaToken (version 1)";
        const SECOND: &str = "LtpaToken2 (version 2)";
        match self.token_kind {
            TokenKind::WebsphereV1 => (FIRST, SECOND),
            TokenKind::WebsphereV2 | TokenKind::Domino => (SECOND, FIRST),
        }
    }
}

/// A log of Domino says that it does not take the type of a token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TypeRefusalLogged {
    /// The log that says it, and the user of the token.
    #[serde(flatten)]
    pub logged: LoggedToken,
}

impl Words for TypeRefusalLogged {
    fn title(&self) -> String {
        format!("Domino does not take the type of the sign-on token of {}", self.logged.whose())
    }

    fn explanation(&self) -> String {
        format!(
            "{} says that the type of the token does not match the configuration: the server is set up for the other \
             version of the token, LtpaToken or LtpaToken2.",
            self.logged.log,
        )
    }
}
