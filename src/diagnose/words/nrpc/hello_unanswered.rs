//! What is said of a session request that nobody answered.

use crate::diagnose::words::{Words, shown, span};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// TCP took the request, and Domino did not answer it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unanswered {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that called.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// The name that was asked for, as it was sent.
    pub asked_in_full: Option<String>,
    /// Seconds that the first request stood unanswered.
    pub waited_s: f64,
}

impl Words for Unanswered {
    fn title(&self) -> String {
        format!("{} took the session request of {} and did not answer it", self.server, self.client)
    }

    fn explanation(&self) -> String {
        let asked = self.asked_in_full.as_ref().map_or_else(String::new, |name| format!(" for \"{name}\""));
        format!(
            "{} connected to {} and asked{asked}. TCP of the server acknowledged the request, but for \
             {} no byte came back. The network works in both directions; the Domino server behind that address \
             does not, or there is none behind it.",
            self.client,
            self.server,
            span(self.waited_s),
        )
    }
}
