//! What is said of web clients that send a word instead of a token.

use super::Verifier;
use crate::diagnose::words::{Answers, Clients, Placeholders, Words};
use serde::Serialize;

/// A word was shown instead of a token.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WordShown {
    /// The server to which it was shown.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// Who showed it.
    #[serde(flatten)]
    pub clients: Clients,
    /// The words, each with the name of its cookie.
    #[serde(flatten)]
    pub placeholders: Placeholders,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for WordShown {
    fn title(&self) -> String {
        format!("A browser shows {} the word {} instead of a sign-on token", self.verifier, self.placeholders.first())
    }

    fn explanation(&self) -> String {
        let Self { verifier, clients, placeholders, answers } = self;
        format!(
            "{clients} sent {verifier} {placeholders} where a token belongs, and was turned away ({answers}). That is what a script writes if it \
             reads a cookie that is hidden from it (HttpOnly) or that is not there."
        )
    }
}

/// A trace holds a request with a word where its token should be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoggedHttpWord {
    /// Name of the log.
    pub log: String,
    /// The host that was asked.
    pub host: Option<String>,
    /// Words that stood in place of the token.
    #[serde(flatten)]
    pub placeholders: Placeholders,
    /// Answers that the log has to it.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for LoggedHttpWord {
    fn title(&self) -> String {
        let host = self.host.as_deref().unwrap_or("a web server");
        format!("A browser shows {host} the word {} instead of a sign-on token", self.placeholders.first())
    }

    fn explanation(&self) -> String {
        let Self { log, placeholders, .. } = self;
        let outcome = match self.answers.first() {
            Some(answer) => format!("and was turned away ({answer})"),
            None => "and what the server made of it is not in this log".to_owned(),
        };
        format!(
            "{log} holds the request itself, with {placeholders} in its Cookie, {outcome}. That is what a script writes if it reads a \
             cookie that is hidden from it (HttpOnly) or that is not there."
        )
    }
}
