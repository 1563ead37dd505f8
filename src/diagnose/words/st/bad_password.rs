//! What is said of a name or password that a community server does not take.

use super::EndedSession;
use crate::diagnose::words::Words;
use serde::Serialize;

/// A login with a password was refused.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WrongPassword {
    /// User, server and reason of the login.
    #[serde(flatten)]
    pub session: EndedSession,
    /// The weakness of the way in which the password was sent.
    pub weakness: Option<&'static str>,
}

impl Words for WrongPassword {
    fn title(&self) -> String {
        format!("{} did not accept name and password of {}", self.session.server, self.session.who)
    }

    fn explanation(&self) -> String {
        let weakness = self.weakness.map_or_else(String::new, |weakness| format!(" Mind: {weakness}."));
        format!("{}{weakness}{}", self.session.refused(" with a password"), self.session.aftermath)
    }
}
