//! What is said of a client that registers its loopback address.

use super::{ClientEndpoint, called};
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// The Contact of a REGISTER is an address that means the server itself to the server.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Loopback {
    /// The registrar.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Who was to be registered.
    pub user: Option<String>,
    /// Where the request came from.
    #[serde(flatten)]
    pub client: ClientEndpoint,
    /// The Contact, as it stands there.
    pub contact: String,
    /// The registrar took it.
    pub is_accepted: bool,
}

impl Words for Loopback {
    fn title(&self) -> String {
        let user = called(self.user.as_deref());
        format!("The client of {user} registers {} as its address: nobody can call it there", self.contact)
    }

    fn explanation(&self) -> String {
        let outcome = if self.is_accepted { "took it" } else { "did not take it, for whatever reason" };
        format!(
            "The REGISTER of {} came from {}, and its Contact is {}. The registrar at {} {outcome}. To a server that address is the \
             server: whoever calls the user there calls itself.",
            called(self.user.as_deref()),
            self.client,
            self.contact,
            self.server,
        )
    }
}
