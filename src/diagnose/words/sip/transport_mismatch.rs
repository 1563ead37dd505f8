//! What is said of a client and a SIP server of which one speaks TLS and the other does not.

use super::called;
use crate::diagnose::words::{Answers, Words, shown};
use crate::model::{Endpoint, Transport};
use serde::Serialize;
use std::net::IpAddr;

/// The first bytes of connections show that the two are not set alike.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotAlike {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that called.
    pub client: IpAddr,
    /// Number of connections.
    pub count: usize,
    /// The side that speaks TLS.
    pub mismatch: Mismatch,
}

/// The side that speaks TLS where the other does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mismatch {
    /// SIP in clear where TLS is expected.
    PlainToTls,
    /// TLS where SIP in clear is expected.
    TlsToPlain,
}

impl Mismatch {
    /// "begins with a TLS `ClientHello`".
    pub(crate) const fn speaks(self) -> &'static str {
        match self {
            Self::PlainToTls => "begins with SIP in clear",
            Self::TlsToPlain => "begins with a TLS ClientHello",
        }
    }
}

impl Words for NotAlike {
    fn title(&self) -> String {
        let what = match self.mismatch {
            Mismatch::PlainToTls => "SIP in clear on the TLS port",
            Mismatch::TlsToPlain => "TLS on the port for SIP in clear",
        };
        format!("{} speaks {what} of {}", self.client, self.server)
    }

    fn explanation(&self) -> String {
        format!(
            "The client at {} {} on port {} of {}, and the server does not answer in kind: one of them is set to the wrong \
             transport or port.",
            self.client,
            self.mismatch.speaks(),
            self.server.port,
            self.server.ip,
        )
    }
}

/// A REGISTER says TLS, comes in clear, and fails.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ClaimsTls {
    /// The server that got the request.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The user who is to be registered.
    pub user: Option<String>,
    /// The client that sent the request.
    pub client: IpAddr,
    /// Number of such requests.
    pub count: usize,
    /// Transport that the request came over.
    pub transport: Transport,
    /// The header that says TLS.
    pub header: &'static str,
    /// The answer to the first, if there was one.
    #[serde(flatten)]
    pub answers: Answers,
}

impl ClaimsTls {
    const fn transport(&self) -> &'static str {
        match self.transport {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
        }
    }
}

impl Words for ClaimsTls {
    fn title(&self) -> String {
        format!("{} registers for TLS over {}", called(self.user.as_deref()), self.transport())
    }

    fn explanation(&self) -> String {
        let outcome = self.answers.first();
        let outcome = outcome.map_or_else(|| "does not answer".to_owned(), |answer| format!("answers {answer}"));
        format!(
            "The REGISTER of {} says TLS in its {}, but came over {} in clear to {}, which {outcome}.",
            called(self.user.as_deref()),
            self.header,
            self.transport(),
            self.server,
        )
    }
}
