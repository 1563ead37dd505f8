//! What is said of a Domino server that answers in place of another.

use crate::diagnose::words::{Closed, Words, how_often, shown, span, times};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// One server was asked for, another answered, and the session ended.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// Who was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The name that it gave as its own, abbreviated.
    pub server_name: String,
    /// The name that was asked for, abbreviated.
    pub asked: String,
    /// The same as it was sent.
    pub asked_in_full: String,
    /// The server's name as it was sent.
    pub answered: String,
    /// Who asked first.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// How the first of them ended.
    #[serde(flatten)]
    pub closed: Closed,
    /// Seconds from its answer to that.
    pub close_delay_s: Option<f64>,
}

impl Words for Refused {
    fn title(&self) -> String {
        format!("Client asked for {}, but {} answered at {}", self.asked, self.server_name, self.server)
    }

    fn explanation(&self) -> String {
        let delay = self.close_delay_s.map_or_else(String::new, |delay| format!(" {}", span(delay)));
        format!(
            "The Notes client {} asked {} for \"{}\"; the server that answered there is \"{}\". Notes does \
             not go on with another server: {}{delay} after the answer{}. Network and server are working; the address \
             {} belongs to another server than the client believes.",
            self.client,
            self.server,
            self.asked_in_full,
            self.answered,
            self.closed,
            how_often(self.count),
            self.server.ip,
        )
    }
}

/// One server was asked for, another answered, and the session went on.
#[derive(Debug, Clone, Serialize)]
pub struct Accepted {
    /// Who was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The name that it gave as its own, abbreviated.
    pub server_name: String,
    /// The name that was asked for, abbreviated.
    pub asked: String,
    /// The same as it was sent.
    pub asked_in_full: String,
    /// The server's name as it was sent.
    pub answered: String,
    /// Number of sessions.
    pub count: usize,
}

impl Words for Accepted {
    fn title(&self) -> String {
        format!("{} answers for {}: no fault", self.server_name, self.asked)
    }

    fn explanation(&self) -> String {
        format!(
            "{} was asked for \"{}\" and answered as \"{}\", and the client went on ({} in this \
             capture). The server does not insist on its own name: NETWORK_SPRAYER_ADDRESS is probably in force.",
            self.server,
            self.asked_in_full,
            self.answered,
            times(self.count),
        )
    }
}

/// The port trace of a client tells both names.
#[derive(Debug, Clone, Serialize)]
pub struct Traced {
    /// The name that the server gave as its own, abbreviated.
    pub server_name: String,
    /// The name that was asked for, abbreviated.
    pub asked: String,
    /// The address that the client used, as its trace writes it.
    pub address: String,
}

impl Words for Traced {
    fn title(&self) -> String {
        format!("Client asked for {} and reached {}", self.asked, self.server_name)
    }

    fn explanation(&self) -> String {
        format!(
            "The client's trace says that it asked for {} at {} and that {} answered: the address that the client holds \
             for the one belongs to the other.",
            self.asked, self.address, self.server_name,
        )
    }
}

/// The port trace of a client tells who answered, and not who was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct TracedInPart {
    /// The name that the server gave as its own, abbreviated.
    pub server_name: String,
    /// The address that the client used, as its trace writes it.
    pub address: String,
}

impl Words for TracedInPart {
    fn title(&self) -> String {
        format!("A Notes client reached {} in place of the server that it wanted", self.server_name)
    }

    fn explanation(&self) -> String {
        format!(
            "The client's trace says that {} answered at {}, and is not the server that was asked for. Which one that was is \
             not in the log: if it was a host name, see nrpc-name-mismatch-alias.",
            self.server_name, self.address,
        )
    }
}
