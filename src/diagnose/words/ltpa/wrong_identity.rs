//! What is said of a token that is somebody else's.

use crate::diagnose::words::Words;
use serde::Serialize;

/// A token names another person than the one who logs in with it or is given it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OtherPerson {
    /// The user who logs in.
    pub user: String,
    /// Whom the token names.
    pub token_user: String,
    /// That is an administrator of WebSphere.
    pub names_administrator: bool,
    /// The server refused it.
    pub was_refused: bool,
}

impl Words for OtherPerson {
    fn title(&self) -> String {
        format!("{} has the sign-on token of {}", self.user, self.token_user)
    }

    fn explanation(&self) -> String {
        let Self { user, token_user, .. } = self;
        let kind = if self.names_administrator { ", an administrator of WebSphere" } else { "" };
        let outcome = if self.was_refused {
            "The server refused it."
        } else {
            "Who takes the token lets the user act under that name."
        };
        format!("The user is {user}, the token names {token_user}{kind}. {outcome}")
    }
}
