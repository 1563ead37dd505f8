//! What is said of a server that is tried by IPv6 in vain before IPv4 works.

use crate::diagnose::words::{Words, clock, shown, span};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;
use std::net::IpAddr;

/// A server never answers by IPv6, and works by IPv4 afterwards.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct InVain {
    /// The server that was called by IPv6.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that called by IPv6.
    pub client: IpAddr,
    /// The server that answered by IPv4.
    #[serde(serialize_with = "shown")]
    pub other_server: Endpoint,
    /// The client that called by IPv4.
    pub other_client: IpAddr,
    /// The name that leads to both, if a DNS answer says so.
    pub dns_name: Option<String>,
    /// Number of connections that were delayed.
    pub count: usize,
    /// When the first of them began.
    pub first: Timestamp,
    /// Seconds until the first of them went on by IPv4.
    pub delay_s: f64,
    /// Median of all delays.
    pub delay_median_s: f64,
}

impl Words for InVain {
    fn title(&self) -> String {
        format!("{} over IPv6 never answers; IPv4 works {} later", self.server, span(self.delay_median_s))
    }

    fn explanation(&self) -> String {
        format!(
            "At {} the client {} called {} and got no answer; after {} it ({}) connected to {} and that worked. The \
             pause comes with every new connection.",
            clock(self.first),
            self.client,
            self.server,
            span(self.delay_s),
            self.other_client,
            self.other_server,
        )
    }
}
