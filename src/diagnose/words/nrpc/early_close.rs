//! What is said of sessions that ended right after their opening, nobody knows why.

use super::Ending;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// A session ended right after its opening.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ended {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The client that called.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// The server answered the request.
    pub was_answered: bool,
    /// The name that was asked for, as it was sent.
    pub asked_in_full: Option<String>,
    /// The server's name, as it was sent.
    pub answered: Option<String>,
    /// The request names no server, as those of old clients and probes.
    pub names_no_server: bool,
    /// End of the first session.
    #[serde(flatten)]
    pub ending: Ending,
}

impl Words for Ended {
    fn title(&self) -> String {
        format!("Session of {} with {} ended right after its opening", self.client, self.server)
    }

    fn explanation(&self) -> String {
        let often = ": most often the server was not the one asked for, or it refused the session";
        format!(
            "{} connected to {} and sent its session request; {}, then {} after {}. {} Why, cannot be \
             read from the capture{}.",
            self.client,
            self.server,
            if self.was_answered { "the server answered" } else { "no answer came" },
            self.ending.closed,
            self.ending.delay(),
            self.names(),
            if self.names_no_server { "" } else { often },
        )
    }
}

impl Ended {
    /// The names in words, as far as they are known.
    fn names(&self) -> String {
        match (&self.asked_in_full, &self.answered) {
            (Some(_), Some(answered)) => format!("The name is right (\"{answered}\")."),
            (Some(asked), None) => format!("It asked for \"{asked}\"; the server's own name was not read."),
            _ if self.names_no_server => "The request names no server, so no name can be wrong.".to_owned(),
            _ => "The names were not read.".to_owned(),
        }
    }
}
