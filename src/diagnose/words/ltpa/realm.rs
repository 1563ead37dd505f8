//! What is said of tokens that name another realm.

use super::{LoggedToken, Verifier};
use crate::diagnose::words::{Answers, Clients, Words};
use serde::Serialize;

/// Tokens that open with the server's keys and name another realm than its own were refused.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OtherRealm {
    /// The server that refused them.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// Realm that they name.
    pub token_realm: String,
    /// Realm in tokens that the server issues itself.
    pub own_realm: String,
    /// The clients that showed them.
    #[serde(flatten)]
    pub clients: Clients,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for OtherRealm {
    fn title(&self) -> String {
        let Self { verifier, token_realm: realm, own_realm, .. } = self;
        format!("{verifier} is of realm {own_realm}, the token it refuses of realm {realm}")
    }

    fn explanation(&self) -> String {
        let Self { verifier, token_realm: realm, own_realm, clients, answers } = self;
        let by_case = realm.eq_ignore_ascii_case(own_realm);
        let but = if by_case { ": the same but for capitals, which count" } else { "" };
        format!(
            "{verifier} refused tokens that {clients} showed ({answers}). They open with the keys given, and so do the server's \
             own: the keys are shared. But they name the realm {realm}, and the server's own tokens {own_realm}{but}."
        )
    }
}

/// A log of Domino says that it does not know the realm of a token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UnknownRealmLogged {
    /// The log that says it, and the user of the token.
    #[serde(flatten)]
    pub logged: LoggedToken,
}

impl Words for UnknownRealmLogged {
    fn title(&self) -> String {
        format!("The sign-on token of {} names a realm that Domino does not know", self.logged.whose())
    }

    fn explanation(&self) -> String {
        format!(
            "{} says that the token contains an unknown WebSphere LDAP realm: the token opens, so the keys are shared, and \
             the realm in it is not the one in the Web SSO Configuration document.",
            self.logged.log,
        )
    }
}
