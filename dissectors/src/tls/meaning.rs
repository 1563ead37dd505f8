//! What TLS messages come to, for a comparison of two sessions.

use super::message::{Body, Message};
use crate::role::{Role, Roles};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("alert", Role::Deciding),
    ("code", Role::Deciding),
    ("sni", Role::Deciding),
    // The client goes on or gives up by what the certificate says.
    ("names", Role::Deciding),
    ("issuer", Role::Deciding),
    ("not_before", Role::Noise),
    ("not_after", Role::Deciding),
    ("chain_length", Role::Deciding),
    ("fingerprint", Role::Noise),
    ("random", Role::Noise),
    ("resumes", Role::Noise),
    ("early_data", Role::Noise),
    ("pre_shared_key", Role::Noise),
    ("lifetime_s", Role::Noise),
    ("body_length", Role::Noise),
    ("opened", Role::Noise),
    ("why_opaque", Role::Noise),
];

impl Message {
    /// The type of the message, and of an alert its name.
    pub(crate) fn meaning(&self) -> String {
        match &self.body {
            Body::Alert(alert) => format!("alert {}", alert.shown()),
            Body::Handshake { kind, .. } if self.kind() == "tls.handshake" => format!("handshake type {kind}"),
            _ => self.kind().trim_start_matches("tls.").replace('_', " "),
        }
    }

    pub(crate) fn refuses(&self) -> bool {
        matches!(self.body, Body::Alert(alert) if alert.is_fatal())
    }

    pub(crate) const fn is_opaque(&self) -> bool {
        matches!(self.body, Body::SealedAlert { .. })
    }
}
