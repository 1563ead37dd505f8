//! What is said of a server that answers under another organisation than the client knows.

use crate::diagnose::words::{Closed, Words, shown, span};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// The common name is the one that was asked for, the rest of the name is not, and the session ended.
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
        format!("Client asked for {}, the server at {} is called {}", self.asked, self.server, self.server_name)
    }

    fn explanation(&self) -> String {
        let delay = self.close_delay_s.map_or_else(String::new, |delay| format!(" {}", span(delay)));
        format!(
            "The Notes client {} asked for \"{}\"; {} answered as \"{}\". The common name is the same, the rest \
             is not: the server was probably renamed or recertified, or the client holds the name of a namesake in \
             another organisation. {}{delay} after the answer. Network and server are working.",
            self.client,
            self.asked_in_full,
            self.server,
            self.answered,
            capital(&self.closed.to_string()),
        )
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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
        format!("Client asked for {}, and {} answered", self.asked, self.server_name)
    }

    fn explanation(&self) -> String {
        format!(
            "The client's trace says that it asked for {} at {} and that {} answered. The common name is the same, \
             the organisation is not: the server was renamed or recertified, or another one has that address.",
            self.asked, self.address, self.server_name,
        )
    }
}
