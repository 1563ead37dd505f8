//! Who only looks for open ports, or floods a server: nobody's sign-on.
//!
//! A program that signs on calls one or two ports of a server, repeats a SYN that is not answered, and says something when it is
//! let in. Who calls many ports or many machines in a moment and says nothing to any of them wants none of their services.

use crate::facts::Case;
use crate::model::{Conversation, Endpoint, PerSide, Timestamp, Transport};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::PROTOCOLS;
use std::net::IpAddr;

/// Clients that scan, and addresses in whose names a server is flooded with SYNs.
#[derive(Debug, Default)]
pub(crate) struct Scans {
    scanners: HashSet<IpAddr>,
    flooders: HashSet<IpAddr>,
    /// How many endpoints the scanners called.
    called: u64,
}

impl Scans {
    /// Whoever may be left out of everything that is said of users.
    pub(crate) fn has(&self, client: IpAddr) -> bool {
        self.scanners.contains(&client) || self.flooders.contains(&client)
    }

    /// It looks for open ports.
    pub(crate) fn is_scanner(&self, client: IpAddr) -> bool {
        self.scanners.contains(&client)
    }

    /// It floods a server, or somebody does so in its name.
    pub(crate) fn is_flooder(&self, client: IpAddr) -> bool {
        self.flooders.contains(&client)
    }

    /// Nobody scans, nobody floods.
    pub(crate) fn is_empty(&self) -> bool {
        self.scanners.is_empty() && self.flooders.is_empty()
    }

    /// How many endpoints the scanners called, each by each of them.
    pub(crate) const fn called(&self) -> u64 {
        self.called
    }

    /// Finds them.
    pub(in crate::facts) fn new(case: &Case<'_>) -> Self {
        let silent = silent_calls(case);
        let fewest = FROM_ONE_PORT.min(HALF_OPEN);
        if silent.values().all(|calls| calls.len() < fewest) && silent.len() < flood_sources(case) {
            return Self::default();
        }
        let spoke = spoke(case, &silent);
        let flooders = flooders(case, &silent, &spoke);
        let sign_on: HashSet<IpAddr> =
            spoke.iter().filter(|(_, server)| is_sign_on(server.port)).map(|(client, _)| *client).collect();
        let mut found = Self { flooders, ..Self::default() };
        for (client, mut calls) in silent {
            calls.retain(|call| !spoke.contains(&(client, call.server)));
            calls.sort_by_key(|call| (call.time, call.server));
            let is_user = sign_on.contains(&client);
            if !found.flooders.contains(&client) && scans(case, &calls, is_user) {
                let endpoints: HashSet<Endpoint> = calls.iter().map(|call| call.server).collect();
                found.called = found.called.saturating_add(endpoints.len() as u64);
                found.scanners.insert(client);
            }
        }
        found
    }
}

/// Calls in which nobody said anything, by client.
fn silent_calls(case: &Case<'_>) -> HashMap<IpAddr, Vec<Call>> {
    let mut silent: HashMap<IpAddr, Vec<Call>> = HashMap::new();
    let tcp = case.analysis.conversations.iter().filter(|c| c.transport == Transport::Tcp);
    for c in tcp.filter(|c| c.bytes == PerSide::default() && !c.tcp.handshake.syns.is_empty()) {
        silent.entry(c.client.ip).or_default().push(Call::of(c));
    }
    // On ports that nobody dissects a connection that did not come about is known by its ends alone.
    let known: HashSet<(IpAddr, Endpoint)> =
        silent.iter().flat_map(|(client, calls)| calls.iter().map(|call| (*client, call.server))).collect();
    let failed = case.analysis.facts.failed.iter();
    for failed in failed.filter(|failed| !known.contains(&(failed.client, failed.server))) {
        let (time, server) = (failed.first.syn.time, failed.server);
        let call = Call { time, server, port: None, is_alone: false, half_open: false };
        silent.entry(failed.client).or_default().push(call);
    }
    silent
}

/// Whom those clients said something to, or heard something of.
fn spoke(case: &Case<'_>, silent: &HashMap<IpAddr, Vec<Call>>) -> HashSet<(IpAddr, Endpoint)> {
    let said = |c: &&Conversation| c.transport == Transport::Tcp && c.bytes != PerSide::default();
    let all = case.analysis.conversations.iter().filter(said).filter(|c| silent.contains_key(&c.client.ip));
    all.map(|c| (c.client.ip, c.server)).collect()
}

fn flood_sources(case: &Case<'_>) -> usize {
    usize::try_from(case.settings.thresholds.flood_sources).unwrap_or(usize::MAX).max(2)
}

