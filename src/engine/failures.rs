//! Connections that never came about, by who tried to reach what. Rules ask whether a server could reach what it needs
//! (its directory, say), on whatever port and whether or not a dissector knows that port.

use super::share::PortShares;
use crate::model::{CaptureFacts, Endpoint, FailedConnection, FailedConnections, Setup, Span, Timestamp};
use crate::stream::Connection;
use hashbrown::HashMap;
use std::net::IpAddr;

/// Entries kept of all ports together: at most some 20 MB, and a scan of every port of a host fits in once.
const ENTRIES: usize = 65_536;
/// Entries kept of one port of servers.
const OF_PORT: usize = 4096;
/// Attempts that follow each other within this many seconds stand in one entry: programs try again that soon, people
/// take longer.
const TOGETHER: Span = Span::from_secs(10);

/// Index of the entries of `facts.failed`.
#[derive(Debug, Clone)]
pub(super) struct FailureIndex {
    /// Places of the latest entry of each client, server and way of failing.
    latest: HashMap<(IpAddr, Endpoint, Setup), usize>,
    shares: PortShares,
}

impl FailureIndex {
    /// No entry yet.
    pub(super) fn new() -> Self {
        Self { latest: HashMap::new(), shares: PortShares::new(OF_PORT) }
    }

    /// Notes a connection that never came about, beside earlier ones of the same kind if they are not long past.
    pub(super) fn add(&mut self, facts: &mut CaptureFacts, connection: &Connection) {
        let (client, server, setup) = (connection.client().ip, connection.server(), connection.setup());
        let reset = connection.closed_at().filter(|_| setup == Setup::Refused);
        let attempt = FailedConnection { syn: connection.first(), reset };
        let place = self.latest.get(&(client, server, setup)).copied();
        if let Some(entry) = place.and_then(|place| facts.failed.get_mut(place)).filter(|e| joins(attempt, e)) {
            entry.count = entry.count.saturating_add(1);
            if attempt.syn.time < entry.first.syn.time {
                entry.first = attempt;
            } else if attempt.syn.time > entry.last.syn.time {
                entry.last = attempt;
            }
        } else if facts.failed.len() < ENTRIES && self.shares.exhausted(&[server.port]).is_none() {
            let entry = FailedConnections { client, server, setup, first: attempt, last: attempt, count: 1 };
            self.note(facts.failed.len(), &entry);
            facts.failed.push(entry);
        } else {
            facts.failed_left_out = facts.failed_left_out.saturating_add(1);
        }
    }

    /// Lets go of entries whose last attempt was before a time. What was left out stays counted.
    pub(super) fn retire(&mut self, facts: &mut CaptureFacts, before: Timestamp) {
        let count = facts.failed.len();
        facts.failed.retain(|entry| entry.last.syn.time >= before);
        if facts.failed.len() < count {
            *self = Self::new();
            for (place, entry) in facts.failed.iter().enumerate() {
                self.note(place, entry);
            }
        }
    }

    fn note(&mut self, place: usize, entry: &FailedConnections) {
        self.shares.take(&[entry.server.port]);
        self.latest.insert((entry.client, entry.server, entry.setup), place);
    }
}

/// There is little room left, for all ports or for one.
pub(super) fn is_crowded(facts: &CaptureFacts) -> bool {
    facts.failed.len() > ENTRIES / 2 || facts.failed_left_out > 0
}

/// Is the attempt near enough to those of the entry?
fn joins(attempt: FailedConnection, entry: &FailedConnections) -> bool {
    let (syn, first, last) = (attempt.syn.time, entry.first.syn.time, entry.last.syn.time);
    first.since(syn) <= TOGETHER && syn.since(last) <= TOGETHER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IpInfo, Segment, Stamp, TcpOptions, flags};

    /// A SYN to that port that nobody answers.
    fn unanswered(client: u32, port: u16, seconds: i64) -> Connection {
        let info = IpInfo {
            source: IpAddr::from(client.to_be_bytes()),
            destination: [10, 1, 0, 9].into(),
            ttl: 64,
            id: None,
            dont_fragment: false,
        };
        let syn = Segment {
            ip: info,
            source_port: 50_000,
            destination_port: port,
            sequence: 1,
            acknowledgement: 0,
            flags: flags::SYN,
            window: 0,
            urgent: 0,
            options: TcpOptions::default(),
            payload: &[],
            payload_length: 0,
            raw: &[],
            other: None,
        };
        let at = Stamp { time: Timestamp::new(seconds * 1_000_000_000, 9), ..Stamp::default() };
        let mut connection = Connection::new(0, &syn, at, |_| false);
        connection.segment(&syn, at, None, None, &crate::stream::Limits::default(), &mut Unheard);
        connection
    }

    struct Unheard;

    impl crate::stream::Sink for Unheard {
        fn bytes(&mut self, _: crate::model::Side, _: u64, _: &[u8], _: Stamp) {}
        fn gap(&mut self, _: crate::model::Side, _: u64, _: u64, _: Stamp) {}
    }

    fn of_port(facts: &CaptureFacts, port: u16) -> usize {
        facts.failed.iter().filter(|failed| failed.server.port == port).count()
    }

    #[test]
    fn what_floods_one_port_leaves_room_for_failures_at_others() {
        let (mut index, mut facts) = (FailureIndex::new(), CaptureFacts::default());
        for client in 0..4100 {
            index.add(&mut facts, &unanswered(client, 1352, 1));
        }
        index.add(&mut facts, &unanswered(1, 389, 2));
        index.add(&mut facts, &unanswered(4095, 1352, 3));
        assert_eq!((of_port(&facts, 1352), of_port(&facts, 389), facts.failed_left_out), (4096, 1, 4));
        assert_eq!(facts.failed.get(4095).map(|failed| failed.count), Some(2), "an old entry still counts");
    }

    #[test]
    fn what_was_let_go_makes_room_again() {
        let (mut index, mut facts) = (FailureIndex::new(), CaptureFacts::default());
        for client in 0..4096 {
            index.add(&mut facts, &unanswered(client, 1352, 1));
        }
        index.add(&mut facts, &unanswered(1, 389, 100));
        index.retire(&mut facts, Timestamp::new(50_000_000_000, 9));
        index.add(&mut facts, &unanswered(7, 1352, 100));
        index.add(&mut facts, &unanswered(1, 389, 101));
        assert_eq!((of_port(&facts, 1352), of_port(&facts, 389), facts.failed_left_out), (1, 1, 0));
    }

    #[test]
    fn all_ports_together_have_a_limit() {
        let (mut index, mut facts) = (FailureIndex::new(), CaptureFacts::default());
        for client in 0..4096 {
            for port in 1..=17 {
                index.add(&mut facts, &unanswered(client, port, 1));
            }
        }
        assert_eq!((facts.failed.len(), facts.failed_left_out), (65_536, 4096));
    }
}
