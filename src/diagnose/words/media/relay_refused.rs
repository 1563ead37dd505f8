//! What is said of relays that refuse their clients.

use crate::diagnose::words::{Clients, Users, Words, count, shown, span};
use crate::model::Endpoint;
use serde::Serialize;

/// A TURN server answers by an error.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedRelay {
    /// The TURN server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Who asked, by address.
    #[serde(flatten)]
    pub clients: Clients,
    /// The same by the names that they showed.
    #[serde(flatten)]
    pub users: Users,
    /// Number of requests.
    pub count: usize,
    /// What was asked for, as the RFC calls it.
    #[serde(rename = "stun_method")]
    pub wanted: &'static str,
    /// Number of the error.
    #[serde(rename = "stun_code")]
    pub code: u16,
    /// Its reason, in the server's words.
    #[serde(rename = "stun_reason")]
    pub reason: String,
    /// How long ago the name of the first of them had ended (seconds).
    pub name_ended_s: Option<i64>,
}

impl RefusedRelay {
    fn error(&self) -> String {
        format!("{} {}", self.code, self.reason).trim_end().to_owned()
    }

    /// What such an error means (RFC 8489 section 14.8, RFC 8656 section 18.15).
    #[expect(clippy::cast_precision_loss, reason = "a span that is shown")]
    fn cause(&self) -> String {
        let cause = match (self.code, self.name_ended_s) {
            (401, Some(ended)) => {
                return format!(" The name that was shown ended {} before it was used.", span(ended as f64));
            }
            (401, None) => " The proof is wrong: another secret or password than the server's, or another realm.",
            (400 | 442, _) => " The server does not offer what was asked for: as a rule the transport.",
            (403, _) => " The peer's address is not allowed.",
            (437, _) => " Server and client do not agree on whether there is a relay already.",
            (441, _) => " The relay belongs to another user.",
            (486, _) => " The user has as many relays as the quota allows.",
            (508, _) => " The server has no capacity left.",
            _ => "",
        };
        cause.to_owned()
    }
}

impl Words for RefusedRelay {
    fn title(&self) -> String {
        format!("The relay {} (TURN) refuses its clients: {}", self.server, self.error())
    }

    fn explanation(&self) -> String {
        let Self { server, clients, users, wanted, .. } = self;
        let whose = if users.is_empty() { String::new() } else { format!(" as {}", users.or("a user")) };
        format!(
            "{} of {clients}{whose} to the TURN server {server} ({wanted}) answered by {}.{} Who needs the relay hears and sees nothing in \
             meetings.",
            count(self.count, "request"),
            self.error(),
            self.cause()
        )
    }
}
