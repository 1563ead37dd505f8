//! What is said of a login that a community server sends elsewhere in vain.

use super::{EndedSession, Person};
use crate::diagnose::words::{Words, how_often, shown, span};
use crate::model::Endpoint;
use serde::Serialize;

/// The server named a host, and the client did not get in there.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct InVain {
    /// The server that sent the client on.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The clients that were sent on.
    #[serde(flatten)]
    pub who: Person,
    /// Host that the server named.
    pub host: String,
    /// Number of times.
    pub count: usize,
    /// The client's fate at the other server.
    #[serde(flatten)]
    pub fault: RedirectFault,
}

/// The reason why a redirect was in vain.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub(crate) enum RedirectFault {
    /// DNS has no answer for the host.
    NotResolved {
        /// Name that DNS was asked for.
        dns_name: String,
        /// Code of its answer.
        dns_rcode: Option<u16>,
    },
    /// No connection to it came about.
    NotConnected {
        /// Server that the client called.
        #[serde(serialize_with = "shown")]
        redirected_to: Endpoint,
    },
    /// The client was sent to the same host once more.
    Circle {
        /// Server that the client called.
        #[serde(serialize_with = "shown")]
        redirected_to: Endpoint,
    },
    /// Nothing was seen of a connection to it.
    NotTried {
        /// Seconds from the end of the login to the end of the capture.
        waited_s: f64,
    },
}

impl Words for InVain {
    fn title(&self) -> String {
        format!("Sametime server {} sends {} to {}: in vain", self.server, self.who, self.host)
    }

    fn explanation(&self) -> String {
        let Self { server, who, host, count, fault } = self;
        let often = how_often(*count);
        format!("{who} logged in at {server}, which redirected the login to \"{host}\"{often}. {}", what(fault))
    }
}

fn what(fault: &RedirectFault) -> String {
    match fault {
        RedirectFault::NotResolved { dns_name, dns_rcode } => {
            let code = if *dns_rcode == Some(3) { "it does not exist" } else { "no address" };
            format!("DNS has no answer for that name (\"{dns_name}\": {code}), so the client cannot go there.")
        }
        RedirectFault::NotConnected { redirected_to } => {
            format!("The client then called {redirected_to}, and no connection came about.")
        }
        RedirectFault::Circle { redirected_to } => {
            format!("The client called {redirected_to} again and was sent to the same host once more.")
        }
        RedirectFault::NotTried { waited_s } => format!(
            "Within {} nothing was seen of a connection to it: not resolved, not reachable, or by a way that does not pass \
             the place of the capture.",
            span(*waited_s),
        ),
    }
}

/// The server says that the user's home server is away or too old.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoHomeServer {
    /// User, server and reason of the login.
    #[serde(flatten)]
    pub session: EndedSession,
}

impl Words for NoHomeServer {
    fn title(&self) -> String {
        format!("The home Sametime server of {} cannot take the login", self.session.who)
    }

    fn explanation(&self) -> String {
        let EndedSession { server, who, count, reason, .. } = &self.session;
        format!("{who} logged in at {server}, which ended the session{}. Reason: {reason}.", how_often(*count))
    }
}
