//! What DNS messages come to.

use super::message::Message;
use crate::role::{Role, Roles};
use crate::{Class, Decision, Semantics};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("rcode", Role::Deciding),
    ("id", Role::Noise),
    ("answers.name", Role::Noise),
    ("answers.ttl", Role::Noise),
    ("answers.data", Role::Noise),
];

impl Semantics for Message {
    fn meaning(&self, _: Option<&crate::Message>) -> String {
        match self.rcode.filter(|_| self.response) {
            None => query(&self.name),
            Some(0) if self.answers.is_empty() => "no answers".to_owned(),
            Some(0) => "answers".to_owned(),
            Some(rcode) => format!("rcode {rcode}"),
        }
    }

    /// That there is no record of the type that was asked for decides nothing: most hosts have one of A and AAAA only.
    fn decision(&self, _: Option<&crate::Message>) -> Decision {
        match self.rcode {
            None => Decision::Open,
            Some(0) if self.answers.is_empty() => Decision::Open,
            Some(0) => Decision::Granted,
            Some(_) => Decision::Refused,
        }
    }

    fn class(&self) -> Class {
        if self.response { Class::Response } else { Class::Request }
    }

    /// Ids are used again soon: with the name.
    fn transaction(&self) -> Option<String> {
        Some(format!("{} {}", self.id, self.name))
    }

    fn question(&self) -> Option<String> {
        self.response.then(|| query(&self.name))
    }
}

fn query(name: &str) -> String {
    format!("query for {}", name.to_ascii_lowercase())
}
