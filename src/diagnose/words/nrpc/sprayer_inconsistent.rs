//! What is said of an address under which several servers answer, some of which turn clients away.

use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// Several servers answered at one address by turns; some sessions went on, some did not.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ByTurns {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Names of the servers that answered, abbreviated.
    pub server_names: Vec<String>,
    /// Number of sessions that were answered.
    pub count: usize,
    /// How many of them ended because of the name.
    pub failed_count: usize,
    /// Number of sessions that went on.
    pub worked_count: usize,
    /// The name that the first of the failed asked for, as it was sent.
    pub asked_in_full: String,
    /// The name that answered it, as it was sent.
    pub answered: String,
}

impl Words for ByTurns {
    fn title(&self) -> String {
        let names = &self.server_names;
        format!("{} answers under {} names: {}", self.server, names.len(), names.join(", "))
    }

    fn explanation(&self) -> String {
        format!(
            "Several Domino servers stand behind {}: it answered as {}, by turns. {} of {} sessions ended \
             because the server that answered was not the one asked for (first: \"{}\" asked, \"{}\" answered); {} \
             went on. Which server a client meets is chance, and some of them turn away who asks for another name.",
            self.server,
            self.server_names.join(", "),
            self.failed_count,
            self.count,
            self.asked_in_full,
            self.answered,
            self.worked_count,
        )
    }
}
