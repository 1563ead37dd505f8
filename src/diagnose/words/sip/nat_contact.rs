//! What is said of a client behind NAT that registers its private address.

use super::{ClientEndpoint, FailedCalls, called};
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// The registrar took a private address from a public one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PrivateContact {
    /// The registrar.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The user who was registered.
    pub user: Option<String>,
    /// Where the request came from.
    #[serde(flatten)]
    pub client: ClientEndpoint,
    /// The private address in its Contact, as it stands there.
    pub own_address: String,
    /// Calls to the user after that.
    #[serde(flatten)]
    pub calls: FailedCalls,
}

impl Words for PrivateContact {
    fn title(&self) -> String {
        let user = called(self.user.as_deref());
        format!("{user} registered the private address {} from {}", self.own_address, self.client.address())
    }

    fn explanation(&self) -> String {
        let harmless = || "The capture holds no call to this user that would show the harm.".to_owned();
        format!(
            "The REGISTER of {} came from {}, its Contact is {}: the registrar at {} took it as it is, and calls go there. {}",
            called(self.user.as_deref()),
            self.client,
            self.own_address,
            self.server,
            self.calls.told("afterwards").unwrap_or_else(harmless),
        )
    }
}
