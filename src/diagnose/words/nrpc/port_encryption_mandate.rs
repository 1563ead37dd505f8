//! What is said of a server that hangs up on the first request in clear.

use super::called;
use crate::diagnose::words::{Closed, Words, shown, span};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// The server hung up on the first request, which was in clear.
#[derive(Debug, Clone, Serialize)]
pub struct HungUp {
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

impl HungUp {
    /// The server by its name, else by its address.
    pub fn server(&self) -> String {
        called(self.server_name.as_deref(), self.server)
    }
}

impl Words for HungUp {
    fn title(&self) -> String {
        format!("{} hung up on the first request of {} in clear", self.server(), self.client)
    }

    fn explanation(&self) -> String {
        let name = self.server();
        format!(
            "{} opened a session with {name} at {} and authenticated; its first request was not encrypted, \
             and {} {} after it instead of answering. If {name} is a Domino 14.5 that insists on port encryption, this \
             is the reason; the capture alone does not prove it.",
            self.client,
            self.server,
            self.closed,
            self.close_delay_s.map_or_else(String::new, span),
        )
    }
}
