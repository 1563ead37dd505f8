//! What is said of servers whose clocks differ.

use super::{LoggedToken, Verifier};
use crate::diagnose::words::{Answers, Words, span};
use serde::Serialize;

/// The clock of who issued a token and that of who was shown it differ.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Differ {
    /// The server to which the token was shown.
    #[serde(flatten)]
    pub verifier: Verifier,
    /// Host that issued it, if that was captured.
    pub token_issuer: Option<String>,
    /// Seconds by which the issuer's clock is ahead of the other; negative if it is behind.
    pub token_issuer_ahead_s: f64,
    /// The server that was shown the token tells its time; else the capture's clock was taken for it.
    pub tells_time: bool,
    /// The reason why the token was refused for it; nothing if it was not.
    pub clock_effect: Option<Effect>,
    /// Answers of the server.
    #[serde(flatten)]
    pub answers: Answers,
}

/// How clocks that differ make a server refuse a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// It was created after what the server takes for now.
    CreatedLater,
    /// It is over by that clock, and not by the issuer's.
    EndedEarlier,
    /// It was accepted at another time.
    AcceptedElsewhen,
}

impl Words for Differ {
    fn title(&self) -> String {
        format!("Clock of {}", self.apart())
    }

    fn explanation(&self) -> String {
        let Self { verifier, .. } = self;
        let against = if self.tells_time {
            String::new()
        } else {
            format!(
                " {verifier} does not tell its time; the capture's clock, with which another server agrees, was taken for it."
            )
        };
        format!("The clock of {}.{against} {}", self.apart(), self.effect())
    }
}

impl Differ {
    /// "mail.example.com is 5.0 min ahead of that of chat.example.com".
    fn apart(&self) -> String {
        let issuer = self.token_issuer.as_deref().unwrap_or("the server that issued the token");
        let way = if self.token_issuer_ahead_s > 0.0 { "ahead of" } else { "behind" };
        format!("{issuer} is {} {way} that of {}", span(self.token_issuer_ahead_s.abs()), self.verifier)
    }

    fn effect(&self) -> String {
        let Self { verifier, answers, .. } = self;
        match self.clock_effect {
            Some(Effect::CreatedLater) => {
                format!("The token was created after what {verifier} takes for now, and was refused ({answers}).")
            }
            Some(Effect::EndedEarlier) => format!(
                "The token has ended by the clock of {verifier}, not by that of its issuer, and was refused ({answers})."
            ),
            Some(Effect::AcceptedElsewhen) => {
                format!("{verifier} refused the token ({answers}) and accepted the same token at another time.")
            }
            None => "Nothing was refused for it in this capture.".to_owned(),
        }
    }
}

/// A log says that a token comes from the future.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FromTheFuture {
    /// The log that says it, and the user of the token.
    #[serde(flatten)]
    pub logged: LoggedToken,
}

impl Words for FromTheFuture {
    fn title(&self) -> String {
        format!("The sign-on token of {} comes from the future: clocks of servers differ", self.logged.whose())
    }

    fn explanation(&self) -> String {
        format!(
            "{} says that the creation time of the token lies in the future: the clock of the server that issued it is ahead \
             of the clock of the one that checks it.",
            self.logged.log,
        )
    }
}
