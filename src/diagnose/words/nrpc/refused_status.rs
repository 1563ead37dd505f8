//! What is said of a status that refuses a session.

use super::NamedServer;
use crate::diagnose::words::{Status, Words};
use serde::Serialize;
use std::net::IpAddr;

/// The server refused the session with a status.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SessionRefused {
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
    /// Meaning of the status, in words.
    pub meaning: &'static str,
}

impl Words for SessionRefused {
    fn title(&self) -> String {
        format!("{} refused the session: {}", self.server, self.meaning)
    }

    fn explanation(&self) -> String {
        format!(
            "{} reached {} at {}, and the server answered with status {}: {}. Network and \
             server are working.",
            self.client, self.server, self.server.server, self.status, self.meaning,
        )
    }
}

/// A log has the text of such a status.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StatusLogged {
    /// Name of the log.
    pub log: String,
    /// The server that the line names, abbreviated.
    pub server_name: Option<String>,
    /// The status.
    #[serde(flatten)]
    pub status: Status,
    /// Meaning of the status, in words.
    pub meaning: &'static str,
}

impl StatusLogged {
    /// The server by its name, else as one of many.
    pub(crate) fn server(&self) -> &str {
        self.server_name.as_deref().unwrap_or("A Domino server")
    }
}

impl Words for StatusLogged {
    fn title(&self) -> String {
        format!("{} turned a session away: {}", self.server(), self.meaning)
    }

    fn explanation(&self) -> String {
        format!(
            "{} says so with the text of status {}. The network works and the server answers; it does not want this session.",
            self.log,
            self.status.number(),
        )
    }
}
