//! What is said of another protocol on the port of Notes.

use crate::diagnose::words::{Words, shown, times};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// A client begins with something else than a session request.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Foreign {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that called.
    pub client: IpAddr,
    /// Number of connections.
    pub count: usize,
    /// Protocols with which the client began.
    pub sent: Vec<Sent>,
    /// The client also speaks NRPC in this capture.
    pub is_notes_client: bool,
}

/// First bytes of a client that does not speak NRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sent {
    /// The beginning of TLS.
    Tls,
    /// A request of HTTP.
    Http,
    /// The banner of SSH.
    Ssh,
    /// Something that is not known.
    Other,
}

impl Sent {
    /// "a TLS `ClientHello`".
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tls => "a TLS ClientHello",
            Self::Http => "an HTTP request",
            Self::Ssh => "an SSH banner",
            Self::Other => "bytes that are not a Notes session request",
        }
    }
}

impl Words for Foreign {
    fn title(&self) -> String {
        format!("{} sends {} to the Notes port of {}", self.client, self.sent(), self.server)
    }

    fn explanation(&self) -> String {
        format!(
            "{} connected to {}, the port of Notes RPC, and sent {} instead of a Notes session \
             request ({} in this capture). The server did not answer. {}",
            self.client,
            self.server,
            self.sent(),
            times(self.count),
            if self.is_notes_client {
                "The same machine also speaks NRPC in this capture, so it is a Notes workstation, and something wraps \
                 its traffic."
            } else {
                "This is what scanners and health checks with the wrong protocol look like; no Notes user is concerned."
            },
        )
    }
}

impl Foreign {
    fn sent(&self) -> String {
        self.sent.iter().map(|sent| sent.name()).collect::<Vec<_>>().join(" and ")
    }
}
