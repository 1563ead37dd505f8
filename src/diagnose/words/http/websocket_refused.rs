//! What is said of WebSockets that do not come about.

use crate::diagnose::words::{Browsers, Words, shown, times};
use crate::model::Endpoint;
use serde::Serialize;

/// Requests for a WebSocket led to something else.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoWebSocket {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The same by name.
    pub host: String,
    /// Who asked.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// Number of requests.
    pub count: usize,
    /// The first of them.
    pub request: String,
    /// Status of its answer.
    pub status: u16,
    /// What went wrong.
    #[serde(flatten)]
    pub fault: UpgradeFault,
    /// Meetings go another way.
    pub meeting_falls_back: bool,
}

/// What went wrong with a request for a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "upgrade_fault", rename_all = "snake_case")]
pub(crate) enum UpgradeFault {
    /// It was answered by something else.
    Refused,
    /// It arrived without Upgrade.
    Stripped {
        /// Who sent it so.
        stripped_by: String,
    },
}

impl Words for NoWebSocket {
    fn title(&self) -> String {
        let Self { host, status, .. } = self;
        match &self.fault {
            UpgradeFault::Refused => format!("{host} answers a request for a WebSocket by {status}"),
            UpgradeFault::Stripped { stripped_by } => {
                format!(
                    "A proxy ({stripped_by}) takes Upgrade away: {host} answers a request for a WebSocket by {status}"
                )
            }
        }
    }

    fn explanation(&self) -> String {
        let Self { host, browsers, count, request, status, .. } = self;
        let lost = match &self.fault {
            UpgradeFault::Refused => String::new(),
            UpgradeFault::Stripped { stripped_by } => format!(
                " The request that {stripped_by} sends has the key of a WebSocket and no field Upgrade: a proxy hands such fields on only if it \
                 is told to."
            ),
        };
        let instead = if self.meeting_falls_back { " Meetings go by /http-bind instead, which works." } else { "" };
        format!(
            "{browsers} asked {host} for a WebSocket {} ({request}) and got {status} where 101 is due.{lost}{}{instead}",
            times(*count),
            self.cause()
        )
    }
}

impl NoWebSocket {
    /// What such a status means as a rule.
    const fn cause(&self) -> &'static str {
        if matches!(self.fault, UpgradeFault::Stripped { .. }) {
            return "";
        }
        match self.status {
            200..=299 => {
                " A page comes: the path leads to pages, or to a start page, and not to the server of the WebSocket."
            }
            400 | 426 | 505 => {
                " Such an answer comes if a proxy on the way has taken Upgrade, the version or the subprotocol away."
            }
            403 => " The server minds who asks: as a rule the page's origin is not in its list.",
            404 => " Nobody knows that path there.",
            502..=504 => " The proxy does not reach the server behind it.",
            _ => "",
        }
    }
}
