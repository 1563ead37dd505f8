//! What is said of tokens that are shown after their end.

use super::{LoggedToken, Verifier};
use crate::diagnose::words::{Answers, Clients, Users, Words, span};
use crate::model::Timestamp;
use serde::Serialize;
use std::fmt;

/// A token was shown after the end that it names.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PastItsEnd {
    /// Users of the tokens.
    #[serde(flatten)]
    pub bearers: Bearers,
    /// The server to which they were shown.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// End of the first one.
    pub token_expires: Timestamp,
    /// Seconds from when it was shown to that: negative.
    pub token_left_s: f64,
    /// The time that it is judged by.
    pub as_of: Timestamp,
    /// The user of this program gave that time; else it is the packet's.
    pub as_of_given: bool,
    /// Fate of the token.
    #[serde(flatten)]
    pub fate: Fate,
}

impl Words for PastItsEnd {
    fn title(&self) -> String {
        let Self { bearers, verifier, token_expires, .. } = self;
        format!("Sign-on token of {bearers} ended at {token_expires}, before it was shown to {verifier}")
    }

    fn explanation(&self) -> String {
        let by = if self.as_of_given { "the time given" } else { "the time of the packet" };
        format!(
            "The token of {} ended at {}, {} before {by}. {} A token is not renewed by use.",
            self.bearers,
            self.token_expires,
            span(-self.token_left_s),
            self.fate,
        )
    }
}

/// A token whose end cannot be read worked, and later does not.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WorkedBefore {
    /// Users of the tokens.
    #[serde(flatten)]
    pub bearers: Bearers,
    /// The server to which they were shown.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// Host that issued the first one.
    pub token_issuer: String,
    /// Seconds from that to when it was shown.
    pub token_age_s: f64,
    /// Fate of the token.
    #[serde(flatten)]
    pub fate: Fate,
}

impl Words for WorkedBefore {
    fn title(&self) -> String {
        let Self { bearers, verifier, .. } = self;
        format!("Sign-on token of {bearers} worked and is refused by {verifier} now: it has probably ended")
    }

    fn explanation(&self) -> String {
        format!(
            "{} issued the token of {}; {} later it is refused. {} Its end cannot be read without keys, so that this is \
             inferred from the course of events.",
            self.token_issuer,
            self.bearers,
            span(self.token_age_s),
            self.fate,
        )
    }
}

/// The clients that showed tokens.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Bearers {
    /// Users that the tokens name.
    #[serde(flatten)]
    pub users: Users,
    /// Addresses from which they came.
    #[serde(flatten)]
    pub clients: Clients,
}

/// The users; where no token names one, the addresses.
impl fmt::Display for Bearers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.users.is_empty() { self.clients.fmt(f) } else { f.write_str(&self.users.or("a user")) }
    }
}

/// End of a token, as the capture shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Fate {
    /// It was refused; else that is not in the capture.
    pub was_refused: bool,
    /// True if the same server had accepted it before.
    pub was_accepted_before: bool,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.was_refused, self.was_accepted_before) {
            (true, true) => write!(f, "It had been accepted there before. Now the answer is {}.", self.answers),
            (true, false) => write!(f, "It was refused ({}).", self.answers),
            (false, _) => f.write_str("What became of it is not in the capture."),
        }
    }
}

/// A log says that a token had ended.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ExpiryLogged {
    /// The log that says it, and the user of the token.
    #[serde(flatten)]
    pub logged: LoggedToken,
}

impl Words for ExpiryLogged {
    fn title(&self) -> String {
        format!("The sign-on token of {} had ended", self.logged.whose())
    }

    fn explanation(&self) -> String {
        format!("{} says that the token is expired. A token is not renewed by use.", self.logged.log)
    }
}

/// WebSphere's log says several times that tokens had ended.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoggedOften {
    /// Name of the log.
    pub log: String,
}

impl Words for LoggedOften {
    fn title(&self) -> String {
        "WebSphere saw sign-on tokens that had ended".to_owned()
    }

    fn explanation(&self) -> String {
        format!(
            "{} says several times that a token was over (SECJ0371W). Mostly that is harmless: a browser shows its old \
             token once more and its user logs in again.",
            self.log,
        )
    }
}
