//! What NRPC messages come to, for a comparison of two sessions.

use super::{Body, Message};
use crate::role::{Role, Roles};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("wanted_server", Role::Deciding),
    ("server_name", Role::Deciding),
    ("status", Role::Deciding),
    ("wanted_server_abbreviated", Role::Noise),
    ("own_name_abbreviated", Role::Noise),
    ("server_name_abbreviated", Role::Noise),
    ("user_abbreviated", Role::Noise),
    ("clock", Role::Noise),
    ("clock_skew_s", Role::Noise),
    ("license_id", Role::Noise),
    ("certificate_created", Role::Noise),
    ("certificate_expires", Role::Noise),
    // Names and times among them have fields of their own; the rest is opaque.
    ("tlvs.value", Role::Noise),
    ("tlvs.length", Role::Noise),
    ("sequence", Role::Noise),
    ("length", Role::Noise),
    ("data_length", Role::Noise),
    ("unread_bytes", Role::Noise),
];

impl Message {
    pub(crate) fn meaning(&self) -> String {
        match &self.body {
            Body::SessionRequest(_) => "session request".to_owned(),
            Body::SessionResponse(_) => "session response".to_owned(),
            Body::Auth(_) => "authentication".to_owned(),
            Body::Transaction(transaction) => {
                let what = if transaction.reply { "reply" } else { "request" };
                let status = transaction.status().filter(|status| !status.is_ok());
                let status = status.map_or_else(String::new, |status| format!(" status {:#06x}", status.code()));
                format!("{what} {:#06x}{status}", self.function)
            }
            Body::Opaque(opaque) if opaque.framed => format!("function {:#06x}", self.function),
            Body::Opaque(_) => "opaque".to_owned(),
        }
    }

    pub(crate) fn refuses(&self) -> bool {
        matches!(&self.body, Body::Transaction(t) if t.status().is_some_and(|status| !status.is_ok()))
    }

    pub(crate) fn is_opaque(&self) -> bool {
        matches!(&self.body, Body::Opaque(opaque) if !opaque.framed)
    }
}
