//! What is said of a server that the user named and the capture does not show.

use crate::diagnose::words::{Words, count};
use crate::model::Timestamp;
use serde::Serialize;

/// A server that was named is in no conversation.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Missing {
    /// Name of the server, abbreviated.
    pub server_name: String,
    /// Number of conversations in the capture.
    pub conversation_count: usize,
    /// How many of them show no name.
    pub nameless_count: usize,
    /// Time of the last frame.
    pub capture_end: Timestamp,
}

impl Words for Missing {
    fn title(&self) -> String {
        format!("{} is not in the capture", self.server_name)
    }

    fn explanation(&self) -> String {
        format!(
            "None of {} in the capture asks for {} or is answered by it; {} of them show no name. The capture ends \
             at {}.",
            count(self.conversation_count, "NRPC conversation"),
            self.server_name,
            self.nameless_count,
            self.capture_end,
        )
    }
}
