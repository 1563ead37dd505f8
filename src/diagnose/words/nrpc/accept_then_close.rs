//! What is said of a server that accepts connections and closes them without an answer.

use crate::diagnose::words::{Closed, Words, shown, span};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// The connection was closed before anything was answered.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ClosedUnanswered {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that called.
    pub client: IpAddr,
    /// Number of connections.
    pub count: usize,
    /// The client had sent its request by then.
    pub request_sent: bool,
    /// End of the first session.
    #[serde(flatten)]
    pub closed: Closed,
    /// Seconds from the last step of its opening to that.
    pub close_delay_s: f64,
}

impl Words for ClosedUnanswered {
    fn title(&self) -> String {
        format!("{} accepts connections of {} and closes them without an answer", self.server, self.client)
    }

    fn explanation(&self) -> String {
        let on_the_path = self.closed.on_the_path();
        let who = if on_the_path { "something on the path, in the server's name," } else { "the server's side" };
        let when =
            if self.request_sent { "right at the session request" } else { "before the client had said anything" };
        format!(
            "{} connected to {}; {who} closed with {} after {} {when}, without a byte of answer. The \
             address can be reached, but nobody behind it serves the Notes client.",
            self.client,
            self.server,
            self.closed.flag(),
            span(self.close_delay_s),
        )
    }
}
