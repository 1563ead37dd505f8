//! What is said of a client that has no token to log in again.

use super::Person;
use crate::diagnose::words::{Closed, Words, shown, span, times};
use crate::model::Endpoint;
use serde::Serialize;

/// A session was lost, and the client came back without a token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoToken {
    /// The server that the client came back to.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// User and server of the session that was lost.
    #[serde(flatten)]
    pub who: Person,
    /// The server of the lost session.
    #[serde(serialize_with = "shown")]
    pub lost_at: Endpoint,
    /// The side that closed the lost session, and how.
    #[serde(flatten)]
    pub closed: Closed,
    /// Seconds from its end to the next session.
    pub delay_s: f64,
    /// The client sent a login with an empty token; else it left after the handshake.
    pub sent_login: bool,
    /// Times that it came back so.
    pub count: usize,
}

impl Words for NoToken {
    fn title(&self) -> String {
        format!("{} has no token to log in again at {}", self.who, self.server)
    }

    fn explanation(&self) -> String {
        let how =
            if self.sent_login { "logged in with an empty token" } else { "shook hands and left without a login" };
        format!(
            "{} had logged in at {} with a token. The session was lost ({}). {} later the client connected again and {how} \
             ({} in this capture): it could not get a new token.",
            self.who,
            self.lost_at,
            self.closed,
            span(self.delay_s),
            times(self.count),
        )
    }
}

/// The client's own log says that it has no token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Logged {
    /// Name of the log.
    pub log: String,
}

impl Words for Logged {
    fn title(&self) -> String {
        "The Sametime client could not get a sign-on token".to_owned()
    }

    fn explanation(&self) -> String {
        format!(
            "{} says so. The server that issues the tokens was not reached under the name that the client has for it, or belongs to \
             another DNS domain (inferred from public reports of this message).",
            self.log,
        )
    }
}
