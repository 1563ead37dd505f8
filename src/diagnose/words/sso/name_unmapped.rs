//! What is said of a user whom a server does not know by the name in the token.

use crate::diagnose::words::ltpa::Verifier;
use crate::diagnose::words::{Answers, Users, Words};
use serde::Serialize;

/// Tokens with names of an LDAP directory were refused, and none was accepted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotKnown {
    /// The server that refused them.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// Users that they name.
    #[serde(flatten)]
    pub users: Users,
    /// The first of them.
    pub token_user: String,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for NotKnown {
    fn title(&self) -> String {
        format!("{} does not know {}", self.verifier, self.users.or("a user"))
    }

    fn explanation(&self) -> String {
        let Self { verifier, token_user, answers, .. } = self;
        format!(
            "The token names its user {token_user}, as an LDAP directory writes names. {verifier} refused it ({answers}), and \
             accepted no token with such a name. Nothing that can be read speaks against the token, so that its user is not known \
             there by that name (inferred)."
        )
    }
}

/// A trace of a sign-on: the token verified, and its user was not found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotFound {
    /// Name of the log.
    pub log: String,
    /// The name in the token.
    pub token_user: String,
}

impl Words for NotFound {
    fn title(&self) -> String {
        let user = &self.token_user;
        format!("The directory of the Sametime server does not know {user}, the name in the sign-on token")
    }

    fn explanation(&self) -> String {
        format!(
            "By {}, the token verified well and names its user {}; no search of the directory found an entry of that name, and \
             the login failed. The token is good, the name is not the directory's.",
            self.log, self.token_user,
        )
    }
}
