//! What is said of sessions that ended at authentication.

use super::{Ending, NamedServer};
use crate::diagnose::words::{Status, Words, span};
use serde::Serialize;
use std::net::IpAddr;

/// The server refused the identities with a status.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct IdentitiesRefused {
    /// The server that was called, by the name that it gave.
    #[serde(flatten)]
    pub server: NamedServer,
    /// The client that called.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// The status.
    #[serde(flatten)]
    pub status: Status,
    /// Number of the message that carries it.
    pub message: u32,
}

impl Words for IdentitiesRefused {
    fn title(&self) -> String {
        format!("{} and {} could not authenticate: status {}", self.server, self.client, self.status)
    }

    fn explanation(&self) -> String {
        format!(
            "{} reached {} at {}; the authentication ended with status {} in message {}. Network \
             and name are right; the identities are not accepted.",
            self.client, self.server, self.server.server, self.status, self.message,
        )
    }
}

/// Both sides parted right after they had sent their identities.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Parted {
    /// The server that was called, by the name that it gave.
    #[serde(flatten)]
    pub server: NamedServer,
    /// The client that called.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// End of the first session.
    #[serde(flatten)]
    pub ending: Ending,
}

impl Words for Parted {
    fn title(&self) -> String {
        format!("{} and {} parted right after authentication", self.server, self.client)
    }

    fn explanation(&self) -> String {
        let how = |delay| format!("{} {} later", self.ending.closed, span(delay));
        format!(
            "{} reached {} at {}; both sent their identities, and {}, before anything else was \
             asked. This is how a rejected authentication looks; the reason itself is not readable here.",
            self.client,
            self.server,
            self.server.server,
            self.ending.close_delay_s.map_or_else(String::new, how),
        )
    }
}

/// A log has the text of a status of the security package.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RejectionLogged {
    /// Name of the log.
    pub log: String,
    /// The status.
    #[serde(flatten)]
    pub status: Status,
    /// Meaning of the status, in words.
    pub meaning: &'static str,
}

impl Words for RejectionLogged {
    fn title(&self) -> String {
        format!("Notes and Domino could not authenticate: {}", self.meaning)
    }

    fn explanation(&self) -> String {
        format!("{} says so with the text of status {}.", self.log, self.status)
    }
}
