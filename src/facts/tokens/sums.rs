//! What is known of each server as a whole, summed up once: what it accepted, and what it issues itself. Rules ask for every
//! refusal; to go through all showings each time would cost their square.

use super::{Channel, Issue, Showing};
use crate::model::Timestamp;
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::ltpa::Fingerprint;
use std::mem::{Discriminant, discriminant};
use std::net::IpAddr;

/// A server that is shown tokens: protocol, address, name.
type ConsumerKey = (Discriminant<Channel>, IpAddr, String);

/// What a server accepted, without a password beside it.
#[derive(Debug, Default)]
pub(crate) struct AcceptedTokens {
    /// The showings: places in [`super::TokenIndex::showings`].
    pub(super) proofs: Vec<usize>,
    /// Tokens, and when they were accepted first and last.
    tokens: HashMap<Fingerprint, (Timestamp, Timestamp)>,
    /// Keys of version 1 tokens.
    pub keys: HashSet<Fingerprint>,
    /// Realms that tokens name.
    pub realms: HashSet<String>,
    /// Hosts that issued the tokens.
    pub issuers: HashSet<String>,
    /// Names of the cookies.
    pub names: HashSet<String>,
}

/// What a server issues itself: the last of each kind, by place in the list of issues.
#[derive(Debug, Default)]
pub(crate) struct IssuedTokens {
    /// Of version 1, by whose first block its key is known.
    pub(super) keyed: Option<usize>,
    /// Of WebSphere's form or not, and fitting a key of the user or not.
    pub(super) fitting: HashMap<(bool, bool), usize>,
    /// With a realm that a key opened.
    pub(super) realm: Option<usize>,
    /// Names of the cookies.
    pub names: HashSet<String>,
}

/// All servers.
#[derive(Debug, Default)]
pub(super) struct ServerSums {
    taken: HashMap<ConsumerKey, AcceptedTokens>,
    by_host: HashMap<String, IssuedTokens>,
    by_address: HashMap<IpAddr, IssuedTokens>,
    /// The first issue with HttpOnly of each cookie name in lower case.
    pub(super) hidden: HashMap<String, usize>,
}

impl ServerSums {
    pub(super) fn new<'a>(
        issues: &[Issue<'a>],
        showings: &[Showing<'a>],
        host_of: impl Fn(Fingerprint) -> Option<String>,
    ) -> Self {
        let mut sums = Self::default();
        for (index, issue) in issues.iter().enumerate().filter(|(_, issue)| !issue.deleted) {
            sums.by_host.entry_ref(issue.host.as_str()).or_default().add(index, issue);
            if issue.cookie.http_only {
                sums.hidden.entry(issue.cookie.name.to_ascii_lowercase()).or_insert(index);
            }
            sums.by_address.entry(issue.conversation.server.ip).or_default().add(index, issue);
        }
        for (index, showing) in showings.iter().enumerate().filter(|(_, showing)| showing.is_proof()) {
            sums.taken.entry(place(showing)).or_default().add(index, showing, &host_of);
        }
        sums
    }

    /// Tokens that the server of this showing accepted.
    pub(super) fn taken(&self, showing: &Showing<'_>) -> Option<&AcceptedTokens> {
        self.taken.get(&place(showing))
    }

    /// What that server issues: by name in HTTP, by address elsewhere.
    pub(super) fn own(&self, showing: &Showing<'_>) -> Option<&IssuedTokens> {
        match showing.channel {
            Channel::Http { .. } => self.by_host.get(&showing.host),
            _ => self.own_at(showing.server.ip),
        }
    }

    /// Tokens that any server at that address issues.
    pub(super) fn own_at(&self, address: IpAddr) -> Option<&IssuedTokens> {
        self.by_address.get(&address)
    }
}

impl AcceptedTokens {
    /// When it accepted that token first and last.
    pub(crate) fn times_of(&self, print: Fingerprint) -> Option<(Timestamp, Timestamp)> {
        self.tokens.get(&print).copied()
    }

    fn add(&mut self, index: usize, showing: &Showing<'_>, host_of: impl Fn(Fingerprint) -> Option<String>) {
        self.proofs.push(index);
        for known in showing.genuine() {
            let (print, now) = (known.token.fingerprint, showing.at.time);
            let times = self.tokens.entry(print).or_insert((now, now));
            *times = (times.0.min(now), times.1.max(now));
            self.keys.extend(known.token.key_fingerprint);
            self.realms.extend(known.realm().map(str::to_owned));
            self.issuers.extend(host_of(print));
            self.names.extend(known.cookie.map(str::to_owned));
        }
    }
}

impl IssuedTokens {
    fn add(&mut self, index: usize, issue: &Issue<'_>) {
        let known = &issue.known;
        if known.token.key_fingerprint.is_some() {
            self.keyed = Some(index);
        }
        if known.is_genuine() {
            self.fitting.insert((known.is_websphere(), known.fits_a_key()), index);
        }
        if known.realm().is_some() {
            self.realm = Some(index);
        }
        self.names.insert(issue.cookie.name.clone());
    }
}

fn place(showing: &Showing<'_>) -> ConsumerKey {
    (discriminant(&showing.channel), showing.server.ip, showing.host.clone())
}
