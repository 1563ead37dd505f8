//! What is said of a Contact at which nobody can reach the client.

use super::Requests;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// A client registers an address that leads nowhere.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Nowhere {
    /// The registrar.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that registers, and its address.
    #[serde(flatten)]
    pub requests: Requests,
    /// The host in the Contact, as it stands there.
    pub contact_host: String,
    /// The registrar accepted it.
    pub accepted: bool,
}

impl Words for Nowhere {
    fn title(&self) -> String {
        format!("{} registers {} as its address, where no call can reach it", self.requests.users(), self.contact_host)
    }

    fn explanation(&self) -> String {
        let fate = if self.accepted {
            "The registrar accepted it: calls to this user go there, and get nowhere."
        } else {
            "It was not accepted, for another reason; once it is, calls to this user will go there and get nowhere."
        };
        format!(
            "{} at {} names {} in its Contact, though it comes from elsewhere. {fate}",
            self.requests, self.server, self.contact_host,
        )
    }
}
