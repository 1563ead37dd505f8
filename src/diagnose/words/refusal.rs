//! Why a port refuses connections, as values, and how that is said: several rules about ports do.

use super::{Clients, clock, count};
use crate::facts::network::refusals::Refusal;
use crate::model::{Endpoint, Timestamp};
use serde::Serialize;
use std::net::IpAddr;

/// The reason why a port refuses connections.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "refused_because", rename_all = "snake_case")]
pub(crate) enum RefusedBecause {
    /// Nothing listens there, as far as is seen.
    NothingListens,
    /// Something on the path refuses in the server's name.
    Filter {
        /// It does so by RSTs that are not the server's.
        forged: bool,
    },
    /// Others are let in, these clients are not.
    Selective {
        /// Connections that were accepted meanwhile.
        served_count: usize,
        /// A client of them.
        served_client: IpAddr,
    },
    /// Some attempts are let in and others are not, whoever makes them.
    Intermittent {
        /// Connections that were accepted meanwhile.
        served_count: usize,
        /// The most attempts in one second.
        busiest_second: usize,
    },
    /// It served at another time.
    Away {
        /// Last seen to serve.
        served_before: Option<Timestamp>,
        /// Seen to serve again.
        served_after: Option<Timestamp>,
    },
}

impl RefusedBecause {
    /// As the capture shows it.
    pub(crate) const fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::NothingListens => Self::NothingListens,
            Refusal::Filter(_) => Self::Filter { forged: true },
            Refusal::Selective(serving) => {
                Self::Selective { served_count: serving.count, served_client: serving.client }
            }
            Refusal::Intermittent(serving) => {
                Self::Intermittent { served_count: serving.count, busiest_second: serving.busiest }
            }
            Refusal::Away { before, after } => Self::Away { served_before: *before, served_after: *after },
        }
    }

    /// One line: whom it is about is one of the clients.
    pub(crate) fn title(&self, server: Endpoint, clients: &Clients) -> String {
        match self {
            Self::NothingListens => format!("{server} refuses connections: nothing listens there"),
            Self::Filter { .. } => format!("A packet filter refuses connections to {server}"),
            Self::Selective { .. } => format!("{server} refuses {clients} and serves others"),
            Self::Intermittent { .. } => {
                format!("{server} refuses some connections and accepts others at the same time")
            }
            Self::Away { served_before: None, .. } => format!("{server} did not listen yet"),
            Self::Away { served_after: None, .. } => format!("{server} listens no more"),
            Self::Away { .. } => format!("{server} did not listen for a while"),
        }
    }

    /// The side that answered with RST, in words.
    pub(crate) const fn who(&self) -> &'static str {
        match self {
            Self::Filter { .. } => "something on the path, in the server's name,",
            _ => "the server",
        }
    }

    /// Evidence against a server that is simply down: a sentence with a blank in front, or nothing.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::NothingListens | Self::Filter { .. } => String::new(),
            Self::Selective { served_count, served_client } => format!(
                " Meanwhile it accepted {} of others (the first of {served_client}), and none of these in all the capture: the port \
                 is up, and somebody tells clients apart by their addresses.",
                count(*served_count, "connection"),
            ),
            Self::Intermittent { served_count, busiest_second } => format!(
                " Meanwhile it accepted {}, at most {} came in one second: the port is up. Either too many come at once for it \
                 (its queue or a limit), or one of several machines behind this address does not listen.",
                count(*served_count, "connection"),
                count(*busiest_second, "attempt"),
            ),
            Self::Away { served_before, served_after } => {
                let before = served_before.map(|time| format!(" It was seen to serve until {}.", clock(time)));
                let after = served_after.map(|time| format!(" It served from {} on.", clock(time)));
                before.into_iter().chain(after).collect()
            }
        }
    }

    /// Things to change, by who refuses, because each is mended at another place; nothing where the rule's own remedies fit.
    pub(crate) fn remedies(&self, server: Endpoint, clients: &Clients) -> Option<Vec<String>> {
        let told = match self {
            Self::NothingListens => return None,
            Self::Filter { .. } => vec![
                format!("Allow TCP from {clients} to {server} in the packet filter that rejects it."),
                "Find it: capture on the server itself. SYNs that do not arrive there were refused on the way.".to_owned(),
            ],
            Self::Selective { .. } => vec![
                format!("Look for a filter by address that rejects {clients}: the firewall of {} itself, one in front of it, or a \
                         list of allowed addresses at a load balancer.", server.ip),
                "Capture on the server itself: SYNs that do not arrive there were refused on the way.".to_owned(),
            ],
            Self::Intermittent { .. } => vec![
                format!("Several machines behind {}? Ask each of them for port {}, take the one that does not listen out of the \
                         load balancer or the DNS, and let the health check ask for this port.", server.ip, server.port),
                "One machine? It refuses when more come at once than its queue takes: Windows answers with RST then. Look for a \
                 limit of connections at the server, its operating system and the firewall, and for what makes all clients come \
                 at the same moment."
                    .to_owned(),
            ],
            Self::Away { .. } => vec![
                format!("Find out what happened to the service on {} at that time: a restart, a crash, an update; its log and the \
                         system's tell.", server.ip),
                format!("Is port {} open now? On the server: netstat -an.", server.port),
            ],
        };
        Some(told)
    }
}
