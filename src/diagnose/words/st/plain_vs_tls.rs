//! What is said of a client and a community server of which one speaks TLS and the other does not.

use crate::diagnose::words::{Clients, Words, shown, times};
use crate::model::Endpoint;
use serde::Serialize;

/// The two are not set alike.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotAlike {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The clients that called.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of connections.
    pub count: usize,
    /// The side that speaks TLS.
    pub mismatch: Mismatch,
}

/// The side that speaks TLS while the other does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mismatch {
    /// The client speaks TLS, the server does not.
    TlsToPlain,
    /// The client speaks plain Sametime, the server sent a TLS alert.
    PlainToTls,
    /// The client speaks plain Sametime and got no answer; others speak TLS with that port.
    PlainToTlsOfOthers,
}

impl Words for NotAlike {
    fn title(&self) -> String {
        let Self { server, clients, .. } = self;
        match self.mismatch {
            Mismatch::TlsToPlain => format!("{clients} speaks TLS to {server}, which does not"),
            Mismatch::PlainToTls => format!("{clients} speaks plain Sametime to {server}, which expects TLS"),
            Mismatch::PlainToTlsOfOthers => {
                format!("{clients} speaks plain Sametime to {server}, which speaks TLS with others")
            }
        }
    }

    fn explanation(&self) -> String {
        let what = match self.mismatch {
            Mismatch::TlsToPlain => "began with a TLS ClientHello; the server did not answer with TLS",
            Mismatch::PlainToTls => "began with the plain Sametime handshake; the server answered with a TLS alert",
            Mismatch::PlainToTlsOfOthers => {
                "began with the plain Sametime handshake and got no answer, while the same port speaks TLS with others"
            }
        };
        let Self { server, clients, count, .. } = self;
        format!("{clients} connected to {server} {} and {what}. The two are not set alike.", times(*count))
    }
}
