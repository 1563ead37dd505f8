//! What is said of clients outside that call an address inside.

use crate::diagnose::words::{Occurrences, Words, clock, count, shown};
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;

/// Clients reached a public address, then called a private one in vain.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Inside {
    /// Clients, private address and number of the attempts.
    #[serde(flatten)]
    pub seen: Occurrences,
    /// The public address that worked.
    #[serde(serialize_with = "shown")]
    pub other_server: Endpoint,
    /// When the session with that one began.
    pub other_first: Timestamp,
    /// The name for which DNS gave the private address, if an answer shows it.
    pub dns_name: Option<String>,
}

impl Words for Inside {
    fn title(&self) -> String {
        format!("{} outside calls the inside address {}", self.seen.clients, self.seen.server)
    }

    fn explanation(&self) -> String {
        let source = self.dns_name.as_ref().map_or_else(
            || {
                "no DNS answer of the capture leads there: it comes from the Server document or the client's memory"
                    .to_owned()
            },
            |name| format!("DNS gave {} for {name}", self.seen.server.ip),
        );
        format!(
            "{} reached {} at {}, then called {} at {} ({}), a private address of another network, and \
             got no answer; {source}.",
            self.seen.clients,
            self.other_server,
            clock(self.other_first),
            self.seen.server,
            clock(self.seen.first),
            count(self.seen.count, "attempt"),
        )
    }
}
