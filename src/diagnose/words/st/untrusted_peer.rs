//! What is said of a Sametime server that another one turns away.

use crate::diagnose::words::{Closed, Words, shown, span, times};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr};

/// The called server closed right after the handshake.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PeerTurnedAway {
    /// The called server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The calling server.
    pub client: IpAddr,
    /// Number of connections.
    pub count: usize,
    /// Seconds between two of them, on average; nothing if there is only one.
    pub period_s: Option<f64>,
    /// The side that closed, and how.
    #[serde(flatten)]
    pub closed: Closed,
    /// The caller's address as the called server sees it.
    pub seen_address: Option<Ipv4Addr>,
    /// Something on the way translates addresses.
    pub is_translated: bool,
}

impl Words for PeerTurnedAway {
    fn title(&self) -> String {
        format!("Sametime server {} turns the server {} away", self.server, self.client)
    }

    fn explanation(&self) -> String {
        let often = self.period_s.map_or_else(String::new, |period| {
            format!(" ({} in this capture, every {})", times(self.count), span(period))
        });
        let translated = self.seen_address.filter(|_| self.is_translated).map_or_else(String::new, |seen| {
            format!(" The called server sees the caller as {seen}: addresses are translated on the way.")
        });
        format!(
            "{} connected to {} and opened with a handshake; {} right after it{often}. Servers do so with peers whose address \
             is not on their list of trusted servers.{translated}",
            self.client, self.server, self.closed,
        )
    }
}

/// The called server's log names the address that it does not know.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rejected {
    /// Name of the log.
    pub log: String,
    /// The address, as the log writes it.
    pub peer: String,
}

impl Words for Rejected {
    fn title(&self) -> String {
        format!("A Sametime server turns {} away: it is not on the list of servers", self.peer)
    }

    fn explanation(&self) -> String {
        let Self { log, peer } = self;
        format!(
            "{log} says that {peer} is not in the list of servers. If that is the proxy, meeting or multiplexer server of this \
             community, everybody behind it is offline; often it calls from a new address, or its address is translated on the way."
        )
    }
}
