//! Values that many findings about SIP have: requests, how they were answered, calls that failed.

use crate::diagnose::words::{Answers, Clients, Users, count, shown, times};
use crate::model::Endpoint;
use serde::Serialize;
use std::fmt;
use std::net::IpAddr;

/// A user as people call him: by the name that the request gives, else as one of many.
pub(crate) fn called(user: Option<&str>) -> &str {
    user.unwrap_or("a user without a name")
}

/// "REGISTER of", "INVITE to".
pub(crate) fn preposition(method: &str) -> &'static str {
    if method == "REGISTER" { "of" } else { "to" }
}

/// Requests of one method.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Requests {
    /// `REGISTER`, `INVITE`.
    pub method: String,
    /// Users whom the requests are about: addresses of record of To.
    #[serde(flatten)]
    pub users: Users,
    /// Clients that sent the requests.
    #[serde(flatten)]
    pub clients: Clients,
}

impl Requests {
    /// "ann@example.com", "ann@example.com and 3 other users".
    pub(crate) fn users(&self) -> String {
        self.users.or(called(None))
    }

    /// "3 requests of 2 clients", of so many requests; nothing if it is one client, which is named anyway.
    pub(crate) fn crowd(&self, number: usize) -> Option<String> {
        let clients = self.clients.number();
        (clients > 1).then(|| format!("{} of {}", count(number, "request"), count(clients, "client")))
    }
}

/// "REGISTER of ann@example.com from 10.1.0.50".
impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, clients, .. } = self;
        write!(f, "{method} {} {} from {clients}", preposition(method), self.users())
    }
}

/// Requests of one method that one server refused with the same status.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedRequests {
    /// The server that was asked first.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The requests: their method, whom they are for, and by whom.
    #[serde(flatten)]
    pub requests: Requests,
    /// Number of requests.
    pub count: usize,
    /// Status of the answers.
    pub status: Option<u16>,
    /// The answers.
    #[serde(flatten)]
    pub answers: Answers,
    /// Every client got what it had asked for later.
    pub recovered: bool,
}

impl RefusedRequests {
    /// "once, with 403 Forbidden".
    pub(crate) fn how_often(&self) -> String {
        format!("{}, with {}", times(self.count), self.answers)
    }

    /// "403 Forbidden": the first answer.
    pub(crate) fn answer(&self) -> &str {
        self.answers.first().unwrap_or_default()
    }

    /// See [`Requests::crowd`].
    pub(crate) fn crowd(&self) -> Option<String> {
        self.requests.crowd(self.count)
    }

    /// See [`aftermath`].
    pub(crate) const fn aftermath(&self) -> &'static str {
        aftermath(self.recovered)
    }
}

/// A sentence with a blank in front; nothing if the client did not get through.
pub(super) const fn aftermath(recovered: bool) -> &'static str {
    if recovered { " The same client got through later." } else { "" }
}

/// Calls that did not reach the user.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedCalls {
    /// Number of calls.
    pub failed_calls: usize,
    /// The answers to them.
    #[serde(flatten)]
    pub answers: Answers,
}

impl FailedCalls {
    /// "2 calls to this user failed afterwards (480 Temporarily Unavailable)."; nothing if there was none.
    pub(crate) fn told(&self, when: &str) -> Option<String> {
        let calls = (self.failed_calls > 0).then(|| count(self.failed_calls, "call"))?;
        let answers = self.answers.first().map_or_else(|| "no answer".to_owned(), |_| self.answers.to_string());
        Some(format!("{calls} to this user failed {when} ({answers})."))
    }
}

/// Where requests came from: the address, and the same with its port.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ClientEndpoint {
    client: IpAddr,
    #[serde(serialize_with = "shown")]
    client_endpoint: Endpoint,
}

impl ClientEndpoint {
    /// The address alone.
    pub(crate) const fn address(self) -> IpAddr {
        self.client
    }
}

impl From<Endpoint> for ClientEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        Self { client: endpoint.ip, client_endpoint: endpoint }
    }
}

/// "10.1.0.50:5060".
impl fmt::Display for ClientEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.client_endpoint.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn requests(method: &str, clients: impl IntoIterator<Item = u8>) -> Requests {
        let users = Users::of([Some("ann@example.com".to_owned()), None]);
        let clients = Clients::of(clients.into_iter().map(|n| IpAddr::from([10, 1, 0, n])));
        Requests { method: method.to_owned(), users, clients }
    }

    #[test]
    fn requests_are_said_and_written() {
        let of_one = requests("REGISTER", [50]);
        assert_eq!(of_one.to_string(), "REGISTER of ann@example.com and a user without a name from 10.1.0.50");
        assert_eq!(of_one.crowd(2), None);
        assert_eq!(requests("INVITE", 1..=3).crowd(4).as_deref(), Some("4 requests of 3 clients"));
        assert_eq!(
            serde_json::to_value(&of_one).unwrap(),
            json!({
                "method": "REGISTER", "users": ["ann@example.com"], "user_count": 2,
                "clients": ["10.1.0.50"], "client_count": 1,
            })
        );
    }

    #[test]
    fn failed_calls_are_said_and_written() {
        let calls =
            |lines: &[&str]| FailedCalls { failed_calls: lines.len(), answers: Answers::of(lines.iter().copied()) };
        assert_eq!(calls(&[]).told("then"), None);
        let silent = FailedCalls { failed_calls: 1, answers: Answers::of([""; 0]) };
        assert_eq!(silent.told("then").as_deref(), Some("1 call to this user failed then (no answer)."));
        let two = calls(&["480 Gone", "480 Gone"]);
        assert_eq!(two.told("then").as_deref(), Some("2 calls to this user failed then (480 Gone)."));
        assert_eq!(
            serde_json::to_value(&two).unwrap(),
            json!({"failed_calls": 2, "answers": ["480 Gone"], "answer_count": 1})
        );
    }

    #[test]
    fn clients_have_an_address_with_and_without_port() {
        let client = ClientEndpoint::from(Endpoint { ip: IpAddr::from([10, 1, 0, 50]), port: 5060 });
        assert_eq!(client.to_string(), "10.1.0.50:5060");
        assert_eq!(
            serde_json::to_value(client).unwrap(),
            json!({"client": "10.1.0.50", "client_endpoint": "10.1.0.50:5060"})
        );
    }
}
