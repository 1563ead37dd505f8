//! What is said of directories that refuse StartTLS.

use crate::diagnose::words::{Clients, Words, shown, times};
use crate::model::Endpoint;
use serde::Serialize;

/// A directory refuses StartTLS.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedStartTls {
    /// The directory.
    #[serde(serialize_with = "shown")]
    pub directory: Endpoint,
    /// Clients that asked for it.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of requests.
    pub count: usize,
    /// Result code of the refusal.
    pub result_code: u32,
    /// The result in words.
    pub outcome: String,
    /// What the directory says of it.
    pub diagnostic: Option<String>,
    /// The client goes on without TLS.
    pub goes_on_in_clear: bool,
    /// User of a login that waited for it.
    pub user: Option<String>,
}

impl Words for RefusedStartTls {
    fn title(&self) -> String {
        format!("The directory {} refuses StartTLS: {}", self.directory, self.outcome)
    }

    fn explanation(&self) -> String {
        let Self { directory, clients, count, outcome, .. } = self;
        let says = self.diagnostic.as_ref().map_or_else(String::new, |text| format!(" ({text})"));
        let clear = if self.goes_on_in_clear { " The client goes on in clear." } else { "" };
        let login = self
            .user
            .as_ref()
            .map_or_else(String::new, |user| format!(" The login of {user} waited for it, and failed."));
        format!(
            "{clients} asked the directory {directory} for TLS {}, and was answered: {outcome}{says}.{clear}{login}",
            times(*count)
        )
    }
}
