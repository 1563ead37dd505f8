//! Requests that are seen on both sides of a proxy.

use super::{ExchangeId, HttpExchange};
use hashbrown::{HashMap, HashSet};
use std::net::IpAddr;

/// Requests before one that are looked at for the same on the way to a proxy.
const LOOK_BACK: usize = 64;
/// A proxy hands a request on within this time (seconds).
const HANDED_ON: f64 = 60.0;

/// Which requests a proxy made for others.
#[derive(Default)]
pub(crate) struct Hops {
    inner_of: HashMap<ExchangeId, Vec<ExchangeId>>,
    inner: HashSet<ExchangeId>,
}

impl Hops {
    /// Each request that an address makes which itself was just asked for the same.
    pub(super) fn new(all: &[HttpExchange<'_>]) -> Self {
        let mut hops = Self::default();
        // Who was never asked for anything is no proxy.
        let servers: HashSet<IpAddr> = all.iter().map(|exchange| exchange.conversation.server.ip).collect();
        let may_be_inner =
            |exchange: &HttpExchange<'_>| exchange.request.is_some() && servers.contains(&exchange.client());
        for (index, exchange) in all.iter().enumerate().filter(|(_, exchange)| may_be_inner(exchange)) {
            let before = all.get(index.saturating_sub(LOOK_BACK)..index).unwrap_or_default();
            if let Some(outer) = before.iter().rev().find(|outer| is_handed_on(outer, exchange)) {
                // A chain of proxies has one browser.
                let first = hops.outer_of(outer.id);
                hops.inner.insert(exchange.id);
                hops.inner_of.entry(first).or_default().push(exchange.id);
            }
        }
        hops
    }

    fn outer_of(&self, id: ExchangeId) -> ExchangeId {
        if !self.inner.contains(&id) {
            return id;
        }
        self.inner_of.iter().find(|(_, inner)| inner.contains(&id)).map_or(id, |(&outer, _)| outer)
    }

    /// A proxy made that request for somebody else's.
    pub(crate) fn is_inner(&self, id: ExchangeId) -> bool {
        self.inner.contains(&id)
    }

    /// What proxies made of that request.
    pub(crate) fn inner(&self, id: ExchangeId) -> impl Iterator<Item = ExchangeId> {
        self.inner_of.get(&id).into_iter().flatten().copied()
    }
}

/// The same method and path, asked by the one that was asked, while the first waits.
fn is_handed_on(outer: &HttpExchange<'_>, inner: &HttpExchange<'_>) -> bool {
    let waited = inner.at().time.seconds_since(outer.at().time);
    outer.request.is_some()
        && outer.conversation.server.ip == inner.client()
        && outer.client() != inner.client()
        && outer.method() == inner.method()
        && outer.path() == inner.path()
        && (0.0..=HANDED_ON).contains(&waited)
        && outer.response.is_none_or(|response| response.at().time >= inner.at().time)
}
