//! What is said of clocks that are apart.

use crate::diagnose::words::{Words, shown, side_if, span};
use crate::model::{Endpoint, Side};
use serde::Serialize;
use std::net::IpAddr;

/// The clocks of a client and a server are apart.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Apart {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The name that it gave, abbreviated.
    pub server_name: Option<String>,
    /// The client that called.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// Seconds that the client's clock is ahead of the server's; negative if behind.
    pub clock_skew_s: f64,
    /// The side whose clock is wrong, if the capture's clock agrees with the other one.
    #[serde(serialize_with = "side_if")]
    pub wrong_clock: Option<Side>,
}

impl Apart {
    /// The server by its name, else by its address.
    pub(crate) fn server(&self) -> String {
        self.server_name.clone().unwrap_or_else(|| self.server.ip.to_string())
    }
}

impl Words for Apart {
    fn title(&self) -> String {
        format!("Clock of client {} is {} that of {}", self.client, self.apart(), self.server())
    }

    fn explanation(&self) -> String {
        let (client, server) = (self.client, self.server());
        let verdict = match self.wrong_clock {
            Some(Side::Client) => {
                format!("The capture's clock agrees with the server, so that of {client} seems wrong.")
            }
            Some(Side::Server) => {
                format!("The capture's clock agrees with the client, so that of {server} seems wrong.")
            }
            None => "The capture's clock agrees with neither, so it cannot be told which one is wrong.".to_owned(),
        };
        format!(
            "The session request of {client} and the response of {server} carry the senders' clocks. The client's is \
             {} the server's. {verdict}",
            self.apart(),
        )
    }
}

impl Apart {
    /// "5.0 min behind", "5.0 min ahead of".
    fn apart(&self) -> String {
        let way = if self.clock_skew_s < 0.0 { "behind" } else { "ahead of" };
        format!("{} {way}", span(self.clock_skew_s.abs()))
    }
}
