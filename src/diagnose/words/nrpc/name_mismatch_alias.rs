//! What is said of an alias that another Domino server answers for.

use crate::diagnose::words::{Closed, Words, how_often, shown, span, times};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// An alias was asked for, and the session ended when another name answered.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// Who was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The name that the server gave as its own, abbreviated.
    pub server_name: String,
    /// The alias as one types it.
    pub asked: String,
    /// The name as it was asked for.
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
        title(&self.asked, &self.server_name)
    }

    fn explanation(&self) -> String {
        let delay = self.close_delay_s.map_or_else(String::new, |delay| format!(" {}", span(delay)));
        format!(
            "The Notes client {} asked {} for \"{}\"; the machine that answered said it is \"{}\". Notes does not go on \
             when the names differ: {}{delay} after the answer{}. Network and server are working.",
            self.client,
            self.server,
            self.asked_in_full,
            self.answered,
            self.closed,
            how_often(self.count),
        )
    }
}

/// An alias was asked for, another name answered, and the session went on.
#[derive(Debug, Clone, Serialize)]
pub struct Accepted {
    /// Who was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Names of the servers that took the alias, abbreviated.
    pub server_names: Vec<String>,
    /// The alias as one types it.
    pub asked: String,
    /// The name as it was asked for.
    pub asked_in_full: String,
    /// Number of sessions.
    pub count: usize,
}

impl Words for Accepted {
    fn title(&self) -> String {
        format!("The alias {} is accepted by {}: no fault", self.asked, self.server_names.join(", "))
    }

    fn explanation(&self) -> String {
        format!(
            "{} was asked for \"{}\" and answered as {}, and the clients went on ({} in this capture). \
             The servers' configuration allows the alias: NETWORK_SPRAYER_ADDRESS is in force, or the alias is the \
             fully qualified Internet host name.",
            self.server,
            self.asked_in_full,
            self.server_names.join(", "),
            times(self.count),
        )
    }
}

/// The port trace of a client tells that another name answered.
#[derive(Debug, Clone, Serialize)]
pub struct Traced {
    /// The name that the server gave as its own, abbreviated.
    pub server_name: String,
    /// The alias as one types it.
    pub asked: String,
    /// The server's name as it was sent.
    pub answered: String,
    /// The address that the client used, as its trace writes it.
    pub address: String,
}

impl Words for Traced {
    fn title(&self) -> String {
        title(&self.asked, &self.server_name)
    }

    fn explanation(&self) -> String {
        format!(
            "The client's trace says that it asked for \"{}\" at {} and that \"{}\" answered. Notes does not go on when the names \
             differ; that the server is \"not responding\" is only what the user reads then. Network and server are working.",
            self.asked, self.address, self.answered,
        )
    }
}

fn title(alias: &str, answered: &str) -> String {
    format!("Client asked for the alias {alias}, {answered} answered")
}
