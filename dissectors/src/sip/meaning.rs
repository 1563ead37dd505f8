//! What SIP messages come to, for a comparison of two sessions.

use super::message::{Message, Start};
use crate::role::{Role, Roles};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("status", Role::Deciding),
    ("cookies", Role::Deciding),
    ("cookies.length", Role::Noise),
    ("auth", Role::Deciding),
    ("auth.user", Role::Telling),
    ("auth.nonce", Role::Noise),
    ("auth.uri", Role::Noise),
    ("auth.length", Role::Noise),
    ("challenge", Role::Deciding),
    ("challenge.nonce", Role::Noise),
    ("min_expires", Role::Deciding),
    ("reason", Role::Noise),
    ("call_id", Role::Noise),
    ("cseq", Role::Noise),
    ("via", Role::Noise),
    ("contact", Role::Noise),
    ("media.address", Role::Noise),
    ("media.port", Role::Noise),
];

impl Message {
    /// The class of a success is enough; of provisional responses it does not matter which came.
    pub(crate) fn meaning(&self) -> String {
        match &self.start {
            Start::Request { method, .. } => method.clone(),
            Start::Response { status, .. } => {
                let class = match status {
                    100..=199 => "1xx".to_owned(),
                    200..=299 => "2xx".to_owned(),
                    _ => status.to_string(),
                };
                format!("{class} to {}", self.method().unwrap_or("?"))
            }
            Start::Malformed { .. } => "malformed".to_owned(),
        }
    }

    /// A demand for credentials is a step on the way.
    pub(crate) fn refuses(&self) -> bool {
        self.status().is_some_and(|status| status >= 400 && !matches!(status, 401 | 407))
    }
}
