//! What messages of STUN and TURN come to.

use super::message::{Kind, Message, Stun};
use crate::role::{Role, Roles};
use crate::{Class, Decision, Semantics, text};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("error", Role::Deciding),
    ("reason", Role::Noise),
    ("username", Role::Noise),
    ("mapped", Role::Noise),
    ("relayed", Role::Noise),
    ("transaction", Role::Noise),
];

impl Semantics for Message {
    fn meaning(&self, _: Option<&crate::Message>) -> String {
        match self {
            Self::Stun(stun) => stun.meaning(),
            Self::Dtls(dtls) => format!("DTLS {}", dtls.words()),
        }
    }

    fn decision(&self, request: Option<&crate::Message>) -> Decision {
        let Self::Stun(stun) = self else { return Decision::Open };
        let credentials = match request {
            Some(crate::Message::Stun(Self::Stun(request))) => request.username.is_some(),
            _ => false,
        };
        stun.decision(credentials)
    }

    fn class(&self) -> Class {
        match self {
            Self::Stun(stun) => match stun.kind {
                Kind::Request => Class::Request,
                Kind::Indication => Class::Unstated,
                Kind::Success | Kind::Error => Class::Response,
            },
            Self::Dtls(_) => Class::Unstated,
        }
    }

    fn transaction(&self) -> Option<String> {
        match self {
            Self::Stun(stun) if stun.kind != Kind::Indication => Some(text::hex(&stun.transaction)),
            Self::Stun(_) | Self::Dtls(_) => None,
        }
    }

    fn is_notable(&self) -> bool {
        match self {
            Self::Stun(stun) => stun.kind == Kind::Error,
            Self::Dtls(dtls) => dtls.alert.is_some(),
        }
    }
}

impl Stun {
    fn meaning(&self) -> String {
        let method = self.method.name();
        match (self.kind, &self.error) {
            (Kind::Request, _) => format!("{method} request"),
            (Kind::Indication, _) => format!("{method} indication"),
            (Kind::Success, _) => format!("{method} success"),
            (Kind::Error, Some((code, _))) => format!("{method} error {code}"),
            (Kind::Error, None) => format!("{method} error"),
        }
    }

    /// What it decides for who has shown credentials, or has not. Steps: the first demand for them (401), a nonce that has grown old
    /// (438), another server (300), a change of roles (487).
    pub fn decision(&self, credentials: bool) -> Decision {
        let is_step = match self.error {
            Some((300 | 438 | 487, _)) => true,
            Some((401, _)) => !credentials,
            _ => false,
        };
        match self.kind {
            Kind::Success => Decision::Granted,
            Kind::Error if !is_step => Decision::Refused,
            Kind::Error | Kind::Request | Kind::Indication => Decision::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::datagram;
    use super::super::message::tests::message;
    use super::*;

    fn decision(answer: &[u8], request: &[u8]) -> Decision {
        datagram(answer).unwrap().decision(datagram(request).as_ref())
    }

    #[test]
    fn what_is_a_step_and_what_a_refusal() {
        let (bare, shown) = (message(3, &[]), message(3, &[(6, b"ann")]));
        let error = |number| message(0x0113, &[(9, &[0, 0, 4, number])]);
        assert_eq!(decision(&error(1), &bare), Decision::Open);
        assert_eq!(decision(&error(1), &shown), Decision::Refused);
        assert_eq!(decision(&error(38), &shown), Decision::Open);
        assert_eq!(decision(&error(86), &shown), Decision::Refused);
        assert_eq!(decision(&message(0x0103, &[]), &shown), Decision::Granted);
    }
}
