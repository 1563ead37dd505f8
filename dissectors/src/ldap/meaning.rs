//! What LDAP messages come to.

use super::message::{Auth, Body, Message};
use super::result::{Outcome, name_of};
use crate::role::{Role, Roles};
use crate::{Class, Decision, Purpose, Semantics};

/// See [`crate::Protocol::roles`].
pub(super) const ROLES: Roles = &[
    ("result_code", Role::Deciding),
    ("data", Role::Deciding),
    ("name", Role::Deciding),
    ("method", Role::Deciding),
    ("mechanism", Role::Deciding),
    ("filter", Role::Deciding),
    ("entries", Role::Deciding),
    ("diagnostic", Role::Telling),
    ("message_id", Role::Noise),
    ("abandoned", Role::Noise),
    ("credentials_length", Role::Noise),
    ("password_length", Role::Noise),
    ("length", Role::Noise),
];

impl Semantics for Message {
    fn meaning(&self, _: Option<&crate::Message>) -> String {
        match &self.body {
            Body::BindRequest { auth: Auth::Sasl { mechanism, .. }, .. } => format!("bind by {mechanism}"),
            Body::BindRequest { name, .. } if name.is_empty() => "anonymous bind".to_owned(),
            Body::BindRequest { .. } => "bind".to_owned(),
            Body::SearchRequest { scope, .. } => format!("search {}", scope.name()),
            Body::SearchDone { outcome, entries: Some(0) } if outcome.code == Some(0) => {
                "search: nothing found".to_owned()
            }
            Body::Request { operation, .. } => (*operation).to_owned(),
            Body::Extended { oid } => format!("extended {oid}"),
            _ => match self.outcome() {
                Some(outcome) => format!("result {}", short(outcome)),
                None => crate::Presentation::kind(self).trim_start_matches("ldap.").replace('_', " "),
            },
        }
    }

    /// Only a bind grants: a search may succeed for nobody in particular, and so may a bind without a name or without a proof (RFC
    /// 4513 section 5.1). SASL in progress decides nothing yet, nor does the answer to a comparison.
    fn decision(&self, request: Option<&crate::Message>) -> Decision {
        let Some(outcome) = self.outcome() else { return Decision::Open };
        let proves_nothing = || match request {
            Some(crate::Message::Ldap(asked)) => asked.proves_nothing(),
            _ => false,
        };
        match outcome.code {
            None => Decision::Open,
            _ if outcome.is_step() => Decision::Open,
            Some(0) if matches!(self.body, Body::BindResponse(_)) && !proves_nothing() => Decision::Granted,
            Some(0 | 5 | 6) => Decision::Open,
            Some(_) => Decision::Refused,
        }
    }

    fn class(&self) -> Class {
        match self.body {
            Body::BindRequest { .. }
            | Body::SearchRequest { .. }
            | Body::Extended { .. }
            | Body::Request { .. }
            | Body::Abandon { .. }
            | Body::Unbind => Class::Request,
            Body::SearchReference { .. } | Body::Intermediate { .. } => Class::Interim,
            Body::BindResponse(_) | Body::SearchDone { .. } | Body::ExtendedResponse { .. } | Body::Response { .. } => {
                Class::Response
            }
            Body::Sealed { .. } | Body::Malformed => Class::Unstated,
        }
    }

    fn transaction(&self) -> Option<String> {
        self.id.map(|id| id.to_string())
    }

    /// Who binds, or what is looked for.
    fn asked(&self) -> Option<String> {
        match &self.body {
            Body::BindRequest { name, .. } if !name.is_empty() => Some(name.clone()),
            Body::BindRequest { auth: Auth::Sasl { mechanism, .. }, .. } => Some(mechanism.clone()),
            Body::SearchRequest { filter, .. } => Some(filter.clone()),
            _ => None,
        }
    }

    fn answered(&self) -> Option<String> {
        self.outcome().filter(|outcome| !outcome.is_step()).map(short)
    }

    fn purpose(&self) -> Purpose {
        match &self.body {
            Body::BindRequest { name, .. } if !name.is_empty() => Purpose::wanting(name.as_str()),
            _ => Purpose::default(),
        }
    }

    fn is_nonsense(&self) -> bool {
        matches!(self.body, Body::Malformed)
    }

