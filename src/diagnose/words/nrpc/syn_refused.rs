//! What is said of connections that are refused by RST.

use super::Afterwards;
use crate::diagnose::words::{Clients, Words, clock, count, shown, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// Attempts were answered by RST.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// Who was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Who called.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of attempts.
    pub count: usize,
    /// When the first of them began.
    pub first: Timestamp,
    /// Seconds until it was refused.
    pub delay_s: f64,
    /// Something on the path sent an RST in the name of the server.
    pub forged: bool,
    /// What came of the clients.
    #[serde(flatten)]
    pub afterwards: Afterwards,
}

impl Words for Refused {
    fn title(&self) -> String {
        if self.forged {
            format!("A packet filter refuses connections to {}", self.server)
        } else {
            format!("{} refuses connections: nothing listens there", self.server)
        }
    }

    fn explanation(&self) -> String {
        let who = if self.forged { "something on the path, in the server's name," } else { "the server" };
        format!(
            "{} tried to connect to {} ({}, first at {}); {who} answered with RST after {}.{}",
            self.clients,
            self.server,
            count(self.count, "attempt"),
            clock(self.first),
            span(self.delay_s),
            self.afterwards,
        )
    }
}
