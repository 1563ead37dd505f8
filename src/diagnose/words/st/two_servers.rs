//! What is said of a user who is logged in on two Sametime servers.

use super::EndedSession;
use crate::diagnose::words::Words;
use serde::Serialize;
use std::net::IpAddr;

/// A server ended a session because the user has one with another server.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EndedForAnother {
    /// User and server of the session that ended.
    #[serde(flatten)]
    pub session: EndedSession,
    /// Servers that the user talks to in the capture: the first eight.
    pub servers: Vec<IpAddr>,
    /// Number of the servers.
    pub server_count: usize,
}

impl Words for EndedForAnother {
    fn title(&self) -> String {
        format!("{} is logged in on two Sametime servers", self.session.who)
    }

    fn explanation(&self) -> String {
        let seen = match self.servers.as_slice() {
            [one, other, ..] => format!(" In this capture the user talks to {one} and {other}."),
            _ => String::new(),
        };
        self.session.ended("", &seen)
    }
}