    /// Who binds and what comes of it, every refusal, and what is wrong.
    fn is_notable(&self) -> bool {
        match &self.body {
            Body::BindRequest { .. }
            | Body::BindResponse(_)
            | Body::Extended { .. }
            | Body::ExtendedResponse { .. }
            | Body::Malformed => true,
            _ => self.outcome().is_some_and(|outcome| outcome.code != Some(0)),
        }
    }

    fn is_essential(&self) -> bool {
        matches!(self.body, Body::BindRequest { .. } | Body::BindResponse(_))
    }

    fn is_opaque(&self) -> bool {
        matches!(self.body, Body::Sealed { .. })
    }
}

impl Message {
    /// A bind whose success says nothing of anybody: without a name or a password, or a beginning that is answered by success.
    fn proves_nothing(&self) -> bool {
        match &self.body {
            Body::BindRequest { name, auth: Auth::Simple { length }, .. } => name.is_empty() || *length == 0,
            Body::BindRequest { auth, .. } => auth.is_beginning(),
            _ => false,
        }
    }
}

/// "49 data 775", "success".
fn short(outcome: &Outcome) -> String {
    let code = match outcome.code {
        None => return "no result".to_owned(),
        Some(0) => return "success".to_owned(),
        Some(code) => code,
    };
    match outcome.data() {
        Some(data) => format!("{code} data {data}"),
        None => name_of(code).map_or_else(|| code.to_string(), |name| format!("{code} {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::message;
    use super::super::parse::tests::{bind_request, envelope, result, tlv};
    use super::*;

    fn read(bytes: &[u8]) -> crate::Message {
        crate::Message::Ldap(Box::new(message(bytes, false)))
    }

    #[test]
    fn a_bind_is_granted_to_who_has_a_name() {
        let (named, nobody) = (read(&bind_request(1, "cn=app", "x")), read(&bind_request(1, "", "")));
        let (success, refused) = (read(&result(1, 0x61, 0, "")), read(&result(1, 0x61, 49, "")));
        assert_eq!(success.decision(Some(&named)), Decision::Granted);
        assert_eq!(success.decision(Some(&nobody)), Decision::Open);
        assert_eq!(refused.decision(Some(&named)), Decision::Refused);
        assert_eq!(read(&result(1, 0x61, 14, "")).decision(Some(&named)), Decision::Open);
        let unproved = read(&bind_request(1, "cn=app", ""));
        assert_eq!(success.decision(Some(&unproved)), Decision::Open);
    }

    #[test]
    fn a_search_grants_nothing() {
        assert_eq!(read(&result(2, 0x65, 0, "")).decision(None), Decision::Open);
        assert_eq!(read(&result(2, 0x65, 32, "")).decision(None), Decision::Refused);
        for compared in [5, 6] {
            assert_eq!(read(&result(2, 0x6F, compared, "")).decision(None), Decision::Open);
        }
    }

    /// NTLM without SASL calls its challenge a success.
    #[test]
    fn a_challenge_is_a_step() {
        let bind = |tag, proof: &[u8]| {
            let parts = [tlv(2, &[3]), tlv(4, b"user01"), tlv(tag, proof)].concat();
            read(&envelope(1, &tlv(0x60, &parts)))
        };
        let challenge = [tlv(0x0A, &[0]), tlv(4, b"NTLMSSP\0\x02\0\0\0\x01"), tlv(4, b"")].concat();
        let challenge = read(&envelope(1, &tlv(0x61, &challenge)));
        assert_eq!(challenge.decision(Some(&bind(0x8A, b"NTLMSSP\0\x01"))), Decision::Open);
        assert_eq!((challenge.decision(None), challenge.answered()), (Decision::Open, None));
        let (success, packages) = (read(&result(2, 0x61, 0, "")), bind(0x89, b""));
        assert_eq!(success.decision(Some(&packages)), Decision::Open);
        assert_eq!(success.decision(Some(&bind(0x8B, b"NTLMSSP\0\x03"))), Decision::Granted);
    }

    #[test]
    fn the_column_says_why_active_directory_refused() {
        let locked = "80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data 775, v2580";
        assert_eq!(read(&result(1, 0x61, 49, locked)).answered().as_deref(), Some("49 data 775"));
    }
}
