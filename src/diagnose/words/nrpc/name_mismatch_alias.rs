//! What is said of an alias that another Domino server answers for.

use super::{NameRefused, NameTraced};
use crate::diagnose::words::{Words, how_often, shown, times};
use crate::model::Endpoint;
use serde::Serialize;

/// An alias was asked for, and the session ended when another name answered.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct AliasRefused(pub NameRefused);

impl Words for AliasRefused {
    fn title(&self) -> String {
        title(&self.0.asked, &self.0.server_name)
    }

    fn explanation(&self) -> String {
        let NameRefused { server, asked_in_full, answered, client, count, ending, .. } = &self.0;
        format!(
            "The Notes client {client} asked {server} for \"{asked_in_full}\"; the machine that answered said it is \
             \"{answered}\". Notes does not go on when the names differ: {ending} after the answer{}. Network and server are \
             working.",
            how_often(*count),
        )
    }
}

/// An alias was asked for, another name answered, and the session went on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AliasAccepted {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Names of the servers that took the alias, abbreviated.
    pub server_names: Vec<String>,
    /// The alias as one types it.
    pub asked: String,
    /// The name as it was asked for.
    pub asked_in_full: String,
    /// Number of sessions.
    pub count: usize,
}

impl Words for AliasAccepted {
    fn title(&self) -> String {
        format!("The alias {} is accepted by {}: no fault", self.asked, self.server_names.join(", "))
    }

    fn explanation(&self) -> String {
        format!(
            "{} was asked for \"{}\" and answered as {}, and the clients went on ({} in this capture). \
             The servers' configuration allows the alias: NETWORK_SPRAYER_ADDRESS is in force, or the alias is the \
             fully qualified Internet host name.",
            self.server,
            self.asked_in_full,
            self.server_names.join(", "),
            times(self.count),
        )
    }
}

/// The port trace of a client tells that another name answered.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct AliasTraced(pub NameTraced);

impl Words for AliasTraced {
    fn title(&self) -> String {
        title(&self.0.asked, &self.0.server_name)
    }

    fn explanation(&self) -> String {
        let NameTraced { asked, answered, address, .. } = &self.0;
        format!(
            "The client's trace says that it asked for \"{asked}\" at {address} and that \"{answered}\" answered. Notes does not go \
             on when the names differ; that the server is \"not responding\" is only what the user reads then. Network and server \
             are working.",
        )
    }
}

fn title(alias: &str, answered: &str) -> String {
    format!("Client asked for the alias {alias}, {answered} answered")
}
