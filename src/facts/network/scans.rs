//! Who only looks for open ports, or floods a server: nobody's sign-on.
//!
//! A program that signs on calls one or two ports of a server, repeats a SYN that is not answered, and says something when it is
//! let in. Who calls many ports or many machines in a moment and says nothing to any of them wants none of their services.

use crate::facts::Case;
use crate::model::{Conversation, Endpoint, FailedConnections, PerSide, Span, Timestamp, Transport};
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

    /// Finds them. Most clients of a flood call once: nothing is put together for whoever called too few to be told from a user.
    pub(in crate::facts) fn new(case: &Case<'_>) -> Self {
        let silent = SilentCalls::new(case);
        let fewest = fewest(case);
        let many = silent.callers.values().any(|caller| caller.calls >= fewest);
        if !many && silent.callers.len() < flood_sources(case) {
            return Self::default();
        }
        let spoke = spoke(case, &silent);
        let flooders = flooders(case, &silent, &spoke);
        let sign_on: HashSet<IpAddr> =
            spoke.iter().filter(|(_, server)| is_sign_on(server.port)).map(|(client, _)| *client).collect();
        let mut found = Self { flooders, ..Self::default() };
        let mut of_many: Vec<&SilentCall> =
            silent.calls.iter().filter(|call| silent.number(call.client) >= fewest).collect();
        of_many.sort_by_key(|call| (call.client, call.time, call.server));
        for calls in of_many.chunk_by(|a, b| a.client == b.client) {
            let Some(client) = calls.first().map(|call| call.client) else { continue };
            let calls: Vec<&SilentCall> =
                calls.iter().copied().filter(|call| !spoke.contains(&(client, call.server))).collect();
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

/// Calls in which nobody said anything, and who made them.
struct SilentCalls {
    calls: Vec<SilentCall>,
    callers: HashMap<IpAddr, Caller>,
}

/// Somebody who called.
struct Caller {
    calls: usize,
    /// Whom first.
    first: Endpoint,
}

impl SilentCalls {
    fn new(case: &Case<'_>) -> Self {
        let tcp = case.analysis.conversations.iter().filter(|c| c.transport == Transport::Tcp);
        let silent = tcp.filter(|c| c.bytes == PerSide::default() && !c.tcp.handshake.syns.is_empty());
        let calls: Vec<SilentCall> = silent.map(SilentCall::of).collect();
        let mut all = Self { callers: HashMap::with_capacity(calls.len()), calls };
        for call in &all.calls {
            note(&mut all.callers, call);
        }
        // On ports that nobody dissects a connection that did not come about is known by its ends alone.
        let several = all.calls.iter().filter(|call| all.number(call.client) > 1);
        let several: HashSet<(IpAddr, Endpoint)> = several.map(|call| (call.client, call.server)).collect();
        let is_known = |failed: &FailedConnections| match all.callers.get(&failed.client) {
            Some(caller) if caller.calls == 1 => caller.first == failed.server,
            Some(_) => several.contains(&(failed.client, failed.server)),
            None => false,
        };
        let failed = case.analysis.facts.failed.iter();
        let new: Vec<SilentCall> = failed.filter(|failed| !is_known(failed)).map(SilentCall::failed).collect();
        for call in new {
            note(&mut all.callers, &call);
            all.calls.push(call);
        }
        all
    }

    /// Calls of that client.
    fn number(&self, client: IpAddr) -> usize {
        self.callers.get(&client).map_or(0, |caller| caller.calls)
    }
}

fn note(callers: &mut HashMap<IpAddr, Caller>, call: &SilentCall) {
    let caller = callers.entry(call.client).or_insert(Caller { calls: 0, first: call.server });
    caller.calls = caller.calls.saturating_add(1);
}

/// Whom those clients said something to, or heard something of.
fn spoke(case: &Case<'_>, silent: &SilentCalls) -> HashSet<(IpAddr, Endpoint)> {
    let said = |c: &&Conversation| c.transport == Transport::Tcp && c.bytes != PerSide::default();
    let all = case.analysis.conversations.iter().filter(said).filter(|c| silent.callers.contains_key(&c.client.ip));
    all.map(|c| (c.client.ip, c.server)).collect()
}

/// Fewer calls of one client are no scan, whichever way one looks.
fn fewest(case: &Case<'_>) -> usize {
    let thresholds = &case.settings.thresholds;
    let of_settings = usize::try_from(thresholds.scan_targets.min(thresholds.scan_ports)).unwrap_or(usize::MAX).max(2);
    of_settings.min(FROM_ONE_PORT).min(HALF_OPEN)
}

fn flood_sources(case: &Case<'_>) -> usize {
    usize::try_from(case.settings.thresholds.flood_sources).unwrap_or(usize::MAX).max(2)
}

/// A call in which nobody said anything.
struct SilentCall {
    client: IpAddr,
    time: Timestamp,
    server: Endpoint,
    /// The client's own port.
    port: Option<u16>,
    /// One SYN, not repeated, which nobody reset.
    is_alone: bool,
    /// The client reset what the server had accepted, without taking it.
    half_open: bool,
}

impl SilentCall {
    fn of(c: &Conversation) -> Self {
        let handshake = &c.tcp.handshake;
        let half_open = handshake.syn_ack.is_some() && handshake.ack.is_none() && c.teardown.rst.client.is_some();
        let is_alone = handshake.syns.len() == 1 && handshake.ack.is_none() && c.teardown.rst.server.is_none();
        Self {
            client: c.client.ip,
            time: c.first.time,
            server: c.server,
            port: Some(c.client.port),
            is_alone,
            half_open,
        }
    }

    fn failed(failed: &FailedConnections) -> Self {
        let (client, server, time) = (failed.client, failed.server, failed.first.syn.time);
        Self { client, time, server, port: None, is_alone: false, half_open: false }
    }
}

/// A port on which people sign on in clear.
fn is_sign_on(port: u16) -> bool {
    PROTOCOLS.iter().any(|protocol| protocol.claims_ports && protocol.tcp_ports.contains(&port))
}

/// Calls of one client, in order of time, are a scan. Whoever signs on as well must do much more to be taken for one.
fn scans(case: &Case<'_>, calls: &[&SilentCall], is_user: bool) -> bool {
    let thresholds = &case.settings.thresholds;
    let many = usize::try_from(thresholds.scan_targets).unwrap_or(usize::MAX).max(2);
    let ports = usize::try_from(thresholds.scan_ports).unwrap_or(usize::MAX).max(2);
    let by_port = by(calls, |call| Some(call.server.port));
    let by_host = by(calls, |call| Some(call.server.ip));
    let by_source = by(calls, |call| call.port);
    let soon = |calls: &[&SilentCall], fewest: usize| within(calls, fewest, thresholds.scan_window);
    let sweeps = !is_user && by_port.values().any(|calls| soon(&first_each(calls, |call| call.server.ip), many));
    let fewest = if is_user { many } else { ports };
    let scans = by_host.values().any(|calls| soon(&first_each(calls, |call| call.server.port), fewest));
    let one_source = by_source.values().any(|calls| soon(&first_each(calls, |call| call.server), FROM_ONE_PORT));
    let half_open = calls.iter().any(|call| call.half_open);
    let looks = half_open && !is_user && soon(&first_each(calls, |call| call.server), HALF_OPEN);
    sweeps || scans || one_source || looks
}

/// A system gives each connection a port of its own; one port for so many endpoints is a program's that makes its packets itself.
const FROM_ONE_PORT: usize = 3;
/// Endpoints that are called by somebody who hangs up where he is let in.
const HALF_OPEN: usize = 4;

fn by<'c, K: std::hash::Hash + Eq>(
    calls: &[&'c SilentCall],
    key: impl Fn(&SilentCall) -> Option<K>,
) -> HashMap<K, Vec<&'c SilentCall>> {
    let mut groups: HashMap<K, Vec<&SilentCall>> = HashMap::new();
    for &call in calls {
        if let Some(key) = key(call) {
            groups.entry(key).or_default().push(call);
        }
    }
    groups
}

/// The first call to each.
fn first_each<'c, K: std::hash::Hash + Eq>(
    calls: &[&'c SilentCall],
    key: impl Fn(&SilentCall) -> K,
) -> Vec<&'c SilentCall> {
    let mut seen = HashSet::new();
    calls.iter().copied().filter(|call| seen.insert(key(call))).collect()
}

