//! What is said of names and passwords that a web server does not take.

use crate::diagnose::words::{Failure, Words, clock};
use crate::model::Timestamp;
use serde::Serialize;

/// Name and password were not taken.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotTaken {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
    /// By what the user showed them.
    #[serde(rename = "login_method")]
    pub method: LoginMethod,
    /// When the same user was let in there before, the last time.
    pub taken_before: Option<Timestamp>,
}

/// How name and password are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LoginMethod {
    /// By a form.
    Form,
    /// In the header, nearly in clear.
    Basic,
    /// In the header, as a proof of them.
    Digest,
    /// By NTLM, as a proof of them.
    Ntlm,
}

impl LoginMethod {
    const fn words(self) -> &'static str {
        match self {
            Self::Form => "by a form",
            Self::Basic => "in the header (Basic)",
            Self::Digest => "in the header (Digest)",
            Self::Ntlm => "by NTLM",
        }
    }
}

impl Words for NotTaken {
    fn title(&self) -> String {
        let failure = &self.failure;
        format!(
            "{} does not take name and password of {}: {}",
            failure.called(),
            failure.users.or("a user"),
            failure.outcome
        )
    }

    fn explanation(&self) -> String {
        let failure = &self.failure;
        let before = self.taken_before.map_or_else(String::new, |at| {
            format!(" The same user was let in before ({}): the password may have been changed, or the account was locked since.", clock(at))
        });
        format!(
            "{} to log in at {} ({}) as {} {}: {}.{} A wrong name, a wrong password, a locked account and a directory that does not find the \
             user look alike from outside; the server's log tells them apart.{before}",
            failure.attempts(),
            failure.called(),
            failure.server,
            failure.users.or("a user"),
            self.method.words(),
            failure.outcome,
            failure.aftermath(),
        )
    }
}
