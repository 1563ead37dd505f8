//! What is said of answers that do not reach the client.

use super::Requests;
use super::requests::aftermath;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// A request comes again and again although it is answered each time.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unheard {
    /// The server that answers.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The requests: their method, whom they are for, and by whom.
    #[serde(flatten)]
    pub requests: Requests,
    /// Number of requests that nobody heard the answer of.
    pub count: usize,
    /// Repetitions of the first.
    pub repetitions: usize,
    /// Answers to the first.
    pub sent_answers: usize,
    /// The answer to the first.
    pub answer: String,
    /// Where the first came from.
    #[serde(serialize_with = "shown")]
    pub asked_from: Endpoint,
    /// Where its answers were sent.
    #[serde(serialize_with = "shown")]
    pub answered_to: Endpoint,
    /// Every client got what it had asked for later.
    pub recovered: bool,
}

impl Words for Unheard {
    fn title(&self) -> String {
        format!("The answers of {} do not reach {}", self.server, self.requests.clients)
    }

    fn explanation(&self) -> String {
        let way = if self.asked_from == self.answered_to {
            format!("They are sent to {}, where the request came from, and get lost on the way back.", self.answered_to)
        } else {
            format!(
                "They are sent to {}, but the request came from {}: the server follows the Via of the client, which names no rport.",
                self.answered_to, self.asked_from,
            )
        };
        format!(
            "{}: the client repeated it {} times, and {} answered {} times ({}). The client goes on as if it heard nothing. {way}{}",
            self.requests,
            self.repetitions,
            self.server,
            self.sent_answers,
            self.answer,
            aftermath(self.recovered),
        )
    }
}
