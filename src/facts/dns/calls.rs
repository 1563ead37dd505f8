//! Who called a server by its name or its address soon after it was asked for.

use super::label;
use super::search::Search;
use crate::facts::Case;
use crate::facts::nrpc::concerns_nrpc;
use crate::facts::peers::notes_label;
use crate::model::{Conversation, Span, Timestamp, Transport};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Calls after a question that are looked at.
const LOOK_AHEAD: usize = 256;

/// Callers that asked DNS for nothing, kept of one search.
const SILENT: usize = 64;

/// A machine that asks by two ways at once asks the second within that time.
const AT_ONCE: Span = Span::from_secs(2);

/// Connections to sign-on servers, by whom and how they were called, and who asks DNS for what.
pub(super) struct Calls {
    /// Calls of each client: whom, and for which name where that was seen.
    by_client: HashMap<IpAddr, Vec<FollowingCall>>,
    /// Calls for each name, and to each address: when, and by whom.
    by_name: HashMap<String, Vec<(Timestamp, IpAddr)>>,
    by_server: HashMap<IpAddr, Vec<(Timestamp, IpAddr)>>,
    /// Addresses that DNS gave for each name, or that tokens went to under it.
    addresses: HashMap<String, HashSet<IpAddr>>,
    /// Who asks DNS for anything, and when for each name.
    askers: HashSet<IpAddr>,
    asked: HashMap<(IpAddr, String), Vec<Timestamp>>,
}

struct FollowingCall {
    began: Timestamp,
    server: IpAddr,
    /// What a Notes session asked for, in the form that DNS is asked for; nothing where that was not seen.
    wanted: Option<String>,
    is_notes: bool,
}

/// Whether a server was called all the same.
pub(super) enum Followed {
    No,
    Yes,
    /// By these alone, who asked DNS for nothing so far: each may be the machine behind a forwarder or a tunnel, unless it asks later.
    ByWhoAsksNothing(BTreeSet<IpAddr>),
}

impl Calls {
    pub(super) fn new(case: &Case<'_>) -> Self {
        let before = &case.analysis.facts.let_go.askers;
        let mut calls = Self {
            by_client: HashMap::new(),
            by_name: HashMap::new(),
            by_server: HashMap::new(),
            addresses: HashMap::new(),
            askers: case.lookups().map(|lookup| lookup.client).chain(before.iter().copied()).collect(),
            asked: HashMap::new(),
        };
        for lookup in case.lookups() {
            let Some((message, body)) = lookup.asked() else { continue };
            let name = label(&body.name);
            calls.asked.entry((lookup.client, name.clone())).or_default().push(message.at.time);
            calls.addresses.entry(name).or_default().extend(lookup.addresses());
        }
        // Where the answer of DNS was cached, the host that a request names tells which address its name has.
        let tokens = case.tokens();
        let issued = tokens.issues().map(|issue| (&issue.host, issue.conversation.server.ip));
        for (host, address) in issued.chain(tokens.showings().iter().map(|shown| (&shown.host, shown.server.ip))) {
            calls.addresses.entry(label(host)).or_default().insert(address);
        }
        let tcp = |c: &&Conversation| c.transport == Transport::Tcp && case.peers().has(c.server, None);
        for c in case.analysis.conversations.iter().filter(tcp).filter(|c| !concerns_nrpc(c)) {
            calls.add(c, None, false);
        }
        for talk in case.talks() {
            calls.add(talk.conversation, talk.wanted().map(notes_label), true);
        }
        calls.by_client.values_mut().for_each(|all| all.sort_by_key(|call| call.began));
        calls.by_name.values_mut().chain(calls.by_server.values_mut()).for_each(|all| all.sort_unstable());
        calls.asked.values_mut().for_each(|times| times.sort_unstable());
        calls
    }

    fn add(&mut self, c: &Conversation, wanted: Option<String>, is_notes: bool) {
        let (began, server) = (c.first.time, c.server.ip);
        if let Some(name) = &wanted {
            self.by_name.entry(name.clone()).or_default().push((began, c.client.ip));
        }
        self.by_server.entry(server).or_default().push((began, c.client.ip));
        self.by_client.entry(c.client.ip).or_default().push(FollowingCall { began, server, wanted, is_notes });
    }

    /// Whether the server was called all the same, by the client or by somebody who may be the same machine: from so many seconds before
    /// the first question until as long after the last.
    pub(super) fn followed(&self, search: &Search<'_>, within: Span) -> Followed {
        if self.followed_by_client(search, within) { Followed::Yes } else { self.followed_by_another(search, within) }
    }

    /// The client called somebody for this name, at an address of this name, or for a Notes server whose name was not seen.
    fn followed_by_client(&self, search: &Search<'_>, within: Span) -> bool {
        let name = search.label();
        let known = |server| self.addresses.get(&name).is_some_and(|all| all.contains(&server));
        let calls = self.by_client.get(&search.client).map_or(&[][..], Vec::as_slice);
        let from = calls.partition_point(|call| search.asked.time.since(call.began) > within);
        let soon = calls.get(from..).unwrap_or_default().iter().take(LOOK_AHEAD);
        soon.take_while(|call| call.began.since(search.last.time) <= within).any(|call| {
            known(call.server) || (call.is_notes && call.wanted.as_ref().is_none_or(|wanted| *wanted == name))
        })
    }

    /// Another address called that server that may belong to the same machine: the other family of addresses, an address that
    /// asks DNS for nothing itself (behind a forwarder or a tunnel), or one that asked for the same name at the same moment.
    fn followed_by_another(&self, search: &Search<'_>, within: Span) -> Followed {
        let (name, mut silent) = (search.label(), BTreeSet::new());
        let of_name = self.by_name.get(&name).into_iter();
        let servers = self.addresses.get(&name).into_iter().flatten();
        let to_server = servers.filter_map(|server| self.by_server.get(server));
        for calls in of_name.chain(to_server) {
            let from = calls.partition_point(|(began, _)| search.asked.time.since(*began) > within);
            let soon = calls.get(from..).unwrap_or_default().iter().take(LOOK_AHEAD);
            for &(_, caller) in soon.take_while(|(began, _)| began.since(search.last.time) <= within) {
                if self.is_same_machine(search, &name, caller) {
                    return Followed::Yes;
                }
                if silent.len() < SILENT && !self.askers.contains(&caller) {
                    silent.insert(caller);
                }
            }
        }
        if silent.is_empty() { Followed::No } else { Followed::ByWhoAsksNothing(silent) }
    }

    /// Of the other family, or it asked for the name at the same moment.
    fn is_same_machine(&self, search: &Search<'_>, name: &str, caller: IpAddr) -> bool {
        let asked = || self.asked.get(&(caller, name.to_owned())).map_or(&[][..], Vec::as_slice);
        let at_once = |time: Timestamp| asked().iter().any(|other| other.since(time).abs() <= AT_ONCE);
        caller.is_ipv4() != search.client.is_ipv4() || (caller != search.client && search.times().any(at_once))
    }
}
