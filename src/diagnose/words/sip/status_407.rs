//! What is said of a SIP proxy that asks for credentials in vain.

use super::Requests;
use crate::diagnose::words::{Words, shown, span};
use crate::model::Endpoint;
use serde::Serialize;

/// The proxy got no credentials, or none that it accepts.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AskedInVain {
    /// The proxy.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The requests: their method, whom they are for, and by whom.
    #[serde(flatten)]
    pub requests: Requests,
    /// Number of challenges.
    pub count: usize,
    /// User who sent the first request.
    pub sender: Option<String>,
    /// The realm that the proxy asks for.
    pub realm: Option<String>,
    /// The client's reply to the challenge.
    #[serde(flatten)]
    pub reply: Reply,
}

/// The reply of a client that was challenged.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Reply {
    /// It sent credentials, and they were refused.
    Refused,
    /// It sent none.
    NoAnswer {
        /// Seconds within which there was none.
        waited_s: f64,
    },
}

impl Words for AskedInVain {
    fn title(&self) -> String {
        let user = self.sender.as_deref().unwrap_or("The user");
        match self.reply {
            Reply::Refused => format!("The proxy {} refuses the credentials of {user}", self.server),
            Reply::NoAnswer { .. } => format!("{user} never answers the challenge of the proxy {}", self.server),
        }
    }

    fn explanation(&self) -> String {
        let what = match self.reply {
            Reply::Refused => "refused its answers again and again".to_owned(),
            Reply::NoAnswer { waited_s } => {
                format!("got no answer within {}: the client has no credentials for it", span(waited_s))
            }
        };
        let Requests { clients, method, .. } = &self.requests;
        format!(
            "The proxy {} asked the client at {clients} for credentials (realm \"{}\") when it sent {method} for {}, and \
             {what}.",
            self.server,
            self.realm.as_deref().unwrap_or("no realm"),
            self.requests.users(),
        )
    }
}
