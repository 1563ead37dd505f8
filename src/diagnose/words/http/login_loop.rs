//! What is said of a browser that is sent to log in again and again.

use super::Reach;
use crate::diagnose::words::{Words, count, span};
use serde::Serialize;

/// A browser logged in, was turned away, and logged in again.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rounds {
    /// The browser.
    pub browser: String,
    /// Host that turned it away.
    pub host: String,
    /// Number of logins.
    pub count: usize,
    /// Seconds from the first denial to the last.
    pub lasted_s: f64,
    /// The cause, as the cookies show it.
    #[serde(flatten)]
    pub cause: LoopCause,
    /// The first request that should have been let in: method and address without the query.
    pub request: String,
}

/// The reason why a login does not last, as far as cookies tell.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "loop_cause", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "as the facts of the report have it: what did not happen")]
pub(crate) enum LoopCause {
    /// The token is sent, and the host does not take it.
    NotTaken {
        /// Name of its cookie.
        cookie: String,
        /// Tokens that it holds, if they can be told: class, user, fingerprint.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tokens: Vec<String>,
    },
    /// The browser has a token, and does not send it.
    NotSent(NotSent),
    /// The login set a token that the browser does not send.
    NotSentBack {
        /// Name of its cookie.
        cookie: String,
    },
    /// The login sets no token.
    NotSet,
}

/// A token that a browser has, and does not send.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotSent {
    /// Host that set it.
    pub token_issuer: String,
    /// Name of its cookie.
    pub cookie: String,
    /// Hosts that it is for.
    #[serde(flatten)]
    pub reach: Reach,
    /// Path that it is for.
    pub cookie_path: String,
    /// The reason why it is not sent.
    pub unsent_because: UnsentReason,
}

/// The reason why a browser does not send a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnsentReason {
    /// Its domain does not cover the host.
    OtherHost,
    /// Its path does not cover the path.
    OtherPath,
    /// It is for https only.
    NeedsHttps,
    /// It had ended.
    Expired,
    /// It belongs there: the browser keeps it back, or lost it.
    Unknown,
}

impl Words for Rounds {
    fn title(&self) -> String {
        format!("{} is sent to log in at {} again and again", self.browser, self.host)
    }

    fn explanation(&self) -> String {
        format!(
            "{} logged in {} within {} and was turned away by {} each time. {} The first request that should have been let in is \
             {}.",
            self.browser,
            count(self.count, "time"),
            span(self.lasted_s),
            self.host,
            self.cause(),
            self.request,
        )
    }
}

impl Rounds {
    fn cause(&self) -> String {
        match &self.cause {
            LoopCause::NotTaken { cookie, tokens } => {
                let what = tokens.first().map_or_else(String::new, |token| format!(" (a {token})"));
                format!("The browser does send {cookie}{what}, and {} does not take it.", self.host)
            }
            LoopCause::NotSent(token) => {
                let NotSent { token_issuer, cookie, .. } = token;
                format!("The browser has {cookie} of {token_issuer} and does not send it, {}.", token.because())
            }
            LoopCause::NotSentBack { cookie } => {
                format!("The login set {cookie}, which the browser does not send back.")
            }
            LoopCause::NotSet => "The login sets no LTPA token, and the browser sends none.".to_owned(),
        }
    }
}

impl NotSent {
    fn because(&self) -> String {
        match self.unsent_because {
            UnsentReason::OtherHost => format!("because it is {}", self.reach),
            UnsentReason::OtherPath => format!("because it is for the path {}", self.cookie_path),
            UnsentReason::NeedsHttps => "because it is for https only".to_owned(),
            UnsentReason::Expired => "because it had ended".to_owned(),
            UnsentReason::Unknown => "although it belongs there: the browser keeps it back, or lost it".to_owned(),
        }
    }
}
