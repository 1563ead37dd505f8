//! Pairs of endpoints between which datagrams went, and how many: enough to tell whether the sound of a call arrives. They
//! are counted on every port, whether or not a dissector knows it.

use super::share::PortShares;
use crate::model::{CaptureFacts, DatagramFlow, Datagrams, Endpoint, PerSide, Side, Stamp, Timestamp};

/// Pairs kept of all ports together: at most some 25 MB.
const PAIRS: usize = 131_072;
/// Pairs kept of one port, whichever end has it: who asks a resolver takes a new port for each question.
const OF_PORT: usize = 16_384;

/// Shares of ports in the room for `facts.datagrams`.
#[derive(Debug)]
pub(super) struct PairIndex {
    shares: PortShares,
}

impl PairIndex {
    /// No pair yet.
    pub(super) fn new() -> Self {
        Self { shares: PortShares::new(OF_PORT) }
    }

    /// Opens the count of datagrams between two endpoints, if there is room; gives its place.
    pub(super) fn open(&mut self, facts: &mut CaptureFacts, ends: PerSide<Endpoint>) -> Option<u32> {
        let ports = [ends.client.port, ends.server.port];
        if let Some(port) = self.shares.exhausted(&ports) {
            facts.datagram_ports_cut.insert(port);
            return None;
        }
        if facts.datagrams.len() >= PAIRS {
            facts.datagrams_left_out = facts.datagrams_left_out.saturating_add(1);
            return None;
        }
        self.shares.take(&ports);
        facts.datagrams.push(DatagramFlow { ends, sent: PerSide::default() });
        u32::try_from(facts.datagrams.len().saturating_sub(1)).ok()
    }

    /// Lets go of pairs whose last datagram was before a time. Gives the new place of each, if any changed.
    pub(super) fn retire(&mut self, facts: &mut CaptureFacts, before: Timestamp) -> Option<Vec<Option<u32>>> {
        let pairs = &mut facts.datagrams;
        let mut places = Vec::with_capacity(pairs.len());
        let mut next = 0_u32;
        pairs.retain(|pair| {
            let last = [pair.sent.client, pair.sent.server].into_iter().flatten().map(|sent| sent.last.time).max();
            let stays = last.is_some_and(|last| last >= before);
            places.push(stays.then_some(next));
            next = next.saturating_add(u32::from(stays));
            stays
        });
        if places.iter().all(Option::is_some) {
            return None;
        }
        *self = Self::new();
        for pair in pairs.iter() {
            self.shares.take(&[pair.ends.client.port, pair.ends.server.port]);
        }
        Some(places)
    }
}

/// There is little room left, for all ports or for one.
pub(super) fn is_crowded(facts: &CaptureFacts) -> bool {
    facts.datagrams.len() > PAIRS / 2 || !facts.datagram_ports_cut.is_empty()
}

/// Counts a datagram of the pair in that place.
pub(super) fn count(facts: &mut CaptureFacts, pair: u32, source: Endpoint, is_media: bool, at: Stamp) {
    let Some(pair) = usize::try_from(pair).ok().and_then(|index| facts.datagrams.get_mut(index)) else { return };
    let side = if source == pair.ends.client { Side::Client } else { Side::Server };
    let sent = pair.sent[side].get_or_insert(Datagrams { count: 0, media: 0, first: at, last: at });
    sent.count = sent.count.saturating_add(1);
    sent.media = sent.media.saturating_add(u64::from(is_media));
    sent.last = at;
}
