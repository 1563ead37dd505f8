//! What SIP messages come to.

use super::message::{Address, Message, Start};
use crate::role::{Role, Roles};
use crate::{Class, Decision, Purpose, Semantics};

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

impl Semantics for Message {
    /// The class of a success is enough; of provisional responses it does not matter which came.
    fn meaning(&self, _: Option<&crate::Message>) -> String {
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

    /// A demand for credentials is a step on the way for who has shown none, or such as were good until lately (`stale`, RFC
    /// 7616 section 3.3); else the credentials are refused (RFC 3261 section 22.1).
    fn decision(&self, request: Option<&crate::Message>) -> Decision {
        let has_credentials = |request: &crate::Message| match request {
            crate::Message::Sip(request) => !request.credentials.is_empty(),
            _ => false,
        };
        match self.status() {
            Some(200..=299) => Decision::Granted,
            Some(401 | 407) => {
                let stale = self.challenges.iter().any(|challenge| challenge.stale);
                if request.is_some_and(has_credentials) && !stale { Decision::Refused } else { Decision::Open }
            }
            Some(400..) => Decision::Refused,
            _ => Decision::Open,
        }
    }

    fn class(&self) -> Class {
        match self.start {
            Start::Request { .. } => Class::Request,
            Start::Response { status: ..200, .. } => Class::Interim,
            Start::Response { .. } => Class::Response,
            Start::Malformed { .. } => Class::Unstated,
        }
    }

    /// The address of record of a request: who registers, or who is called.
    fn asked(&self) -> Option<String> {
        let uri = &self.to.as_ref().filter(|_| self.is_request())?.uri;
        Some(uri.user.as_ref().map_or_else(|| uri.host.clone(), |user| format!("{user}@{}", uri.host)))
    }

    fn answered(&self) -> Option<String> {
        self.status().filter(|&status| status >= 200).map(|status| status.to_string())
    }

    fn purpose(&self) -> Purpose {
        let of_record = self.to.as_ref().filter(|_| self.is_request()).map(Address::of_record);
        Purpose { wanted: of_record, ..Purpose::default() }
    }

    fn is_nonsense(&self) -> bool {
        matches!(self.start, Start::Malformed { .. })
    }

    /// Refusals other than the usual demand for credentials, what carries a cookie, what cannot be read.
    fn is_notable(&self) -> bool {
        match self.start {
            Start::Request { .. } => !self.cookies.is_empty(),
            Start::Response { status, .. } => {
                let stale = self.challenges.iter().any(|challenge| challenge.stale);
                status >= 400 && (stale || !matches!(status, 401 | 407))
            }
            Start::Malformed { .. } => true,
        }
    }

    fn is_essential(&self) -> bool {
        true
    }
}
