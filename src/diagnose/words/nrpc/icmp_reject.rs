//! What is said of connections that a host or a router rejects by ICMP.

use crate::diagnose::words::{Clients, Words, clock, count, shown};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;
use std::net::IpAddr;

/// Attempts were answered by ICMP.
#[derive(Debug, Clone, Serialize)]
pub struct Rejected {
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
    /// Who sent the ICMP error.
    pub rejected_by: IpAddr,
    /// What it says, in words.
    pub meaning: &'static str,
}

impl Rejected {
    /// "the host 10.1.0.9 itself", "the device 10.1.0.1".
    pub fn rejecter(&self) -> String {
        let by = self.rejected_by;
        if by == self.server.ip { format!("the host {by} itself") } else { format!("the device {by}") }
    }
}

impl Words for Rejected {
    fn title(&self) -> String {
        format!("{} rejects connections to {}: {}", self.rejected_by, self.server, self.meaning)
    }

    fn explanation(&self) -> String {
        format!(
            "{} tried to connect to {} ({}, first at {}); {} answered by ICMP: {}.",
            self.clients,
            self.server,
            count(self.count, "attempt"),
            clock(self.first),
            self.rejecter(),
            self.meaning,
        )
    }
}
