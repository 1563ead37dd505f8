//! What is said of a client whose credentials are for another realm.

use super::Requests;
use super::requests::aftermath;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// The client answers for another realm than it was asked for, and is refused.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OtherRealm {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The requests: their method, whom they are for, and by whom.
    #[serde(flatten)]
    pub requests: Requests,
    /// Number of such answers.
    pub count: usize,
    /// The realm that the server asks for.
    pub realm: String,
    /// The realm of the client's credentials.
    pub realm_sent: String,
    /// The client got what it had asked for later.
    pub recovered: bool,
}

impl Words for OtherRealm {
    fn title(&self) -> String {
        let Self { realm, realm_sent, .. } = self;
        format!("{} answers for realm \"{realm_sent}\" instead of \"{realm}\"", self.requests.users())
    }

    fn explanation(&self) -> String {
        let Self { server, requests, realm, realm_sent, .. } = self;
        let letters = if realm_sent.eq_ignore_ascii_case(realm) {
            " They differ in upper and lower case only, and that counts."
        } else {
            ""
        };
        format!(
            "{server} asked {} for credentials of realm \"{realm}\"; the client at {} sent some for realm \"{realm_sent}\" and \
             was refused.{letters}{}",
            requests.users(),
            requests.clients,
            aftermath(self.recovered),
        )
    }
}
