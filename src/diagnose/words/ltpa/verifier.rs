//! Values that findings about tokens have: who was shown a token, and of which kind it is.

use crate::diagnose::words::shown;
use crate::model::Endpoint;
use serde::Serialize;
use std::fmt;

/// The server that was shown a token and is to verify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "protocol", rename_all = "lowercase")]
pub(crate) enum Verifier {
    /// A web server.
    Http {
        /// Endpoint of the server.
        #[serde(serialize_with = "shown")]
        server: Endpoint,
        /// By which name; its address if none was named.
        host: String,
    },
    /// A SIP server.
    Sip {
        /// Endpoint of the server.
        #[serde(serialize_with = "shown")]
        server: Endpoint,
    },
    /// A Sametime community server.
    Sametime {
        /// Endpoint of the server.
        #[serde(serialize_with = "shown")]
        server: Endpoint,
    },
}

/// "mail.example.com", "SIP server 10.1.0.9:5060".
impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { host, .. } => f.write_str(host),
            Self::Sip { server } => write!(f, "SIP server {server}"),
            Self::Sametime { server } => write!(f, "Sametime server {server}"),
        }
    }
}

/// Kinds of tokens that servers issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenKind {
    /// Domino's own.
    Domino,
    /// WebSphere's, version 1.
    WebsphereV1,
    /// WebSphere's, version 2.
    WebsphereV2,
}
