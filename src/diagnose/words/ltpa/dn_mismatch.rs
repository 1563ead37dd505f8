//! What is said of one user who has two names.

use super::{NameDifference, Verifier};
use crate::diagnose::words::{Refusals, Words};
use serde::Serialize;

/// A token was refused, and its user has another name beside it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TwoNames {
    /// The other name.
    pub other_name: String,
    /// Token or log that holds the name.
    #[serde(flatten)]
    pub other_place: OtherPlace,
    /// The name in the token.
    pub token_user: String,
    /// The request or login that showed the token.
    #[serde(flatten)]
    pub carrier: Carrier,
    /// Difference of the names, the other one first.
    #[serde(flatten)]
    pub difference: NameDifference,
    /// The server that refused such tokens, and its answers.
    #[serde(flatten)]
    pub refusals: Refusals,
}

/// Protocol that carried a token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Carrier {
    /// Method of a request; `login` of a chat client.
    pub method: String,
    /// The server to which the token was shown.
    #[serde(flatten)]
    pub verifier: Verifier,
}

/// Where the other name of the user of a token stands.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "other_name_in", rename_all = "snake_case")]
pub(crate) enum OtherPlace {
    /// In another token beside it.
    TokenBeside,
    /// In what carried the token, as a name.
    Carrier,
    /// In a token that the same browser was given.
    TokenIssued {
        /// Host that set it.
        token_issuer: String,
    },
}

impl Carrier {
    /// "GET to mail.example.com", "chat login at 10.1.0.9:1533".
    fn called(&self) -> String {
        match &self.verifier {
            Verifier::Http { host, .. } => format!("{} to {host}", self.method),
            Verifier::Sip { server } => format!("{} to {server}", self.method),
            Verifier::Sametime { server } => format!("chat login at {server}"),
        }
    }

    /// "token in the GET to mail.example.com".
    pub(crate) fn place(&self) -> String {
        format!("token in the {}", self.called())
    }
}

impl OtherPlace {
    /// "token that mail.example.com set".
    pub(crate) fn place(&self, carrier: &Carrier) -> String {
        match self {
            Self::TokenBeside => "other token there".to_owned(),
            Self::Carrier => format!("name in the {}", carrier.called()),
            Self::TokenIssued { token_issuer } => format!("token that {token_issuer} set"),
        }
    }
}

impl Words for TwoNames {
    fn title(&self) -> String {
        title(&self.other_name, &self.token_user)
    }

    fn explanation(&self) -> String {
        format!(
            "The {} names the user {}, the {} names {}: {}. To a directory these are two persons. {} refused the token.",
            self.other_place.place(&self.carrier),
            self.other_name,
            self.carrier.place(),
            self.token_user,
            self.difference,
            self.refusals,
        )
    }
}

/// A trace of a sign-on: the name in a token is not found, and beside it the user has another one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TwoNamesTraced {
    /// Name of the log.
    pub log: String,
    /// The other name.
    pub other_name: String,
    /// The name in the token.
    pub token_user: String,
    /// Difference of the names, the other one first.
    #[serde(flatten)]
    pub difference: NameDifference,
    /// The trace says that the token verified.
    pub is_verified: bool,
    /// The directory knows the other name.
    pub knows_other_name: bool,
}

impl Words for TwoNamesTraced {
    fn title(&self) -> String {
        title(&self.other_name, &self.token_user)
    }

    fn explanation(&self) -> String {
        let Self { log, other_name, token_user, difference, .. } = self;
        let verified = if self.is_verified { " well" } else { ", or nothing is said of it" };
        let known = if self.knows_other_name { format!(", while it knows {other_name}") } else { String::new() };
        format!(
            "By {log}, one token names the user {token_user}, and beside it the same user is {other_name}: {difference}. The \
             token itself verified{verified}. No search of the directory found {token_user}{known}, and the login failed: to a \
             directory these are two persons."
        )
    }
}

fn title(one: &str, other: &str) -> String {
    format!("One user, two names: {one} and {other}")
}
