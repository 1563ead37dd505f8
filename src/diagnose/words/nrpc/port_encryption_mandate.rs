//! What is said of a server that hangs up on the first request in clear.

use super::{Ending, NamedServer};
use crate::diagnose::words::Words;
use serde::Serialize;
use std::net::IpAddr;

/// The server hung up on the first request, which was in clear.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ClearRequestRejected {
    /// The server that was called, by the name that it gave.
    #[serde(flatten)]
    pub server: NamedServer,
    /// The client that called.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// End of the first session.
    #[serde(flatten)]
    pub ending: Ending,
}

impl Words for ClearRequestRejected {
    fn title(&self) -> String {
        format!("{} hung up on the first request of {} in clear", self.server, self.client)
    }

    fn explanation(&self) -> String {
        let name = &self.server;
        format!(
            "{} opened a session with {name} at {} and authenticated; its first request was not encrypted, \
             and {} {} after it instead of answering. If {name} is a Domino 14.5 that insists on port encryption, this \
             is the reason; the capture alone does not prove it.",
            self.client,
            self.server.server,
            self.ending.closed,
            self.ending.delay(),
        )
    }
}
