//! What is said of a sign-on token that Sametime does not accept.

use super::{EndedSession, Proof};
use crate::diagnose::words::{Users, Words};
use serde::Serialize;

/// A login was refused because its token could not be verified.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Refused {
    /// User, server and reason of the login.
    #[serde(flatten)]
    pub session: EndedSession,
    /// The proof of identity in the login.
    #[serde(flatten)]
    pub proof: Proof,
}

impl Words for Refused {
    fn title(&self) -> String {
        let EndedSession { server, who, .. } = &self.session;
        if self.proof.is_token() {
            format!("Sametime server {server} refused the sign-on token of {who}")
        } else {
            format!("Sametime server {server} refused the login of {who} as an invalid token")
        }
    }

    fn explanation(&self) -> String {
        format!("{}{}", self.session.refused(&format!(" with {}", self.proof)), self.session.aftermath)
    }
}

/// The server's trace says that a token did not verify.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotVerified {
    /// Name of the log.
    pub log: String,
    /// User of the token.
    pub user: Option<String>,
    /// All users whose tokens did not verify, where they are one finding.
    #[serde(flatten)]
    pub users: Option<Users>,
    /// Sametime's own code.
    pub check_code: Option<u32>,
    /// The trace says that the user was turned away.
    pub was_turned_away: bool,
}

impl NotVerified {
    fn whose(&self) -> &str {
        self.user.as_deref().unwrap_or(NAMELESS)
    }
}

/// Stands for a user of whom the log has no name.
pub(crate) const NAMELESS: &str = "a user whose name is not in the log";

impl Words for NotVerified {
    fn title(&self) -> String {
        let whose = self.users.as_ref().map_or_else(|| self.whose().to_owned(), |users| users.or(NAMELESS));
        format!("Sametime did not accept the sign-on token of {whose}")
    }

    fn explanation(&self) -> String {
        let with = self.check_code.map_or_else(String::new, |code| format!(" with code {code}"));
        format!(
            "By {}, the login of {} failed at the check of its token{with}{}. That is Sametime's own code and no status of Domino: \
             the token did not verify, and the code does not say why. Look at the format of the token first (LtpaToken or \
             LtpaToken2), then at the keys, then at its end and at the clocks.",
            self.log,
            self.whose(),
            if self.was_turned_away { ", and was turned away" } else { "" },
        )
    }
}
