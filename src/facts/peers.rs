//! Machines that have to do with signing on. A TLS or DNS fault of anybody else is none of the user's sign-on.

use super::Case;
use super::names::{abbreviated, looks_like_host};
use crate::model::{Conversation, Endpoint};
use hashbrown::HashSet;
use nrpcsniff_dissectors::{Message as Body, dns, ldap};
use std::net::IpAddr;

/// Addresses and names of what spoke NRPC or Sametime, registered SIP users, took or gave sign-on tokens, answered for a
/// directory, or was named by the user.
#[derive(Debug, Default)]
pub(crate) struct SignOnPeers {
    addresses: HashSet<IpAddr>,
    hosts: HashSet<String>,
    /// First labels of the hosts, and common names of Notes servers: what all suffixes of a search have in common.
    labels: HashSet<String>,
}

impl SignOnPeers {
    /// Reads them out of the case.
    pub(super) fn new(case: &Case<'_>) -> Self {
        let mut peers = Self::default();
        peers.add_notes(case);
        peers.add_sametime_and_sip(case);
        peers.add_web(case);
        for c in case.analysis.conversations.iter().filter(|c| c.is(&ldap::PROTOCOL) && binds(c)) {
            peers.addresses.insert(c.server.ip);
        }
        peers.add_resolved(case);
        peers.labels.remove("");
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

    /// A name that DNS is asked for belongs to one of them, whatever suffix it is tried with.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.hosts.contains(&name.to_lowercase()) || self.labels.contains(&label(name))
    }

    fn add_notes(&mut self, case: &Case<'_>) {
        for talk in case.nrpc().filter(|talk| talk.response.is_some()) {
            self.addresses.insert(talk.conversation.server.ip);
        }
        let named = case.nrpc().flat_map(|talk| [talk.wanted(), talk.answered()]).flatten();
        let expected = case.settings.expected.iter();
        let told = expected.flat_map(|server| std::iter::once(&server.name).chain(&server.aliases)).map(String::as_str);
        // Few names, each said by many conversations.
        let distinct: HashSet<&str> = named.chain(told).collect();
        for name in distinct {
            self.labels.insert(notes_label(name));
            if looks_like_host(name) {
                self.add_host(&abbreviated(name));
            }
        }
    }

    fn add_sametime_and_sip(&mut self, case: &Case<'_>) {
        for login in case.sametime().logins().filter(|login| login.spoke()) {
            self.addresses.insert(login.server().ip);
            if let Some(host) = login.redirect_host() {
                self.add_host(host);
            }
        }
        for series in case.sip().registrations() {
            self.addresses.insert(series.first().server().ip);
        }
    }

    fn add_web(&mut self, case: &Case<'_>) {
        for issue in case.tokens().issues() {
            self.addresses.insert(issue.conversation.server.ip);
            self.add_host(&issue.host);
        }
        for showing in case.tokens().showings() {
            self.addresses.insert(showing.server.ip);
            self.add_host(&showing.host);
        }
    }

    /// Names that lead to the addresses that are known so far.
    fn add_resolved(&mut self, case: &Case<'_>) {
        for (_, answer) in case.lookups().filter_map(|lookup| lookup.response) {
            let leads = |a: &dns::Answer| matches!(a.data, dns::Data::Address(ip) if self.addresses.contains(&ip));
            if answer.answers.iter().any(leads) {
                self.add_host(&answer.name);
            }
        }
    }

    fn add_host(&mut self, host: &str) {
        let host = host.to_lowercase();
        if host.parse::<IpAddr>().is_err() && !host.is_empty() {
            self.labels.insert(label(&host));
            self.hosts.insert(host);
        }
    }
}

/// Somebody says there who he is.
fn binds(c: &Conversation) -> bool {
    let binds = |body: &Body| matches!(body, Body::Ldap(said) if matches!(said.body, ldap::Body::BindRequest { .. }));
    c.messages.iter().any(|message| binds(&message.body))
}

/// First label of a host name, in lower case.
pub(crate) fn label(name: &str) -> String {
    name.split('.').next().unwrap_or(name).to_lowercase()
}

/// What DNS is asked for to find a server of that Notes name: its common name, or the first label of a host name.
pub(crate) fn notes_label(name: &str) -> String {
    let short = abbreviated(name);
    let common = short.split('/').next().unwrap_or_default();
    if looks_like_host(name) { label(common) } else { common.trim().to_lowercase() }
}
