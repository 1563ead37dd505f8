//! Values that many findings have: clients, who closed, a status of Notes. A struct of facts takes one in with `#[serde(flatten)]`,
//! so that its parts stand among the other facts by the names that [`super::Words`] lists; `Display` is how it is said.

use super::lists::{clients, count, few, few_of};
use super::{shown, side_name, span};
use crate::facts::Talk;
use crate::model::{Close, CloseBy, Conversation, Endpoint, Side, Teardown, Timestamp};
use nrpcsniff_dissectors::nrpc;
use serde::{Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;

/// Clients by address, each once, in order of appearance: the first eight, and how many they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Clients {
    clients: Vec<IpAddr>,
    client_count: usize,
}

impl Clients {
    /// Of any number of appearances.
    pub(crate) fn of(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let (clients, client_count) = few(addresses);
        Self { clients, client_count }
    }

    /// How many they are.
    pub(crate) const fn number(&self) -> usize {
        self.client_count
    }

    /// "10.0.0.5", "10.0.0.5 and 10.0.0.6", "10.0.0.5 and 7 other sources".
    pub(crate) fn called(&self, what: &str) -> String {
        few_of(&self.clients, self.client_count, what)
    }
}

impl fmt::Display for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.called("clients"))
    }
}

/// One thing that happened at one server, once or many times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Occurrences {
    /// The server.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Clients whose conversations they are.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of conversations.
    pub count: usize,
    /// When it was seen first.
    pub first: Timestamp,
}

impl Occurrences {
    /// In those conversations with that server.
    pub(crate) fn of(server: Endpoint, group: &[&Talk<'_>], first: Timestamp) -> Self {
        Self { server, clients: clients(group), count: group.len(), first }
    }

    /// Occurrences in conversations of any protocol.
    pub(crate) fn in_conversations<'c>(
        server: Endpoint,
        group: impl ExactSizeIterator<Item = &'c Conversation>,
        first: Timestamp,
    ) -> Self {
        let count = group.len();
        Self { server, clients: Clients::of(group.map(|c| c.client.ip)), count, first }
    }

    /// "3 conversations between 10.0.0.5 and 2 other clients and 10.0.0.9:1352".
    pub(crate) fn conversations(&self) -> String {
        format!("{} between {} and {}", count(self.count, "conversation"), self.clients, self.server)
    }
}

/// Users by name, each once, in order of appearance: the first eight, and how many they are, those without a name as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Users {
    #[serde(serialize_with = "named")]
    users: Vec<Option<String>>,
    user_count: usize,
}

impl Users {
    /// Of any number of appearances; `None` has no name.
    pub(crate) fn of(names: impl IntoIterator<Item = Option<String>>) -> Self {
        let (users, user_count) = few(names);
        Self { users, user_count }
    }

    /// Nobody, not even somebody without a name.
    pub(crate) const fn is_empty(&self) -> bool {
        self.user_count == 0
    }

    /// "Ann", "Ann and Bob", "Ann and 7 other users"; `nameless` stands for those without a name.
    pub(crate) fn or(&self, nameless: &str) -> String {
        let users: Vec<&str> = self.users.iter().map(|user| user.as_deref().unwrap_or(nameless)).collect();
        few_of(&users, self.user_count, "users")
    }
}

/// Only those that have a name.
fn named<S: Serializer>(users: &[Option<String>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(users.iter().flatten())
}

/// The side that closed a conversation, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Closed {
    #[serde(rename = "closed_by")]
    by: CloseBy,
    #[serde(rename = "closed_how")]
    how: Close,
}

impl Closed {
    /// The end of a conversation.
    pub(crate) const fn of(teardown: &Teardown) -> Self {
        Self { by: teardown.by, how: teardown.how }
    }

    /// The side that closed.
    pub(crate) const fn by(self) -> CloseBy {
        self.by
    }

    /// How the conversation was closed.
    pub(crate) const fn how(self) -> Close {
        self.how
    }

