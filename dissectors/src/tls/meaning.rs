//! What TLS messages come to.

use super::message::{Body, Message};
use crate::role::{Role, Roles};
use crate::{Decision, Presentation, Purpose, Semantics};

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

impl Semantics for Message {
    /// The type of the message, and of an alert its name.
    fn meaning(&self, _: Option<&crate::Message>) -> String {
        match &self.body {
            Body::Alert(alert) => format!("alert {}", alert.shown()),
            Body::Handshake { kind, .. } if self.kind() == "tls.handshake" => format!("handshake type {kind}"),
            _ => self.kind().trim_start_matches("tls.").replace('_', " "),
        }
    }

    fn decision(&self, _: Option<&crate::Message>) -> Decision {
        match self.body {
            Body::Alert(alert) if alert.is_fatal() => Decision::Refused,
            _ => Decision::Open,
        }
    }

    /// The server that a ClientHello names.
    fn purpose(&self) -> Purpose {
        let Body::ClientHello(hello) = &self.body else { return Purpose::default() };
        Purpose { wanted: hello.sni.clone(), ..Purpose::default() }
    }

    fn is_nonsense(&self) -> bool {
        matches!(self.body, Body::Malformed)
    }

    /// Alerts, and what is no TLS.
    fn is_notable(&self) -> bool {
        match &self.body {
            Body::Alert(alert) => alert.is_fatal(),
            Body::SealedAlert { inferred } => *inferred,
            Body::Malformed => true,
            _ => false,
        }
    }

    fn is_opaque(&self) -> bool {
        matches!(self.body, Body::SealedAlert { .. })
    }

    /// The rest of a handshake depends on whether a session is resumed.
    fn is_comparable(&self) -> bool {
        matches!(self.body, Body::ClientHello(_) | Body::ServerHello(_))
    }
}
