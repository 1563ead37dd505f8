//! Attempts, counted by what came of them: one row for each kind, server and name that was asked for.

use crate::model::{Attempt, AttemptCounts, AttemptKind, Endpoint};
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// Names that are told apart: what comes later with another one is counted without its name.
const NAMED: usize = 16_384;
/// Distinct clients that are counted of one row.
const CLIENTS: usize = 65_536;

/// Counts of attempts, while they are added.
#[derive(Debug, Clone, Default)]
pub(crate) struct AttemptCounter {
    rows: Vec<(AttemptCounts, HashSet<IpAddr>)>,
    places: HashMap<(AttemptKind, Endpoint, Option<String>), usize>,
    /// Row of the attempt before: the next one is often of the same.
    latest: usize,
}

impl AttemptCounter {
    /// Adds attempts.
    pub(crate) fn add_all<'c>(&mut self, attempts: impl IntoIterator<Item = &'c Attempt>) {
        for attempt in attempts {
            self.add(attempt);
        }
    }

    fn add(&mut self, attempt: &Attempt) {
        let asked = name(attempt).filter(|_| self.rows.len() < NAMED);
        let is_latest = |(counts, _): &(AttemptCounts, HashSet<IpAddr>)| {
            (counts.kind, counts.server, counts.asked.as_deref()) == (attempt.kind, Some(attempt.server), asked)
        };
        if !self.rows.get(self.latest).is_some_and(is_latest) {
            let asked = asked.map(str::to_owned);
            let key = (attempt.kind, attempt.server, asked.clone());
            self.latest = *self.places.entry(key).or_insert(self.rows.len());
            if self.latest == self.rows.len() {
                self.rows.push((AttemptCounts::new(attempt.kind, attempt.server, asked), HashSet::new()));
            }
        }
        let Some((counts, clients)) = self.rows.get_mut(self.latest) else { return };
        counts.count(&attempt.outcome);
        if clients.len() < CLIENTS {
            clients.insert(attempt.client);
        }
    }

    /// The counts, in the order of the first attempt of each row.
    pub(crate) fn into_rows(self) -> Vec<AttemptCounts> {
        let told = |(counts, clients): (AttemptCounts, HashSet<IpAddr>)| AttemptCounts {
            clients: u64::try_from(clients.len()).unwrap_or(u64::MAX),
            ..counts
        };
        self.rows.into_iter().map(told).collect()
    }
}

/// The server or host that was asked for. Users, pages and addresses of record would make a row of every attempt.
fn name(attempt: &Attempt) -> Option<&str> {
    match attempt.kind {
        AttemptKind::Dns | AttemptKind::Tls | AttemptKind::NrpcOpen | AttemptKind::NrpcAuth => attempt.asked.as_deref(),
        AttemptKind::HttpLogin | AttemptKind::HttpToken => attempt.server_name.as_deref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::AttemptCounter;
    use crate::facts::{Case, Settings};
    use crate::model::AttemptKind;
    use crate::testing::analysis;
    use nrpcsniff_samples::Network;

    #[test]
    fn attempts_are_counted_by_server_and_name() {
        const MAIL: &str = "CN=Mail01/O=A";
        let net = Network::new();
        for (client, wanted) in [("10.1.0.50", MAIL), ("10.1.0.51", MAIL), ("10.1.0.50", "x.example")] {
            let tcp = net.connect(&net.host(client), &net.host("10.1.0.9"), 1352);
            tcp.session(wanted, MAIL).wait(3).client_fin();
        }
        let (analysis, settings) = (analysis(&net.to_pcapng()), Settings::default());
        let mut counter = AttemptCounter::default();
        counter.add_all(Case::new(&analysis, &settings).attempts());
        let counts = counter.into_rows();
        let opened: Vec<_> = counts.iter().filter(|row| row.kind == AttemptKind::NrpcOpen).collect();
        let rows: Vec<_> = opened.iter().map(|row| (row.cut_off, row.refused, row.clients)).collect();
        assert_eq!(rows, [(2, 0, 2), (0, 1, 1)]);
        assert_eq!(counts.iter().map(|row| row.granted).sum::<u64>(), 3, "the connections");
    }
}
