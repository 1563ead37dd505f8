//! What is said of ways on which nobody answers.

use crate::diagnose::words::{Clients, Words, count, shown, span};
use crate::model::Endpoint;
use serde::Serialize;

/// Nobody answers.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoAnswer {
    /// The bridge, or the relay.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Who asked.
    #[serde(flatten)]
    pub clients: Clients,
    /// Number of requests.
    pub count: usize,
    /// From the first to the last.
    pub lasted_s: f64,
    /// A relay was asked for.
    pub is_relay: bool,
    /// What an ICMP error says.
    #[serde(rename = "icmp_meaning")]
    pub icmp: Option<&'static str>,
    /// Others are answered there.
    pub serves_others: bool,
}

impl NoAnswer {
    const fn what(&self) -> &'static str {
        if self.is_relay { "relay (TURN)" } else { "video bridge" }
    }
}

impl Words for NoAnswer {
    fn title(&self) -> String {
        let how = self.icmp.map_or_else(|| "nobody answers".to_owned(), |icmp| format!("{icmp} (ICMP)"));
        format!("The {} {}: {how}", self.what(), self.server)
    }

    fn explanation(&self) -> String {
        let Self { server, clients, lasted_s, .. } = self;
        let why = match (self.icmp, self.serves_others) {
            (Some("port unreachable"), _) => " The machine says that nothing listens on that port.",
            (Some(_), _) => " A router or a filter on the way says so.",
            (None, true) => " Others are answered there: it is the way of these clients.",
            (None, false) => {
                " A filter drops it, nothing listens there, or the answers take another way than the capture sees."
            }
        };
        format!(
            "{} of {clients} to the {} {server} within {} (STUN over UDP) brought no answer, and no other way over UDP worked.{why} Sound and picture of \
             the meeting do not come about.",
            count(self.count, "request"),
            self.what(),
            span(*lasted_s),
        )
    }
}
