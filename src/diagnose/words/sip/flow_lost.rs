//! What is said of a registered client whose connection is gone.

use super::{ClientEndpoint, FailedCalls, called};
use crate::diagnose::words::{Closed, Words, shown, span};
use crate::model::{Close, CloseBy, Endpoint};
use serde::Serialize;

/// The connection was closed, and the client did not register again.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConnectionLost {
    /// The registrar.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The user who was registered.
    pub user: Option<String>,
    /// Where the request came from.
    #[serde(flatten)]
    pub client: ClientEndpoint,
    /// Number of such connections.
    pub count: usize,
    /// Seconds that the registrar granted.
    pub granted_s: u32,
    /// Seconds from the last registration to the close.
    pub delay_s: f64,
    /// The side that closed, and how.
    #[serde(flatten)]
    pub closed: Closed,
    /// Seconds from the close to the next registration, or to the end of what is known.
    pub unreachable_s: f64,
    /// Calls to the user in that time.
    #[serde(flatten)]
    pub calls: FailedCalls,
}

impl ConnectionLost {
    /// "the server closed the connection".
    pub(crate) const fn end(&self) -> &'static str {
        match (self.closed.how(), self.closed.by()) {
            (Close::Timeout, _) => "the connection went dead: data was repeated in vain",
            (_, CloseBy::Server) => "the server closed the connection",
            (_, CloseBy::Middlebox) => "something on the path closed the connection",
            _ => "the connection was closed",
        }
    }
}

impl Words for ConnectionLost {
    fn title(&self) -> String {
        format!("The connection of {} was closed while registered", called(self.user.as_deref()))
    }

    fn explanation(&self) -> String {
        let harmless = || "The capture holds no call to this user in that time.".to_owned();
        format!(
            "{} registered {} from {} for {} seconds. After {} {}, and the client did not register again for {}. {}",
            self.server,
            called(self.user.as_deref()),
            self.client,
            self.granted_s,
            span(self.delay_s),
            self.end(),
            span(self.unreachable_s),
            self.calls.told("in that time").unwrap_or_else(harmless),
        )
    }
}
