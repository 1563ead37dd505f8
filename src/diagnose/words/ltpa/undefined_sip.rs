//! What is said of a softphone that sends a word in place of its token.

use crate::diagnose::words::{Answers, Callers, Clients, Placeholders, Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// SIP requests carry a word where their token should be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct WordForToken {
    /// The SIP server that was asked first.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The clients that asked, by name where that is known.
    #[serde(flatten)]
    pub callers: Callers,
    /// The clients by address.
    #[serde(flatten)]
    pub clients: Clients,
    /// Words that stood in place of the tokens.
    #[serde(flatten)]
    pub placeholders: Placeholders,
    /// How the token was set that the script looked for.
    #[serde(flatten)]
    pub set_as: SetAs,
    /// The worst that came of it.
    pub outcome: Outcome,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

/// How a token was set that a script could not read.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "set_as", rename_all = "snake_case")]
pub(crate) enum SetAs {
    /// With HttpOnly.
    HttpOnly {
        /// Host that set it.
        token_issuer: String,
    },
    /// In a cookie of another name than the script looks for.
    OtherName {
        /// Host that set it.
        token_issuer: String,
        /// Name of the cookie.
        cookie: String,
    },
    /// So that scripts may read it.
    Readable {
        /// Host that set it.
        token_issuer: String,
        /// For https only.
        is_secure: bool,
    },
    /// It was not seen being set.
    NotSeen,
}

/// Answers to such requests, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Not in the capture, or an answer that says nothing of the token.
    Unknown,
    /// No answer, though the capture goes on.
    NoAnswer,
    /// The server refused.
    Refused,
}

impl Words for WordForToken {
    fn title(&self) -> String {
        let Self { callers, placeholders, .. } = self;
        let cause = match self.set_as {
            SetAs::HttpOnly { .. } => ": the token is HttpOnly, so that no script may read it",
            SetAs::OtherName { .. } => ": a token of that name was never set",
            SetAs::Readable { .. } | SetAs::NotSeen => ": the page's script did not get the token",
        };
        format!("The softphone of {callers} registers with {placeholders}{cause}")
    }

    fn explanation(&self) -> String {
        let outcome = match self.outcome {
            Outcome::Refused => format!("It was refused ({}).", self.answers),
            Outcome::NoAnswer => "There was no answer.".to_owned(),
            Outcome::Unknown => "What the server made of it is not in the capture.".to_owned(),
        };
        format!(
            "A script of the page copies the sign-on token into the request of the softphone. Here {} sent {} to {}. {outcome} \
             {} That the registrar then asks for a password it cannot check is inferred.",
            self.clients,
            self.placeholders.first(),
            self.server,
            self.set_as.told(),
        )
    }
}

impl SetAs {
    fn told(&self) -> String {
        match self {
            Self::HttpOnly { token_issuer } => format!(
                "{token_issuer} sets the token with HttpOnly: browsers hide it from scripts, and the script handed on the word \
                 that stands for nothing."
            ),
            Self::OtherName { token_issuer, cookie } => format!(
                "{token_issuer} set {cookie} and no token of the name that the script looks for (WebSphere issues LtpaToken only \
                 in interoperability mode)."
            ),
            Self::Readable { token_issuer, is_secure } => format!(
                "{token_issuer} set the token without HttpOnly, so that scripts may read it, but only in pages that its domain and \
                 path cover{}.",
                if *is_secure { ", and only over https" } else { "" },
            ),
            Self::NotSeen => {
                "How the token was set is not in the capture: HttpOnly is the usual reason, else the user was not \
                              logged in, or only LtpaToken2 was issued."
                    .to_owned()
            }
        }
    }
}

/// A trace holds a SIP request with a word where its token should be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LoggedSipWord {
    /// Name of the log.
    pub log: String,
    /// The caller's address of record, where the text has it.
    pub user: Option<String>,
    /// Words that stood in place of the token.
    #[serde(flatten)]
    pub placeholders: Placeholders,
    /// Answers that the log has to it.
    #[serde(flatten)]
    pub answers: Answers,
}

impl Words for LoggedSipWord {
    fn title(&self) -> String {
        let whose =
            self.user.as_deref().map_or_else(|| "A softphone".to_owned(), |of| format!("The softphone of {of}"));
        format!("{whose} registers with {}: the page's script did not get the token", self.placeholders)
    }

    fn explanation(&self) -> String {
        let Self { log, placeholders, .. } = self;
        let outcome = match self.answers.first() {
            Some(answer) => format!("It was refused ({answer})."),
            None => "What the registrar made of it is not in this log.".to_owned(),
        };
        format!(
            "{log} holds the request itself, with {} in its Cookie. {outcome} A script of the page copies the sign-on token into the \
             request of the softphone, and handed on the word that stands for nothing: the token is HttpOnly, or was not issued under \
             the name that the script looks for. That the registrar then asks for a password it cannot check is inferred.",
            placeholders.first(),
        )
    }
}

/// The log of a registrar says that it asked for a password it cannot check.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FellBack {
    /// Name of the log.
    pub log: String,
}

impl Words for FellBack {
    fn title(&self) -> String {
        "The SIP registrar fell back to a password check that it cannot do".to_owned()
    }

    fn explanation(&self) -> String {
        format!(
            "By {}, the SIP container looked for a password of the user and found no such attribute in the directory \
             (CWSCT0340E). It does so when a request brings no sign-on token that it can use. Why there was none is not in this \
             log (inferred from public reports: a script of the page could not read the token, because it is HttpOnly or was not \
             issued under the name that the script looks for); the REGISTER itself shows it.",
            self.log,
        )
    }
}
