//! What is said of a SIP server that calls its own nonce stale.

use super::Requests;
use super::requests::aftermath;
use crate::diagnose::words::{Clients, Words, count, shown, times};
use crate::model::Endpoint;
use serde::Serialize;

/// The answer to the next nonce was accepted: nonces are renewed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Renewed {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that was asked anew.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of stale nonces.
    pub count: usize,
}

impl Words for Renewed {
    fn title(&self) -> String {
        format!("{} renews its nonces", self.server)
    }

    fn explanation(&self) -> String {
        format!(
            "{} called a nonce stale {} for {}, and accepted the answer to the next: this is how nonces are renewed, and it \
             costs a request more each time.",
            self.server,
            times(self.count),
            count(self.clients.number(), "client"),
        )
    }
}

/// The next nonce was called stale, too.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StaleAgain {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The requests: their method, whom they are for, and by whom.
    #[serde(flatten)]
    pub requests: Requests,
    /// Number of answers that call a nonce stale.
    pub count: usize,
    /// All of them are of one call or registration.
    pub in_a_row: bool,
    /// The client had answered the new nonce; else it answered the old one again.
    pub answered_new_nonce: bool,
    /// Every client got what it had asked for later.
    pub recovered: bool,
}

impl Words for StaleAgain {
    fn title(&self) -> String {
        format!("{} calls its own new nonces stale", self.server)
    }

    fn explanation(&self) -> String {
        let row = if self.in_a_row { " in a row" } else { "" };
        let why = if self.answered_new_nonce {
            "The client had answered the new nonce, so the password is right, and the server does not know what it gave out: \
             several nodes without common nonces, or clocks that differ."
        } else {
            "The client answered the old nonce again instead of the new one: that is the client's own mistake."
        };
        format!(
            "{} answered {} with stale=true {}{row}. {why}{}",
            self.server,
            self.requests,
            times(self.count),
            aftermath(self.recovered),
        )
    }
}
