//! Tokens that one server refused: whose, who showed them, what was answered.

use crate::diagnose::words::{Answers, Clients, Users, shown, times};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// Tokens that one server refused.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Tokens {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Name of that server.
    pub host: String,
    /// Cookie that held the first; nothing where it stood in the Authorization header.
    pub cookie: Option<String>,
    /// Users that they name.
    #[serde(flatten)]
    pub users: Users,
    /// Clients that showed them.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of requests.
    pub count: usize,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
    /// How often a renewal was refused.
    pub renewal_refused_count: usize,
    /// The user logged in again.
    pub recovered: bool,
}

impl Tokens {
    /// "The token sametimeJwt of Ann".
    pub(super) fn called(&self) -> String {
        let what = self.cookie.as_deref().map_or_else(|| "JSON web token".to_owned(), |name| format!("token {name}"));
        format!("The {what} of {}", self.users.or("a user"))
    }

    /// "chat.example.com refused it 3 times when 10.1.0.5 showed it (401 Unauthorized)", and what came of it.
    pub(super) fn refusal(&self) -> String {
        let Self { host, clients, answers, .. } = self;
        let renewal = match self.renewal_refused_count {
            0 => String::new(),
            count => format!(", and its renewal was refused {}", times(count)),
        };
        let again = if self.recovered { " Later the user came with a new one." } else { "" };
        format!("{host} refused it {} when {clients} showed it ({answers}){renewal}.{again}", times(self.count))
    }
}

/// A time of a token, for people.
pub(crate) fn at(seconds: i64) -> String {
    Timestamp::from_secs(seconds).to_string()
}
