//! Machines that have to do with signing on. A TLS or DNS fault of anybody else is none of the user's sign-on.

use super::Case;
use super::dns::label;
use super::names::{abbreviated, looks_like_host};
use crate::model::{Conversation, Endpoint};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::{Message as Body, Protocol, http, ldap, nrpc, sametime, sip};
use std::net::IpAddr;

/// Addresses and names of what spoke NRPC or Sametime, registered SIP users, took or gave sign-on tokens, answered for a
/// directory, or was named by the user.
#[derive(Debug, Default)]
pub(crate) struct SignOnPeers {
    addresses: HashSet<IpAddr>,
    hosts: HashSet<String>,
    /// By which protocols people sign on at which addresses, by the names of the protocols.
    services: HashSet<(IpAddr, &'static str)>,
    /// Domains of the hosts by their first labels: the label is what all suffixes of a search have in common.
    domains: HashMap<String, HashSet<String>>,
    /// Notes servers by what DNS is asked for to find them: their names as people write them.
    notes: HashMap<String, String>,
}

impl SignOnPeers {
    /// Reads them out of the case.
    pub(super) fn new(case: &Case<'_>) -> Self {
        let mut peers = Self::default();
        peers.add_notes(case);
        peers.add_sametime_and_sip(case);
        peers.add_web(case);
        for c in case.analysis.conversations.iter().filter(|c| c.is(&ldap::PROTOCOL) && binds(c)) {
            peers.add_server(c.server.ip, &ldap::PROTOCOL);
        }
        peers.add_resolved(case);
        peers.domains.remove("");
        peers.notes.remove("");
        peers
    }

    /// Nobody in the capture has to do with signing on, as far as can be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// That server has to do with signing on, as far as its address or the name that it was called by tell.
    pub(crate) fn has(&self, server: Endpoint, name: Option<&str>) -> bool {
        self.addresses.contains(&server.ip) || name.is_some_and(|name| self.hosts.contains(&name.to_lowercase()))
    }

    /// People sign on there by that protocol.
    pub(crate) fn serves(&self, address: IpAddr, protocol: &Protocol) -> bool {
        self.services.contains(&(address, protocol.name))
    }

    /// A name that DNS is asked for belongs to one of them, whatever suffix of its own domain it is tried with. Another domain may
    /// have a host of that name, too; only where none is known of a Notes server does its common name alone count.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        if self.hosts.is_empty() && self.domains.is_empty() && self.notes.is_empty() {
            return false;
        }
        let name = name.trim_end_matches('.').to_lowercase();
        let label = label(&name);
        let known = self.domains.get(&label);
        let with_suffix =
            || name.match_indices('.').any(|(dot, _)| name.get(..dot).is_some_and(|host| self.is_host(host)));
        let in_domain = |domains: &HashSet<String>| label == name || domains.contains(domain(&name));
        self.hosts.contains(&name) || known.map_or_else(|| self.notes.contains_key(&label), in_domain) || with_suffix()
    }

    fn is_host(&self, name: &str) -> bool {
        name.contains('.') && self.hosts.contains(name)
    }

    /// The Notes server that a client may mean who asks DNS for that name, whatever the domain.
    pub(crate) fn notes_server(&self, name: &str) -> Option<&str> {
        if self.notes.is_empty() {
            return None;
        }
        self.notes.get(&label(name)).map(String::as_str)
    }

    fn add_notes(&mut self, case: &Case<'_>) {
        for talk in case.nrpc().filter(|talk| talk.response.is_some()) {
            self.add_server(talk.conversation.server.ip, &nrpc::PROTOCOL);
        }
        let named = case.nrpc().flat_map(|talk| [talk.wanted(), talk.answered()]).flatten();
        let expected = case.settings.expected.iter();
        let told = expected.flat_map(|server| std::iter::once(&server.name).chain(&server.aliases)).map(String::as_str);
        // Few names, each said by many conversations. Of those that one label leads to, a server's own comes before what people type
        // for it, and then the first in the alphabet: the same in every run, and whichever conversations are still there.
        let distinct: HashSet<&str> = named.chain(told).collect();
        let mut distinct: Vec<&str> = distinct.into_iter().collect();
        distinct.sort_unstable_by_key(|name| (looks_like_host(name), *name));
        for name in distinct {
            self.notes.entry(notes_label(name)).or_insert_with(|| abbreviated(name));
            if looks_like_host(name) {
                self.add_host(&abbreviated(name));
            }
        }
    }

    fn add_sametime_and_sip(&mut self, case: &Case<'_>) {
        for login in case.sametime().logins().filter(|login| login.spoke()) {
            self.add_server(login.server().ip, &sametime::PROTOCOL);
            if let Some(host) = login.redirect_host() {
                self.add_host(host);
            }
        }
        for series in case.sip().registrations() {
            self.add_server(series.first().server().ip, &sip::PROTOCOL);
        }
    }

    fn add_web(&mut self, case: &Case<'_>) {
        for issue in case.tokens().issues() {
            self.add_server(issue.conversation.server.ip, &http::PROTOCOL);
            self.add_host(&issue.host);
        }
        for showing in case.tokens().showings() {
            // A telephone and a chat login carry tokens, too.
            let by = showing.conversation.spoken().unwrap_or(&http::PROTOCOL);
            self.add_server(showing.server.ip, by);
            self.add_host(&showing.host);
        }
    }

    /// Names that lead to the addresses that are known so far.
    fn add_resolved(&mut self, case: &Case<'_>) {
        let spoken = case.nrpc().filter(|talk| talk.request.is_some() || talk.response.is_some());
        let notes: HashSet<IpAddr> = spoken.map(|talk| talk.conversation.server.ip).collect();
        for lookup in case.lookups() {
            let Some((_, answer)) = lookup.response else { continue };
            if lookup.addresses().any(|ip| self.addresses.contains(&ip)) {
                self.add_host(&answer.name);
            }
            if lookup.addresses().any(|ip| notes.contains(&ip)) {
                self.notes.entry(label(&answer.name)).or_insert_with(|| answer.name.clone());
            }
        }
    }

    fn add_server(&mut self, address: IpAddr, by: &Protocol) {
        self.addresses.insert(address);
        self.services.insert((address, by.name));
    }

    fn add_host(&mut self, host: &str) {
        let host = host.to_lowercase();
        if host.parse::<IpAddr>().is_err() && !host.is_empty() {
            self.domains.entry(label(&host)).or_default().insert(domain(&host).to_owned());
            self.hosts.insert(host);
        }
    }
}

/// Somebody says there who he is.
fn binds(c: &Conversation) -> bool {
    let binds = |body: &Body| matches!(body, Body::Ldap(said) if matches!(said.body, ldap::Body::BindRequest { .. }));
    c.messages.iter().any(|message| binds(&message.body))
}

/// The last two labels of a host name: what hosts of one organisation have in common, more or less.
fn domain(host: &str) -> &str {
    let dot = host.rmatch_indices('.').nth(1).map_or(0, |(dot, _)| dot.saturating_add(1));
    host.get(dot..).unwrap_or(host)
}

/// What DNS is asked for to find a server of that Notes name: its common name, or the first label of a host name.
pub(crate) fn notes_label(name: &str) -> String {
    let short = abbreviated(name);
    let common = short.split('/').next().unwrap_or_default();
    if looks_like_host(name) { label(common) } else { common.trim().to_lowercase() }
}