    /// "FIN", "RST"; nothing if nobody closed.
    pub(crate) const fn flag(self) -> &'static str {
        match self.how {
            Close::Fin => "FIN",
            Close::Rst => "RST",
            Close::Open | Close::Timeout => "",
        }
    }

    /// Something on the path closed, in the name of one side.
    pub(crate) fn on_the_path(self) -> bool {
        self.by == CloseBy::Middlebox
    }
}

/// "the client closed with FIN".
impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.by {
            CloseBy::Client => "the client",
            CloseBy::Server => "the server",
            CloseBy::Middlebox => "something on the path",
            CloseBy::None => "nobody",
        };
        match self.how {
            Close::Fin | Close::Rst => write!(f, "{who} closed with {}", self.flag()),
            Close::Open => f.write_str("nobody had closed when the capture ended"),
            Close::Timeout => f.write_str("nobody closed; one side repeated itself without an answer"),
        }
    }
}

/// One side of a conversation, by its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct OneSide {
    /// The side.
    #[serde(serialize_with = "side_name")]
    pub side: Side,
    /// Address of that side.
    pub side_address: IpAddr,
}

impl OneSide {
    /// That side of a conversation.
    pub(crate) fn of(conversation: &Conversation, side: Side) -> Self {
        Self { side, side_address: conversation.endpoint(side).ip }
    }
}

/// How long sessions were silent: the shortest and the longest silence, in seconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Silence {
    /// The shortest.
    pub idle_min_s: f64,
    /// The longest.
    pub idle_max_s: f64,
}

/// "12 min", "12 min to 14 min".
impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shortest, longest) = (span(self.idle_min_s), span(self.idle_max_s));
        if shortest == longest { f.write_str(&shortest) } else { write!(f, "{shortest} to {longest}") }
    }
}

/// A status of Notes: its number, and its official name where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Status {
    #[serde(rename = "status_code")]
    code: u16,
    #[serde(rename = "status_name")]
    name: Option<&'static str>,
}

impl Status {
    /// The status of a number without the bits that say where the error was met.
    pub(crate) fn of(code: u16) -> Self {
        Self { code, name: nrpc::Status(code).name() }
    }

    /// "0x09DE".
    pub(crate) fn number(self) -> String {
        format!("0x{:04X}", self.code)
    }
}

/// "0x09DE (ERR_SERVER_BUSY)", "0x1234".
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number())?;
        self.name.map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_said_and_written() {
        let addresses = (1..=9).chain([1]).map(|n| IpAddr::from([10, 0, 0, n]));
        let clients = Clients::of(addresses);
        assert_eq!(clients.to_string(), "10.0.0.1 and 8 other clients");
        assert_eq!(clients.called("sources"), "10.0.0.1 and 8 other sources");
        let written = serde_json::to_value(&clients).unwrap();
        assert_eq!((written["clients"].as_array().map(Vec::len), &written["client_count"]), (Some(8), &json!(9)));

        let users = Users::of([Some("Ann".to_owned()), None, None]);
        assert_eq!(users.or("a guest"), "Ann and a guest");
        assert_eq!(serde_json::to_value(&users).unwrap(), json!({"users": ["Ann"], "user_count": 2}));

        let closed = Closed { by: CloseBy::Middlebox, how: Close::Rst };
        assert_eq!(closed.to_string(), "something on the path closed with RST");
        assert_eq!(serde_json::to_value(closed).unwrap(), json!({"closed_by": "middlebox", "closed_how": "rst"}));

        let one = OneSide { side: Side::Server, side_address: IpAddr::from([10, 0, 0, 9]) };
        assert_eq!(serde_json::to_value(one).unwrap(), json!({"side": "server", "side_address": "10.0.0.9"}));
        assert_eq!(Silence { idle_min_s: 600.0, idle_max_s: 600.0 }.to_string(), "10.0 min");
        assert_eq!(Silence { idle_min_s: 600.0, idle_max_s: 900.0 }.to_string(), "10.0 min to 15.0 min");

        assert_eq!(Status::of(0x09DE).to_string(), "0x09DE (ERR_SERVER_BUSY)");
        assert_eq!(Status::of(0x7FFF).to_string(), "0x7FFF");
    }
}
