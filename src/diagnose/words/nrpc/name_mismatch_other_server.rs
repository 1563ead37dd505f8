//! What is said of a Domino server that answers in place of another.

use super::{NameRefused, NameTraced};
use crate::diagnose::words::{Words, how_often, shown, times};
use crate::model::Endpoint;
use serde::Serialize;

/// One server was asked for, another answered, and the session ended.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct OtherServerRefused(pub NameRefused);

impl Words for OtherServerRefused {
    fn title(&self) -> String {
        let NameRefused { server, server_name, asked, .. } = &self.0;
        format!("Client asked for {asked}, but {server_name} answered at {server}")
    }

    fn explanation(&self) -> String {
        let NameRefused { server, asked_in_full, answered, client, count, ending, .. } = &self.0;
        format!(
            "The Notes client {client} asked {server} for \"{asked_in_full}\"; the server that answered there is \
             \"{answered}\". Notes does not go on with another server: {ending} after the answer{}. Network and server are \
             working; the address {} belongs to another server than the client believes.",
            how_often(*count),
            server.ip,
        )
    }
}

/// One server was asked for, another answered, and the session went on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OtherServerAccepted {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The name that it gave as its own, abbreviated.
    pub server_name: String,
    /// The name that was asked for, abbreviated.
    pub asked: String,
    /// That name as it was sent.
    pub asked_in_full: String,
    /// The server's name as it was sent.
    pub answered: String,
    /// Number of sessions.
    pub count: usize,
}

impl Words for OtherServerAccepted {
    fn title(&self) -> String {
        format!("{} answers for {}: no fault", self.server_name, self.asked)
    }

    fn explanation(&self) -> String {
        format!(
            "{} was asked for \"{}\" and answered as \"{}\", and the client went on ({} in this \
             capture). The server does not insist on its own name: NETWORK_SPRAYER_ADDRESS is probably in force.",
            self.server,
            self.asked_in_full,
            self.answered,
            times(self.count),
        )
    }
}

/// The port trace of a client tells both names.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct OtherServerTraced(pub NameTraced);

impl Words for OtherServerTraced {
    fn title(&self) -> String {
        format!("Client asked for {} and reached {}", self.0.asked, self.0.server_name)
    }

    fn explanation(&self) -> String {
        let NameTraced { server_name, asked, address, .. } = &self.0;
        format!(
            "The client's trace says that it asked for {asked} at {address} and that {server_name} answered: the address that the \
             client holds for the one belongs to the other.",
        )
    }
}

/// The port trace of a client tells who answered, and not who was asked for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TracedInPart {
    /// The name that the server gave as its own, abbreviated.
    pub server_name: String,
    /// The address that the client used, as its trace writes it.
    pub address: String,
}

impl Words for TracedInPart {
    fn title(&self) -> String {
        format!("A Notes client reached {} in place of the server that it wanted", self.server_name)
    }

    fn explanation(&self) -> String {
        format!(
            "The client's trace says that {} answered at {}, and is not the server that was asked for. Which one that was is \
             not in the log: if it was a host name, see nrpc-name-mismatch-alias.",
            self.server_name, self.address,
        )
    }
}
