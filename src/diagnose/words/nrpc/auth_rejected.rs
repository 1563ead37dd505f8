//! What is said of sessions that ended at authentication.

use super::called;
use crate::diagnose::words::{Closed, Status, Words, shown, span};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// The server refused the identities with a status.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// Who was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The name that it gave, abbreviated.
    pub server_name: Option<String>,
    /// Who called.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// The status.
    #[serde(flatten)]
    pub status: Status,
    /// Number of the message that carries it.
    pub message: u32,
}

impl Words for Refused {
    fn title(&self) -> String {
        let name = called(self.server_name.as_deref(), self.server);
        format!("{name} and {} could not authenticate: status {}", self.client, self.status)
    }

    fn explanation(&self) -> String {
        format!(
            "{} reached {} at {}; the authentication ended with status {} in message {}. Network \
             and name are right; the identities are not accepted.",
            self.client,
            called(self.server_name.as_deref(), self.server),
            self.server,
            self.status,
            self.message,
        )
    }
}

/// Both sides parted right after they had sent their identities.
#[derive(Debug, Clone, Serialize)]
pub struct Parted {
    /// Who was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The name that it gave, abbreviated.
    pub server_name: Option<String>,
    /// Who called.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// How the first of them ended.
    #[serde(flatten)]
    pub closed: Closed,
    /// Seconds from its last message to that.
    pub close_delay_s: Option<f64>,
}

impl Words for Parted {
    fn title(&self) -> String {
        let name = called(self.server_name.as_deref(), self.server);
        format!("{name} and {} parted right after authentication", self.client)
    }

    fn explanation(&self) -> String {
        let how = |delay| format!("{} {} later", self.closed, span(delay));
        format!(
            "{} reached {} at {}; both sent their identities, and {}, before anything else was \
             asked. This is how a rejected authentication looks; the reason itself is not readable here.",
            self.client,
            called(self.server_name.as_deref(), self.server),
            self.server,
            self.close_delay_s.map_or_else(String::new, how),
        )
    }
}

/// A log has the text of a status of the security package.
#[derive(Debug, Clone, Serialize)]
pub struct Logged {
    /// Name of the log.
    pub log: String,
    /// The status.
    #[serde(flatten)]
    pub status: Status,
    /// What it means, in words.
    pub meaning: &'static str,
}

impl Words for Logged {
    fn title(&self) -> String {
        format!("Notes and Domino could not authenticate: {}", self.meaning)
    }

    fn explanation(&self) -> String {
        format!("{} says so with the text of status {}.", self.log, self.status)
    }
}
