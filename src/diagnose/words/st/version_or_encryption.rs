//! What is said of a client and a community server that do not agree on version or encryption.

use super::EndedSession;
use crate::diagnose::words::Words;
use nrpcsniff_dissectors::sametime::names;
use serde::Serialize;

/// The server does not take the client's version of the protocol, or its encryption.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotTaken {
    /// User and server of the session that ended, and the reason.
    #[serde(flatten)]
    pub session: EndedSession,
    /// Type of the client, as its login says.
    pub client_type: Option<u16>,
    /// Version of the protocol that the client named.
    pub client_version: Option<String>,
    /// Version that the server named.
    pub server_version: Option<String>,
}

impl Words for NotTaken {
    fn title(&self) -> String {
        format!("Sametime server {} does not take the client of {}", self.session.server, self.session.who)
    }

    fn explanation(&self) -> String {
        let program = self.client_type.map_or_else(String::new, |kind| {
            names::client(kind).map_or_else(|| format!(", client type 0x{kind:04x}"), |name| format!(", {name}"))
        });
        let versions = match (&self.client_version, &self.server_version) {
            (Some(client), Some(server)) => format!(" The client speaks version {client}, the server {server}."),
            (Some(client), None) => format!(" The client speaks version {client}."),
            _ => String::new(),
        };
        self.session.ended(&program, &versions)
    }
}
