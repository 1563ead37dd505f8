//! What messages of the Sametime community protocol come to.

use super::frame::ENCRYPT;
use super::message::{Body, Message};
use super::reason;
use crate::role::{Role, Roles};
use crate::{Decision, Presentation, Purpose, Semantics};

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

impl Semantics for Message {
    fn meaning(&self, _: Option<&crate::Message>) -> String {
        match &self.body {
            Body::ChannelDestroy { reason } if self.channel == 0 => format!("session ended {}", reason::label(*reason)),
            Body::ChannelCreate(create) => format!("channel for service {:#x}", create.service.service),
            Body::Other { kind } => format!("type {kind:#06x}"),
            _ => self.kind().trim_start_matches("sametime.").replace('_', " "),
        }
    }

    fn decision(&self, _: Option<&crate::Message>) -> Decision {
        match self.body {
            Body::LoginAck { .. } => Decision::Granted,
            _ if self.session_end().is_some_and(|reason| reason != 0) => Decision::Refused,
            _ => Decision::Open,
        }
    }

    /// The user.
    fn asked(&self) -> Option<String> {
        match &self.body {
            Body::Login { user, .. } => Some(user.clone()),
            _ => None,
        }
    }

    /// What came of a login.
    fn answered(&self) -> Option<String> {
        match &self.body {
            Body::LoginAck { user_name, .. } => Some(user_name.clone()),
            Body::LoginRedirect { host, .. } => Some(format!("to {host}")),
            _ => self.session_end().filter(|reason| *reason != 0).map(|reason| format!("refused 0x{reason:08X}")),
        }
    }

    /// A login by token has another counterpart than one by password.
    fn purpose(&self) -> Purpose {
        let Body::Login { user, auth, .. } = &self.body else { return Purpose::default() };
        let manner = if auth.is_token() { "a login by token" } else { "a login by password" };
        Purpose { manner: Some(manner), ..Purpose::wanting(user) }
    }

    fn is_nonsense(&self) -> bool {
        matches!(self.body, Body::Malformed)
    }

    /// How a session begins and ends, and what is wrong.
    fn is_notable(&self) -> bool {
        match self.body {
            Body::Handshake { .. }
            | Body::HandshakeAck { .. }
            | Body::Login { .. }
            | Body::LoginAck { .. }
            | Body::LoginContinue
            | Body::LoginRedirect { .. }
            | Body::Malformed => true,
            Body::ChannelDestroy { .. } => self.channel == 0,
            _ => !self.problems.is_empty(),
        }
    }

    fn is_essential(&self) -> bool {
        !matches!(self.body, Body::KeepAlive | Body::Other { .. })
    }

    fn is_opaque(&self) -> bool {
        self.options & ENCRYPT != 0
    }
}
