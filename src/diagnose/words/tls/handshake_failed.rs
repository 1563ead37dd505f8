//! What is said of handshakes that failed for a reason that nobody knows.

use crate::diagnose::words::{Failure, Words};
use serde::Serialize;

/// The handshake came to nothing.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedHandshakes {
    /// The attempts that failed: whose they were, where, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
    /// The server's choice in the first of them, if it came so far.
    #[serde(flatten)]
    pub chosen: Option<Chosen>,
}

/// The choice of a server.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Chosen {
    /// Version of TLS.
    pub tls_version: String,
    /// Cipher suite.
    pub cipher_suite: String,
    /// The client gave up after that, and libraries of today refuse such a version.
    pub is_too_old: bool,
}

impl FailedHandshakes {
    fn site(&self) -> String {
        let server = self.failure.server;
        self.failure.asked.as_ref().map_or_else(|| server.to_string(), |host| format!("{host} ({server})"))
    }

    /// The cure, where the server's choice tells it.
    pub(crate) fn cure(&self) -> Option<String> {
        let old = self.chosen.as_ref().filter(|chosen| chosen.is_too_old)?;
        Some(format!(
            "Let {} speak TLS 1.2 or later: it chose {}, which libraries of today refuse, often without saying why (Domino \
             before 9.0.1 FP4, WebSphere 8.0 and Java 6 as installed know no more).",
            self.failure.server, old.tls_version
        ))
    }
}

impl Words for FailedHandshakes {
    fn title(&self) -> String {
        format!("TLS with {} fails: {}", self.site(), self.failure.outcome)
    }

    fn explanation(&self) -> String {
        let chosen = self.chosen.as_ref().map_or_else(String::new, |chosen| {
            format!(" The server had chosen {} and {}.", chosen.tls_version, chosen.cipher_suite)
        });
        format!(
            "{} to open TLS with {}: {}.{chosen}{} Why is not known here; the log of the side that gave up tells.",
            self.failure.attempts(),
            self.site(),
            self.failure.outcome,
            self.failure.aftermath(),
        )
    }
}
