//! What is said of a client and a server that have no cipher suite in common.

use super::{CipherSuites, Handshakes, SentAlert};
use crate::diagnose::words::Words;
use serde::Serialize;

/// The server chose none of the suites that the client offers.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoneTaken {
    /// Handshakes that it ended.
    #[serde(flatten)]
    pub handshakes: Handshakes,
    /// Cipher suites that the client offers.
    #[serde(flatten)]
    pub offered: CipherSuites,
    /// The server's alert.
    #[serde(flatten)]
    pub alert: SentAlert,
    /// A suite that the server agreed on with others, and that this client offers too.
    pub common_cipher_suite: Option<String>,
}

impl Words for NoneTaken {
    fn title(&self) -> String {
        format!("{} takes none of the cipher suites of {}", self.handshakes.site(), self.handshakes.clients)
    }

    fn explanation(&self) -> String {
        let common = self.common_cipher_suite.as_ref().map_or_else(
            || ".".to_owned(),
            |suite| {
                format!(
                    ". With others it agreed on {suite}, which this client offers too: it may want another curve or signature, \
                     or lacks a certificate for this name."
                )
            },
        );
        format!(
            "{} to reach {} and offered {}; the server answered with the alert {} and chose none{common}",
            self.handshakes.tried(),
            self.handshakes.site(),
            self.offered,
            self.alert,
        )
    }
}