/// So many of them lie within so many seconds.
fn within(calls: &[&SilentCall], fewest: usize, window: Span) -> bool {
    calls.windows(fewest.max(1)).any(|w| match (w.first(), w.last()) {
        (Some(first), Some(last)) => last.time.since(first.time) <= window,
        _ => false,
    })
}

/// Addresses that send one SYN each to the same endpoint, many of them at once, and are not heard of again: whoever wants something
/// repeats it.
fn flooders(case: &Case<'_>, silent: &SilentCalls, spoke: &HashSet<(IpAddr, Endpoint)>) -> HashSet<IpAddr> {
    let thresholds = &case.settings.thresholds;
    let fewest = flood_sources(case);
    let mut by_server: HashMap<Endpoint, Vec<(Timestamp, IpAddr)>> = HashMap::new();
    let alone = silent.calls.iter().filter(|call| call.is_alone && silent.number(call.client) == 1);
    for call in alone.filter(|call| !spoke.contains(&(call.client, call.server))) {
        by_server.entry(call.server).or_default().push((call.time, call.client));
    }
    let mut found = HashSet::new();
    for mut calls in by_server.into_values().filter(|calls| calls.len() >= fewest) {
        if !calls.is_sorted() {
            calls.sort_unstable();
        }
        found.reserve(calls.len());
        let mut found_until = 0_usize;
        for (place, w) in calls.windows(fewest).enumerate() {
            if let (Some(first), Some(last)) = (w.first(), w.last())
                && last.0.since(first.0) <= thresholds.scan_window
            {
                // Those of the window before were found with it.
                found.extend(w.iter().skip(found_until.saturating_sub(place)).map(|(_, client)| *client));
                found_until = place.saturating_add(fewest);
            }
        }
    }
    found
}
