//! What is said of connections that a host or a router rejects by ICMP.

use crate::diagnose::words::{Occurrences, Words, clock, count};
use serde::Serialize;
use std::net::IpAddr;

/// Attempts were answered by ICMP.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rejected {
    /// Clients, server and number of the attempts.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// Sender of the ICMP error.
    pub rejected_by: IpAddr,
    /// Meaning of the ICMP error, in words.
    pub meaning: &'static str,
}

impl Rejected {
    /// "the host 10.1.0.9 itself", "the device 10.1.0.1".
    pub(crate) fn rejecter(&self) -> String {
        let by = self.rejected_by;
        if by == self.seen.server.ip { format!("the host {by} itself") } else { format!("the device {by}") }
    }
}

impl Words for Rejected {
    fn title(&self) -> String {
        format!("{} rejects connections to {}: {}", self.rejected_by, self.seen.server, self.meaning)
    }

    fn explanation(&self) -> String {
        format!(
            "{} tried to connect to {} ({}, first at {}); {} answered by ICMP: {}.",
            self.seen.clients,
            self.seen.server,
            count(self.seen.count, "attempt"),
            clock(self.seen.first),
            self.rejecter(),
            self.meaning,
        )
    }
}
