//! The sign-on that waited for a directory.

use crate::diagnose::words::{Users, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// A sign-on that waited for what a directory would say.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SignOn {
    /// The server at which it waited.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Name of that server.
    pub server_name: Option<String>,
    /// Users who wanted in.
    #[serde(flatten)]
    pub users: Users,
    /// It is a login at a Sametime community server.
    pub is_sametime: bool,
    /// What came of it.
    pub sign_on_outcome: String,
}

impl SignOn {
    /// "the Sametime server 10.1.0.9:1533", "mail.example.com".
    pub(crate) fn called(&self) -> String {
        match &self.server_name {
            Some(name) => name.clone(),
            None if self.is_sametime => format!("the Sametime server {}", self.server),
            None => self.server.to_string(),
        }
    }

    /// "The login of Ann at mail.example.com waited for it and was refused (…)."
    pub(crate) fn waited(&self) -> String {
        let outcome = &self.sign_on_outcome;
        format!(
            "The login of {} at {} waited for it, and came to nothing: {outcome}.",
            self.users.or("a user"),
            self.called()
        )
    }
}
