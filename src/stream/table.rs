//! The table of flows: two generations for IPv4 and two for IPv6, so that memory has a limit and an idle flow ages
//! out without a list of ages.

use crate::model::Endpoint;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::net::IpAddr;

/// Two endpoints, the same for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowKey {
    /// Over IPv4.
    V4(V4),
    /// Over IPv6.
    V6(V6),
}

/// Addresses and ports of an IPv4 flow, the lower endpoint first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct V4(u64, u32);

/// Addresses and ports of an IPv6 flow, the lower endpoint first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct V6(u128, u128, u32);

impl FlowKey {
    /// The key of a packet between two endpoints, in either direction.
    pub fn new(a: Endpoint, b: Endpoint) -> Self {
        match (a.ip, b.ip) {
            (IpAddr::V4(ip_a), IpAddr::V4(ip_b)) => {
                let (a, b) = ((ip_a.to_bits(), a.port), (ip_b.to_bits(), b.port));
                let ((low, low_port), (high, high_port)) = if a <= b { (a, b) } else { (b, a) };
                Self::V4(V4(u64::from(low) << 32 | u64::from(high), ports(low_port, high_port)))
            }
            (ip_a, ip_b) => {
                let (a, b) = ((bits(ip_a), a.port), (bits(ip_b), b.port));
                let ((low, low_port), (high, high_port)) = if a <= b { (a, b) } else { (b, a) };
                Self::V6(V6(low, high, ports(low_port, high_port)))
            }
        }
    }
}

/// The flows that are remembered.
#[derive(Debug)]
pub(crate) struct FlowTable<V> {
    v4: Generations<V4, V>,
    v6: Generations<V6, V>,
}

impl<V> FlowTable<V> {
    /// A table of two generations of at most `capacity` flows, for each address family.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { v4: Generations::new(capacity), v6: Generations::new(capacity) }
    }

    /// The flow of that key; it becomes young again.
    pub(crate) fn get(&mut self, key: FlowKey) -> Option<&mut V> {
        match key {
            FlowKey::V4(key) => self.v4.get(key),
            FlowKey::V6(key) => self.v6.get(key),
        }
    }

    /// Remembers a flow. Gives back the flows that were forgotten for it: those without a packet for a whole
    /// generation.
    pub(crate) fn insert(&mut self, key: FlowKey, value: V) -> Vec<V> {
        match key {
            FlowKey::V4(key) => self.v4.insert(key, value),
            FlowKey::V6(key) => self.v6.insert(key, value),
        }
    }

    /// How many flows there are.
    pub(crate) fn len(&self) -> usize {
        self.v4.len().saturating_add(self.v6.len())
    }

    /// Every flow, in no order. None becomes young again.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.v4.values_mut().chain(self.v6.values_mut())
    }

    /// Forgets every flow of which `stays` says no.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&mut V) -> bool) {
        self.v4.retain(&mut stays);
        self.v6.retain(&mut stays);
    }

    /// Every flow that is left, in no order.
    pub(crate) fn into_values(self) -> impl Iterator<Item = V> {
        self.v4.into_values().chain(self.v6.into_values())
    }
}

#[derive(Debug)]
struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    capacity: usize,
}

impl<K: Copy + Eq + std::hash::Hash, V> Generations<K, V> {
    fn new(capacity: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), capacity: capacity.max(1) }
    }

    fn get(&mut self, key: K) -> Option<&mut V> {
        match self.young.entry(key) {
            Entry::Occupied(entry) => Some(entry.into_mut()),
            Entry::Vacant(entry) => self.old.remove(&key).map(|value| entry.insert(value)),
        }
    }

    fn insert(&mut self, key: K, value: V) -> Vec<V> {
        let mut forgotten = Vec::new();
        if self.young.len() >= self.capacity {
            forgotten = std::mem::replace(&mut self.old, std::mem::take(&mut self.young)).into_values().collect();
        }
        self.old.remove(&key);
        self.young.insert(key, value);
        forgotten
    }

    fn len(&self) -> usize {
        self.young.len().saturating_add(self.old.len())
    }

    fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.young.values_mut().chain(self.old.values_mut())
    }

    fn retain(&mut self, stays: &mut impl FnMut(&mut V) -> bool) {
        self.young.retain(|_, value| stays(value));
        self.old.retain(|_, value| stays(value));
    }

    fn into_values(self) -> impl Iterator<Item = V> {
        self.young.into_values().chain(self.old.into_values())
    }
}

fn ports(low: u16, high: u16) -> u32 {
    u32::from(low) << 16 | u32::from(high)
}

fn bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(ip: &str, port: u16) -> Endpoint {
        Endpoint { ip: ip.parse().unwrap(), port }
    }

    #[test]
    fn both_directions_have_one_key() {
        for (a, b) in [("10.0.0.1", "10.0.0.2"), ("2001:db8::1", "2001:db8::2"), ("10.0.0.1", "10.0.0.1")] {
            let (a, b) = (end(a, 5), end(b, 1352));
            assert_eq!(FlowKey::new(a, b), FlowKey::new(b, a));
            assert_ne!(FlowKey::new(a, b), FlowKey::new(end("10.0.0.9", 5), b));
        }
    }

    #[test]
    fn what_is_retained_stays_in_either_generation() {
        let mut table = FlowTable::new(2);
        for n in 0..4 {
            table.insert(FlowKey::new(end("10.0.0.1", n), end("10.0.0.2", 1352)), n);
        }
        table.insert(FlowKey::new(end("2001:db8::1", 9), end("2001:db8::2", 1352)), 9);
        table.values_mut().for_each(|n| *n += 10);
        table.retain(|n| *n % 2 == 1);
        assert_eq!(table.len(), 3);
        let mut left: Vec<_> = table.into_values().collect();
        left.sort_unstable();
        assert_eq!(left, [11, 13, 19]);
    }

    #[test]
    fn a_flow_that_is_used_outlives_the_generation() {
        let mut table = FlowTable::new(4);
        let key = |n: u16| FlowKey::new(end("10.0.0.1", n), end("10.0.0.2", 1352));
        table.insert(key(0), 0);
        let mut forgotten = Vec::new();
        for n in 1..100 {
            forgotten.extend(table.insert(key(n), n));
            assert_eq!(table.get(key(0)), Some(&mut 0));
        }
        assert!(!forgotten.contains(&0));
        assert_eq!(forgotten.len() + table.into_values().count(), 100);
    }
}
