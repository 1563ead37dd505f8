//! Values that many findings on the opening of Notes sessions have: the server by its name, how a session ended, which name was
//! asked for and which one answered.

use crate::diagnose::words::{Closed, shown, span};
use crate::facts::Talk;
use crate::facts::logs::ClientTrace;
use crate::facts::names::abbreviated;
use crate::model::{Endpoint, Span};
use serde::Serialize;
use std::fmt;
use std::net::IpAddr;

/// A server: where it is, and its name where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NamedServer {
    /// Its address and port.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Name of the server, abbreviated.
    pub server_name: Option<String>,
}

impl NamedServer {
    /// The server of a conversation, by the name that it gave there.
    pub(crate) fn of(talk: &Talk<'_>) -> Self {
        Self { server: talk.conversation.server, server_name: talk.answered().map(abbreviated) }
    }
}

/// As people call it: by its name, else by its address and port.
impl fmt::Display for NamedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.server_name {
            Some(name) => f.write_str(name),
            None => self.server.fmt(f),
        }
    }
}

/// End of a session, and the time until then.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Ending {
    /// The side that closed, and how.
    #[serde(flatten)]
    pub closed: Closed,
    /// Seconds from the last message to that.
    pub close_delay_s: Option<f64>,
}

impl Ending {
    /// The ending of a session.
    pub(crate) fn of(talk: &Talk<'_>) -> Self {
        Self {
            closed: Closed::of(&talk.conversation.teardown),
            close_delay_s: talk.close_delay().map(Span::as_secs_f64),
        }
    }

    /// "4.9 ms"; nothing if nobody closed.
    pub(crate) fn delay(self) -> String {
        self.close_delay_s.map_or_else(String::new, span)
    }
}

/// "the client closed with FIN 4.9 ms", before "after" something.
impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.closed)?;
        self.close_delay_s.map_or(Ok(()), |delay| write!(f, " {}", span(delay)))
    }
}

/// One name was asked for, another answered, and the session ended.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NameRefused {
    /// The server that was called.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The name that it gave as its own, abbreviated.
    pub server_name: String,
    /// The name that was asked for, abbreviated or as one types it.
    pub asked: String,
    /// That name as it was sent.
    pub asked_in_full: String,
    /// The server's name as it was sent.
    pub answered: String,
    /// The client that asked first.
    pub client: IpAddr,
    /// Number of sessions.
    pub count: usize,
    /// How the first of them ended after the answer.
    #[serde(flatten)]
    pub ending: Ending,
}

impl NameRefused {
    /// Of the first session and the names in it; `asked` is how people write the first of them, `count` how many sessions
    /// there are.
    pub(crate) fn of(first: &Talk<'_>, (wanted, answered): (&str, &str), asked: String, count: usize) -> Self {
        Self {
            server: first.conversation.server,
            server_name: abbreviated(answered),
            asked,
            asked_in_full: wanted.to_owned(),
            answered: answered.to_owned(),
            client: first.conversation.client.ip,
            count,
            ending: Ending::of(first),
        }
    }
}

/// The port trace of a client tells which name was asked for and which one answered.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NameTraced {
    /// The name that the server gave as its own, abbreviated.
    pub server_name: String,
    /// The name that was asked for, abbreviated or as one types it.
    pub asked: String,
    /// The server's name as it was sent.
    pub answered: String,
    /// The address that the client used, as its trace writes it.
    pub address: String,
}

impl NameTraced {
    /// Of a trace; `asked` is how people write the name that was asked for.
    pub(crate) fn of(trace: &ClientTrace<'_>, asked: String) -> Self {
        Self {
            server_name: abbreviated(trace.answered),
            asked,
            answered: trace.answered.to_owned(),
            address: trace.address.to_owned(),
        }
    }
}
