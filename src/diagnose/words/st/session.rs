//! Values that many findings about Sametime have: who logged in, the reason that the server gave, what the client did afterwards.

use crate::diagnose::words::{Clients, how_often, shown, span, times};
use crate::model::Endpoint;
use nrpcsniff_dissectors::sametime::reason;
use serde::Serialize;
use std::fmt;
use std::net::IpAddr;

/// Sessions of one user at one client that a server ended for the same reason.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EndedSession {
    /// The server that ended it.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// User and server of the first of them.
    #[serde(flatten)]
    pub who: Person,
    /// Number of such sessions.
    pub count: usize,
    /// Reason for which the server ended them.
    #[serde(flatten)]
    pub reason: Reason,
    /// The client's step after the last of them.
    #[serde(flatten)]
    pub aftermath: Aftermath,
}

impl EndedSession {
    /// "10.1.0.9:1533 ended the session of Ann (10.1.0.50) (twice in this capture). Reason: ….", then what else is known, a
    /// sentence with a blank in front, and what the client did afterwards. `program` follows the user's name.
    pub(crate) fn ended(&self, program: &str, known: &str) -> String {
        let Self { server, who, count, reason, aftermath } = self;
        format!(
            "{server} ended the session of {who}{program}{}. Reason: {reason}.{known}{aftermath}",
            how_often(*count)
        )
    }

    /// "Ann (10.1.0.50) logged in at 10.1.0.9:1533 with a password, and the server ended the session. Reason: ….";
    /// `with` says how the user logged in, with a blank in front.
    pub(crate) fn refused(&self, with: &str) -> String {
        let Self { server, who, count, reason, .. } = self;
        let often = how_often(*count);
        format!("{who} logged in at {server}{with}, and the server ended the session{often}. Reason: {reason}.")
    }
}

/// User and server of a session.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Person {
    /// As the client names the user; nothing for a guest without a name.
    pub user: Option<String>,
    /// Address of the client.
    pub client: IpAddr,
}

/// "CN=Ann/O=Acme (10.1.0.50)", or the address alone.
impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            Some(user) => write!(f, "{user} ({})", self.client),
            None => write!(f, "a user at {}", self.client),
        }
    }
}

/// The reason for which a server ended a session.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Reason {
    #[serde(rename = "reason_code")]
    code: u32,
    #[serde(rename = "reason_name")]
    name: Option<&'static str>,
}

impl Reason {
    /// The reason that a code of the protocol stands for.
    pub(crate) fn of(code: u32) -> Self {
        Self { code, name: reason::name(code) }
    }
}

/// "TOKEN_INVALID (0x80000015): the server could not …".
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&reason::label(self.code))?;
        reason::explain(self.code).map_or(Ok(()), |text| write!(f, ": {text}"))
    }
}

/// The next step of a client whose session had ended.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(crate) enum Aftermath {
    /// The user got in later.
    GotIn {
        /// Seconds from the end of the session to the next one's beginning; unknown where the capture's clock ran backwards.
        recovered_after_s: Option<f64>,
        /// The server that accepted.
        #[serde(serialize_with = "shown")]
        recovered_at: Endpoint,
        /// It was with a password.
        recovered_by_password: bool,
    },
    /// The client did not get in again.
    InVain {
        /// Number of further sessions.
        retries: usize,
    },
}

/// A sentence with a blank in front; nothing if the client did nothing.
impl fmt::Display for Aftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::GotIn { recovered_after_s, recovered_at, recovered_by_password } => {
                let how = if recovered_by_password { " with a password" } else { "" };
                let later =
                    recovered_after_s.map_or_else(|| "Later".to_owned(), |after| format!("{} later", span(after)));
                write!(f, " {later} the user got in{how} at {recovered_at}.")
            }
            Self::InVain { retries: 0 } => Ok(()),
            Self::InVain { retries } => {
                write!(f, " The client tried {} more after that and did not get in.", times(retries))
            }
        }
    }
}

/// Logins that a server turned away for the same reason, whoever they were of.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TurnedAway {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// User and client of the login.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of logins.
    pub count: usize,
    /// Reason for which the server refused them.
    #[serde(flatten)]
    pub reason: Reason,
    /// All of them got in later.
    pub recovered: bool,
}

impl TurnedAway {
    /// " All of them got in later.", if they did.
    pub(crate) const fn aftermath(&self) -> &'static str {
        if self.recovered { " All of them got in later." } else { "" }
    }
}

/// "10.1.0.9:1533 turned 10.1.0.50 and 2 other clients away 3 times. Reason: ….".
impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, clients, count, reason, .. } = self;
        write!(f, "{server} turned {clients} away {}. Reason: {reason}.", times(*count))
    }
}

/// The proof of identity in a login.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Proof {
    /// The proof that the last login carried; nothing if it is not known.
    pub proof: Option<ProofKind>,
    /// Tokens that were shown: class, user, fingerprint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<String>,
    /// Length of what the last login carried, in bytes.
    pub proof_bytes: Option<usize>,
}

/// Ways to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ProofKind {
    /// A sign-on token, or what was meant for one.
    Token,
    /// A password, however it was encrypted.
    Password,
}

impl Proof {
    /// It was a sign-on token, or was meant to be.
    pub(crate) fn is_token(&self) -> bool {
        self.proof == Some(ProofKind::Token)
    }
}

/// "Domino token of …", "a password".
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tokens.as_slice(), self.proof) {
            ([], Some(ProofKind::Token)) => {
                write!(f, "a token ({} bytes of no known form)", self.proof_bytes.unwrap_or_default())
            }
            ([], Some(ProofKind::Password)) => f.write_str("a password"),
            ([], None) => f.write_str("nothing that is known"),
            (tokens, _) => f.write_str(&tokens.join(" and ")),
        }
    }
}
