//! What is said of Domino partitions that share an address.

use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// The partition on the usual port did not send a client on to the one that it asked for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotSentOn {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The name that it gave, abbreviated.
    pub server_name: String,
    /// The client that called.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// The name of the partition that was asked for, abbreviated.
    pub asked: String,
    /// Endpoint at which that partition answers.
    #[serde(serialize_with = "shown")]
    pub other_server: Endpoint,
}

impl Words for NotSentOn {
    fn title(&self) -> String {
        format!(
            "{} on {} does not send clients on to {} on port {}",
            self.server_name, self.server, self.asked, self.other_server.port
        )
    }

    fn explanation(&self) -> String {
        let Self { server, server_name, client, asked, other_server, .. } = self;
        format!(
            "The Notes client {client} asked {server} for {asked}; {server_name} answered, and the session ended. {asked} answers \
             at {other_server}, another port of the same machine: the partition on port {} should have sent the client there, \
             and no such connection followed.",
            server.port,
        )
    }
}

/// Nothing listens on the usual port of an address on which partitions live.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NobodyThere {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that called first.
    pub client: IpAddr,
    /// Number of attempts.
    pub count: usize,
    /// Names of the partitions that are seen on other ports, abbreviated, the first eight.
    pub server_names: Vec<String>,
    /// The port of each of them.
    pub ports: Vec<u16>,
}

impl Words for NobodyThere {
    fn title(&self) -> String {
        format!("Nothing listens on {}, but Domino partitions live on other ports of it", self.server)
    }

    fn explanation(&self) -> String {
        let seen = self.server_names.iter().zip(&self.ports).map(|(name, port)| format!("{name} on port {port}"));
        format!(
            "{} tried {} and was refused. On the same address the capture shows {}. The partition that \
             listens on port {} and sends clients on to the others is probably down.",
            self.client,
            self.server,
            seen.collect::<Vec<_>>().join(", "),
            self.server.port,
        )
    }
}
