//! Clocks of servers against that of the capture, by the Date headers of their responses.

use crate::facts::http::HttpIndex;
use crate::model::{Stamp, Timestamp};
use hashbrown::HashMap;
use std::net::IpAddr;

/// Clocks of the servers of a capture.
#[derive(Debug, Default)]
pub(crate) struct ServerClocks {
    by_server: HashMap<IpAddr, ServerClock>,
    /// The least distance of any of them from the capture's clock, in seconds.
    nearest: Option<f64>,
}

/// A server's clock, as its Date headers show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ServerClock {
    /// Seconds by which it is ahead of the capture's clock; negative if behind.
    pub ahead: f64,
    /// The response that says so.
    pub at: Stamp,
    /// Its Date header, in seconds since 1970-01-01 UTC.
    pub date: i64,
}

impl ServerClocks {
    /// Reads every Date header that no proxy put in between (Via) could have written.
    pub(super) fn new(http: &HttpIndex<'_>) -> Self {
        let mut read: HashMap<IpAddr, Vec<ServerClock>> = HashMap::new();
        for exchange in http.exchanges() {
            let Some(response) = exchange.response.filter(|r| r.content.via.is_none() && r.content.status != 304)
            else {
                continue;
            };
            let Some(date) = response.content.date else { continue };
            let clock = ServerClock { ahead: ahead(date, response.at()), at: response.at(), date };
            read.entry(exchange.conversation.server.ip).or_default().push(clock);
        }
        let by_server: HashMap<_, _> =
            read.into_iter().filter_map(|(server, clocks)| Some((server, median(clocks)?))).collect();
        let nearest = by_server.values().map(|clock: &ServerClock| clock.ahead.abs()).min_by(f64::total_cmp);
        Self { by_server, nearest }
    }

    /// The clock of that server, if it told the time.
    pub(crate) fn of(&self, server: IpAddr) -> Option<&ServerClock> {
        self.by_server.get(&server)
    }

    /// Some server agrees with the capture's clock within so many seconds: it can be trusted.
    pub(crate) fn capture_is_right(&self, within: f64) -> bool {
        self.nearest.is_some_and(|nearest| nearest <= within)
    }
}

/// Seconds from when the frame was seen to that time.
fn ahead(date: i64, at: Stamp) -> f64 {
    // A Date has no fraction: on average half a second has passed in it.
    Timestamp::from_secs(date).seconds_since(at.time) + 0.5
}

/// The middle one: pages out of a cache carry an old Date.
fn median(mut clocks: Vec<ServerClock>) -> Option<ServerClock> {
    clocks.sort_by(|a, b| a.ahead.total_cmp(&b.ahead).then(a.at.frame.cmp(&b.at.frame)));
    clocks.get(clocks.len() / 2).copied()
}
