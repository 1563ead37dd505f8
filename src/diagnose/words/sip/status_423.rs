//! What is said of registrations that ask for less time than the registrar grants.

use super::called;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// The client asks for too short a time.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TimeTooShort {
    /// The registrar.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The user who is to be registered.
    pub user: Option<String>,
    /// The client that asks.
    pub client: IpAddr,
    /// Number of requests for that time.
    pub count: usize,
    /// Seconds that it asks for.
    pub requested_s: u32,
    /// The fewest seconds that the registrar grants, if it says so.
    pub least_s: Option<u32>,
    /// The client asked for more then, and was accepted.
    pub recovered: bool,
}

impl Words for TimeTooShort {
    fn title(&self) -> String {
        let often = if self.recovered { "first" } else { "again and again" };
        format!("{} asks for {} seconds {often}, which is too short", called(self.user.as_deref()), self.requested_s)
    }

    fn explanation(&self) -> String {
        let Self { server, client, count, requested_s, .. } = self;
        let least = self.least_s.map_or_else(|| "no Min-Expires".to_owned(), |least| format!("Min-Expires {least}"));
        if self.recovered {
            let user = called(self.user.as_deref());
            return format!(
                "The registrar at {server} grants {user} no registration of {requested_s} seconds ({least}). The client asked \
                 for more and was accepted: it costs one request more each time."
            );
        }
        format!(
            "{server} answered {count} requests of {client} for {requested_s} seconds with 423 ({least}), and the client did \
             not ask for more."
        )
    }
}