/// A call in which nobody said anything.
struct Call {
    time: Timestamp,
    server: Endpoint,
    /// The client's own port.
    port: Option<u16>,
    /// One SYN, not repeated, which nobody reset.
    is_alone: bool,
    /// The client reset what the server had accepted, without taking it.
    half_open: bool,
}

impl Call {
    fn of(c: &Conversation) -> Self {
        let handshake = &c.tcp.handshake;
        let half_open = handshake.syn_ack.is_some() && handshake.ack.is_none() && c.teardown.rst.client.is_some();
        let is_alone = handshake.syns.len() == 1 && handshake.ack.is_none() && c.teardown.rst.server.is_none();
        Self { time: c.first.time, server: c.server, port: Some(c.client.port), is_alone, half_open }
    }
}

/// A port on which people sign on in clear.
fn is_sign_on(port: u16) -> bool {
    PROTOCOLS.iter().any(|protocol| protocol.claims_ports && protocol.tcp_ports.contains(&port))
}

/// Calls of one client, in order of time, are a scan. Whoever signs on as well must do much more to be taken for one.
fn scans(case: &Case<'_>, calls: &[Call], is_user: bool) -> bool {
    let thresholds = &case.settings.thresholds;
    let many = usize::try_from(thresholds.scan_targets).unwrap_or(usize::MAX).max(2);
    let ports = usize::try_from(thresholds.scan_ports).unwrap_or(usize::MAX).max(2);
    let by_port = by(calls, |call| Some(call.server.port));
    let by_host = by(calls, |call| Some(call.server.ip));
    let by_source = by(calls, |call| call.port);
    let soon = |calls: &[&Call], fewest: usize| within(calls, fewest, thresholds.scan_window);
    let sweeps = !is_user && by_port.values().any(|calls| soon(&first_each(calls, |call| call.server.ip), many));
    let fewest = if is_user { many } else { ports };
    let scans = by_host.values().any(|calls| soon(&first_each(calls, |call| call.server.port), fewest));
    let one_source = by_source.values().any(|calls| soon(&first_each(calls, |call| call.server), FROM_ONE_PORT));
    let all: Vec<&Call> = calls.iter().collect();
    let half_open = calls.iter().any(|call| call.half_open);
    let looks = half_open && !is_user && soon(&first_each(&all, |call| call.server), HALF_OPEN);
    sweeps || scans || one_source || looks
}

/// A system gives each connection a port of its own; one port for so many endpoints is a program's that makes its packets itself.
const FROM_ONE_PORT: usize = 3;
/// Endpoints that are called by somebody who hangs up where he is let in.
const HALF_OPEN: usize = 4;

fn by<K: std::hash::Hash + Eq>(calls: &[Call], key: impl Fn(&Call) -> Option<K>) -> HashMap<K, Vec<&Call>> {
    let mut groups: HashMap<K, Vec<&Call>> = HashMap::new();
    for call in calls {
        if let Some(key) = key(call) {
            groups.entry(key).or_default().push(call);
        }
    }
    groups
}

/// The first call to each.
fn first_each<'c, K: std::hash::Hash + Eq>(calls: &[&'c Call], key: impl Fn(&Call) -> K) -> Vec<&'c Call> {
    let mut seen = HashSet::new();
    calls.iter().copied().filter(|call| seen.insert(key(call))).collect()
}

/// So many of them lie within so many seconds.
fn within(calls: &[&Call], fewest: usize, seconds: f64) -> bool {
    calls.windows(fewest.max(1)).any(|w| match (w.first(), w.last()) {
        (Some(first), Some(last)) => last.time.seconds_since(first.time) <= seconds,
        _ => false,
    })
}

/// Addresses that send one SYN each to the same endpoint, many of them at once, and are not heard of again: whoever wants something
/// repeats it.
fn flooders(
    case: &Case<'_>,
    silent: &HashMap<IpAddr, Vec<Call>>,
    spoke: &HashSet<(IpAddr, Endpoint)>,
) -> HashSet<IpAddr> {
    let thresholds = &case.settings.thresholds;
    let fewest = flood_sources(case);
    let mut by_server: HashMap<Endpoint, Vec<(Timestamp, IpAddr)>> = HashMap::new();
    for (&client, calls) in silent {
        if let [call] = calls.as_slice()
            && call.is_alone
            && !spoke.contains(&(client, call.server))
        {
            by_server.entry(call.server).or_default().push((call.time, client));
        }
    }
    let mut found = HashSet::new();
    for mut calls in by_server.into_values().filter(|calls| calls.len() >= fewest) {
        calls.sort_unstable();
        for w in calls.windows(fewest) {
            if let (Some(first), Some(last)) = (w.first(), w.last())
                && last.0.seconds_since(first.0) <= thresholds.scan_window
            {
                found.extend(w.iter().map(|(_, client)| *client));
            }
        }
    }
    found
}
