//! What is said of logins that fail because a directory refuses a bind.

use super::SignOn;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// A directory refuses a bind that a server makes for a login.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedLoginBind {
    /// The directory.
    #[serde(serialize_with = "shown")]
    pub directory: Endpoint,
    /// The sign-on that waited.
    #[serde(flatten)]
    pub sign_on: SignOn,
    /// Whom the bind names.
    pub bind_name: Option<String>,
    /// That is who logs in; else it may be the server's own account.
    pub is_of_user: bool,
    /// What came of the bind.
    pub outcome: String,
}

impl Words for RefusedLoginBind {
    fn title(&self) -> String {
        let Self { directory, sign_on, outcome, .. } = self;
        format!(
            "The login of {} at {} fails: bind at the directory {directory} {outcome}",
            sign_on.users.or("a user"),
            sign_on.called()
        )
    }

    fn explanation(&self) -> String {
        let Self { directory, sign_on, outcome, .. } = self;
        let name = self.bind_name.as_deref().unwrap_or("somebody by SASL");
        let whose = if self.is_of_user {
            "the user, with the password that was typed"
        } else {
            "not the name that was typed: the server's own account, or the entry that it found for the user"
        };
        format!(
            "{} bound at the directory {directory} as {name} ({whose}): {outcome}. {}",
            sign_on.called(),
            sign_on.waited()
        )
    }
}
