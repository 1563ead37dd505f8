//! What is said of a user who may not use a community server.

use super::EndedSession;
use crate::diagnose::words::Words;
use serde::Serialize;

/// The server knows who asks, and does not allow it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotAllowed {
    /// User, server and reason of the login.
    #[serde(flatten)]
    pub session: EndedSession,
}

impl Words for NotAllowed {
    fn title(&self) -> String {
        format!("{} is not allowed on Sametime server {}", self.session.who, self.session.server)
    }

    fn explanation(&self) -> String {
        format!(
            "{} It knows who asks, and does not allow it: another password or token will not help.{}",
            self.session.refused(""),
            self.session.aftermath,
        )
    }
}
