//! What DNS messages come to, for a comparison of two sessions.

use super::message::Message;
use crate::role::{Role, Roles};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("rcode", Role::Deciding),
    ("id", Role::Noise),
    ("answers.name", Role::Noise),
    ("answers.ttl", Role::Noise),
    ("answers.data", Role::Noise),
];

impl Message {
    pub(crate) fn meaning(&self) -> String {
        match self.rcode.filter(|_| self.response) {
            None => format!("query for {}", self.name.to_ascii_lowercase()),
            Some(0) if self.answers.is_empty() => "no answers".to_owned(),
            Some(0) => "answers".to_owned(),
            Some(rcode) => format!("rcode {rcode}"),
        }
    }

    pub(crate) fn refuses(&self) -> bool {
        self.rcode.is_some_and(|rcode| rcode != 0)
    }
}
