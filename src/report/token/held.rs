//! What a value is: an LTPA token or what stands in its place, a JSON web token, a session of one server.

use super::jwt;
use nrpcsniff_dissectors::jwt::Jwt;
use nrpcsniff_dissectors::ltpa::Token;
use nrpcsniff_dissectors::{Fields, Reading, Value};

/// A value that signs somebody on, or should.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    /// An LTPA token, or what stands where one belongs.
    Ltpa(Token),
    /// A JSON web token.
    Jwt {
        /// The value: its length, its fingerprint.
        token: Token,
        /// What it claims.
        jwt: Box<Jwt>,
    },
    /// The cookie `DomAuthSessId` of Domino.
    DominoSession(Token),
}

impl Held {
    /// The value, as far as it is like an LTPA token's: length, fingerprint, class.
    pub(crate) const fn token(&self) -> &Token {
        match self {
            Self::Ltpa(token) | Self::Jwt { token, .. } | Self::DominoSession(token) => token,
        }
    }

    /// The fields that it has in a report.
    pub(super) fn fields(&self, reading: &Reading<'_>) -> Fields {
        let fields = self.token().fields(reading);
        match self {
            Self::Ltpa(_) => fields,
            Self::Jwt { jwt, .. } => jwt::fields(fields, jwt, reading),
            Self::DominoSession(_) => {
                with(fields, vec![("class", "other".into()), ("flags", vec![Value::from("domino-session")].into())])
            }
        }
    }
}

/// Fields of which some have another value, or are new.
pub(super) fn with(mut fields: Fields, others: Fields) -> Fields {
    for (name, value) in others {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => fields.push((name, value)),
        }
    }
    fields
}
