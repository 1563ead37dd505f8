//! What NRPC messages come to.

use super::{Body, Message, name};
use crate::role::{Role, Roles};
use crate::{Decision, Purpose, Semantics};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("wanted_server", Role::Deciding),
    ("server_name", Role::Deciding),
    ("status_code", Role::Deciding),
    ("status_name", Role::Deciding),
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
    ("tlvs.text", Role::Noise),
    ("tlvs.length", Role::Noise),
    ("sequence", Role::Noise),
    ("length", Role::Noise),
    ("data_length", Role::Noise),
    ("unread_bytes", Role::Noise),
];

impl Semantics for Message {
    fn meaning(&self, _: Option<&crate::Message>) -> String {
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

    /// Nothing grants in so many words: whoever got what was asked for goes on.
    fn decision(&self, _: Option<&crate::Message>) -> Decision {
        match &self.body {
            Body::Transaction(t) if t.status().is_some_and(|status| !status.is_ok()) => Decision::Refused,
            _ => Decision::Open,
        }
    }

    fn asked(&self) -> Option<String> {
        self.purpose().wanted
    }

    fn answered(&self) -> Option<String> {
        self.purpose().answered
    }

    /// Names without their labels, so that the same server has one name in either notation.
    fn purpose(&self) -> Purpose {
        let abbreviated = |text: &Option<String>| text.as_deref().map(name::abbreviate);
        match &self.body {
            Body::SessionRequest(session) => {
                Purpose { wanted: abbreviated(&session.wanted_server), ..Purpose::default() }
            }
            Body::SessionResponse(session) => {
                Purpose { answered: abbreviated(&session.own_name), ..Purpose::default() }
            }
            _ => Purpose::default(),
        }
    }

    fn is_notable(&self) -> bool {
        match &self.body {
            Body::Transaction(transaction) => transaction.status.is_some_and(|status| status != 0),
            Body::Opaque(opaque) => !opaque.framed,
            _ => false,
        }
    }

    fn is_opaque(&self) -> bool {
        matches!(&self.body, Body::Opaque(opaque) if !opaque.framed)
    }
}
