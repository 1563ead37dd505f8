//! What is said of a client that went to another server instead.

use super::NamedServer;
use crate::diagnose::words::{Words, shown, span};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// An attempt at one server failed, and a session with another one followed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedOver {
    /// The server that was called in vain, by the name that was asked for, else by the one that answered at another time.
    #[serde(flatten)]
    pub server: NamedServer,
    /// The client that called.
    pub client: IpAddr,
    /// Number of attempts.
    pub count: usize,
    /// The server that took the session instead.
    #[serde(serialize_with = "shown")]
    pub other_server: Endpoint,
    /// The name that that one gave, abbreviated.
    pub other_server_name: String,
    /// Seconds from the end of the attempt to the other session.
    pub delay_s: f64,
}

impl Words for FailedOver {
    fn title(&self) -> String {
        format!("{} did not get a session with {}, but with {}", self.client, self.server, self.other_server_name)
    }

    fn explanation(&self) -> String {
        format!(
            "The attempt of {} to reach {} at {} failed; {} later it opened a session with {} at {}, \
             by that server's own name, and works there. This looks like a failover to a cluster mate.",
            self.client,
            self.server,
            self.server.server,
            span(self.delay_s),
            self.other_server_name,
            self.other_server,
        )
    }
}
