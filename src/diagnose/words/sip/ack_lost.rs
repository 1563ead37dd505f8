//! What is said of a call whose ACK does not arrive.

use super::{ClientEndpoint, called};
use crate::diagnose::words::{Words, shown, span};
use crate::model::Endpoint;
use serde::Serialize;

/// The called side repeats its answer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NotAcknowledged {
    /// The host that answered the call.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that called.
    #[serde(flatten)]
    pub client: ClientEndpoint,
    /// The user who was called.
    pub called: Option<String>,
    /// Number of repetitions of the answer.
    pub repetitions: usize,
    /// Seconds from the answer to its last repetition.
    pub repeated_for_s: f64,
    /// An ACK was seen before that.
    pub ack_was_seen: bool,
    /// Seconds after which the called side ended the call, if it did.
    pub lasted_s: Option<f64>,
}

impl Words for NotAcknowledged {
    fn title(&self) -> String {
        format!("The ACK of the call to {} does not arrive", called(self.called.as_deref()))
    }

    fn explanation(&self) -> String {
        let acks = if self.ack_was_seen {
            "the ACK in the capture did not stop it, so it is lost behind this point"
        } else {
            "the capture holds no ACK"
        };
        let ended = |lasted| format!(" The called side ended the call after {}.", span(lasted));
        format!(
            "{} answered the call from {} and repeated its answer {} times within {}: {acks}.{}",
            self.server,
            self.client,
            self.repetitions,
            span(self.repeated_for_s),
            self.lasted_s.map_or_else(String::new, ended),
        )
    }
}
