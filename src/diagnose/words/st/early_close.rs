//! What is said of a community server that closes without a word.

use super::{Aftermath, Person};
use crate::diagnose::words::{Closed, Words, how_often, shown, span};
use crate::model::Endpoint;
use serde::Serialize;

/// The server's side closed instead of answering.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ClosedInSilence {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// User and server of the session.
    #[serde(flatten)]
    pub who: Person,
    /// Number of such sessions.
    pub count: usize,
    /// The client had sent a login, not only the handshake.
    pub sent_login: bool,
    /// The side that closed, and how.
    #[serde(flatten)]
    pub closed: Closed,
    /// Seconds from the last message to the close.
    pub close_delay_s: Option<f64>,
    /// The client's next step.
    #[serde(flatten)]
    pub aftermath: Aftermath,
}

impl ClosedInSilence {
    const fn last_sent(&self) -> &'static str {
        if self.sent_login { "the login" } else { "the handshake" }
    }
}

impl Words for ClosedInSilence {
    fn title(&self) -> String {
        format!("{} closes after {} of {} without a word", self.server, self.last_sent(), self.who)
    }

    fn explanation(&self) -> String {
        let delay = self.close_delay_s.map_or_else(String::new, |delay| format!(", {} later", span(delay)));
        format!(
            "{} sent {} to {}; then {}{delay}{}. The packets do not say why.{}",
            self.who,
            self.last_sent(),
            self.server,
            self.closed,
            how_often(self.count),
            self.aftermath,
        )
    }
}
