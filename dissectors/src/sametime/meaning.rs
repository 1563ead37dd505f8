//! What messages of the Sametime community protocol come to, for a comparison of two sessions.

use super::frame::ENCRYPT;
use super::message::{Body, Message};
use super::reason;
use crate::role::{Role, Roles};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("reason", Role::Deciding),
    ("auth_type", Role::Deciding),
    // The first of the tokens.
    ("token", Role::Noise),
    ("token.user", Role::Noise),
    ("tokens", Role::Deciding),
    ("auth_length", Role::Noise),
    ("own_address", Role::Noise),
    ("seen_address", Role::Noise),
    ("login_id", Role::Noise),
    ("server_id", Role::Noise),
    ("channel", Role::Noise),
    ("new_channel", Role::Noise),
    ("data_length", Role::Noise),
];

impl Message {
    pub(crate) fn meaning(&self) -> String {
        match &self.body {
            Body::ChannelDestroy { reason } if self.channel == 0 => format!("session ended {}", reason::label(*reason)),
            Body::ChannelCreate(create) => format!("channel for service {:#x}", create.service.service),
            Body::Other { kind } => format!("type {kind:#06x}"),
            _ => self.kind().trim_start_matches("sametime.").replace('_', " "),
        }
    }

    pub(crate) fn refuses(&self) -> bool {
        self.session_end().is_some_and(|reason| reason != 0)
    }

    pub(crate) const fn is_opaque(&self) -> bool {
        self.options & ENCRYPT != 0
    }
}
