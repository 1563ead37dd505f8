//! Values that findings from logs about tokens have: which log, whose token.

use serde::Serialize;

/// A log says something of a token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoggedToken {
    /// Name of the log.
    pub log: String,
    /// User of the token, if the log names one.
    pub user: Option<String>,
}

impl LoggedToken {
    /// The user, or "a user".
    pub(crate) fn whose(&self) -> &str {
        self.user.as_deref().unwrap_or("a user")
    }
}
