//! The analysis as rules want to see it: NRPC conversations with their opening, attempts by client, DNS answers.

use super::dns::{Lookup, lookups};
use super::http::HttpIndex;
use super::logs::LogIndex;
use super::network::probes::monitors;
use super::network::scans::Scans;
use super::nrpc::{Talk, concerns_nrpc};
use super::peers::SignOnPeers;
use super::sametime::SametimeIndex;
use super::sip::SipIndex;
use super::tls::TlsIndex;
use super::tokens::TokenIndex;
use super::{Settings, attempts, names};
use crate::model::{Analysis, Attempt, Conversation, ConversationId, Endpoint, Property, Span, Sum, Timestamp};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::{dns, nrpc};
use std::cell::OnceCell;
use std::net::IpAddr;

/// An analysis with the indices that rules need.
pub(crate) struct Case<'a> {
    /// The analysis that it is about.
    pub analysis: &'a Analysis,
    /// Settings of the user.
    pub settings: &'a Settings,
    talks: Vec<Talk<'a>>,
    by_client: HashMap<IpAddr, Vec<usize>>,
    by_server: HashMap<Endpoint, Vec<usize>>,
    /// First server port of each address, and whether there are further ones.
    ports: HashMap<IpAddr, (u16, bool)>,
    lookups: Vec<Lookup<'a>>,
    by_answer: HashMap<IpAddr, Vec<usize>>,
    /// What several rules ask for, found out once: see [`super::sip::wishes::scanners`], [`super::nrpc::restarts::restarted`].
    scans: OnceCell<Scans>,
    monitors: OnceCell<HashSet<(IpAddr, Endpoint)>>,
    pub(super) sip_scanners: OnceCell<HashSet<IpAddr>>,
    /// Places of talks: see [`super::network::attempts::silent`].
    pub(super) silent: OnceCell<Vec<usize>>,
    pub(super) restarted: OnceCell<HashSet<ConversationId>>,
    attempts: OnceCell<Vec<Attempt>>,
    peers: OnceCell<SignOnPeers>,
    tls: TlsIndex<'a>,
    http: HttpIndex<'a>,
    sip: SipIndex<'a>,
    sametime: SametimeIndex<'a>,
    tokens: TokenIndex<'a>,
    logs: LogIndex<'a>,
}

/// A retry is sought among this many of the client's next conversations.
const LOOK_AHEAD: usize = 256;

impl<'a> Case<'a> {
    /// Builds the indices. Everything is indexed once, in one pass over the conversations, because a rule that searched
    /// them for each of its own would take quadratic time.
    pub(crate) fn new(analysis: &'a Analysis, settings: &'a Settings) -> Self {
        let talks: Vec<_> = analysis.conversations.iter().filter(|c| concerns_nrpc(c)).map(Talk::new).collect();
        let mut by_client: HashMap<_, Vec<_>> = HashMap::with_capacity(talks.len());
        let mut by_server: HashMap<_, Vec<_>> = HashMap::new();
        let mut ports: HashMap<_, (u16, bool)> = HashMap::new();
        for (index, talk) in talks.iter().enumerate() {
            let server = talk.conversation.server;
            let (first, several) = ports.entry(server.ip).or_insert((server.port, false));
            *several |= *first != server.port;
            by_client.entry(talk.conversation.client.ip).or_default().push(index);
            by_server.entry(server).or_default().push(index);
        }
        let lookups: Vec<_> =
            analysis.conversations.iter().filter(|c| c.is(&dns::PROTOCOL)).flat_map(lookups).collect();
        let mut by_answer: HashMap<_, Vec<_>> = HashMap::new();
        for (index, lookup) in lookups.iter().enumerate() {
            for address in lookup.addresses() {
                by_answer.entry(address).or_default().push(index);
            }
        }
        let (http, sip) = (HttpIndex::new(analysis), SipIndex::new(analysis));
        let tokens = TokenIndex::new(analysis, settings, &http, &sip);
        let sametime = SametimeIndex::new(analysis);
        let logs = LogIndex::new(analysis, settings, &sametime, &sip, &tokens);
        Self {
            analysis,
            settings,
            talks,
            by_client,
            by_server,
            ports,
            lookups,
            by_answer,
            scans: OnceCell::new(),
            monitors: OnceCell::new(),
            sip_scanners: OnceCell::new(),
            silent: OnceCell::new(),
            restarted: OnceCell::new(),
            attempts: OnceCell::new(),
            peers: OnceCell::new(),
            tls: TlsIndex::new(analysis, settings, &sip),
            http,
            sip,
            sametime,
            tokens,
            logs,
        }
    }

    /// Who tried what, and what came of it, in the order of the frames in which the attempts begin.
    pub(crate) fn attempts(&self) -> &[Attempt] {
        self.attempts.get_or_init(|| attempts::attempts(self))
    }

    /// Machines that have to do with signing on.
    pub(crate) fn peers(&self) -> &SignOnPeers {
        self.peers.get_or_init(|| SignOnPeers::new(self))
    }

    /// Who scans for open ports or floods servers.
    pub(crate) fn scans(&self) -> &Scans {
        self.scans.get_or_init(|| Scans::new(self))
    }

    /// That client checks the health of that server: it connects at a steady period, and says nothing.
    pub(crate) fn is_monitor(&self, client: IpAddr, server: Endpoint) -> bool {
        self.monitors.get_or_init(|| monitors(self)).contains(&(client, server))
    }

    /// Conversations of that property that were judged before and let go.
    pub(crate) fn let_go(&self, property: Property) -> Sum {
        self.analysis.facts.let_go.of(property)
    }

    /// HTTP exchanges and cookie jars.
    pub(crate) fn http(&self) -> &HttpIndex<'a> {
        &self.http
    }

    /// SIP transactions and registrations.
    pub(crate) fn sip(&self) -> &SipIndex<'a> {
        &self.sip
    }

    /// Sametime logins.
    pub(crate) fn sametime(&self) -> &SametimeIndex<'a> {
        &self.sametime
    }

    /// Sign-on tokens.
    pub(crate) fn tokens(&self) -> &TokenIndex<'a> {
        &self.tokens
    }

    /// TLS handshakes.
    pub(crate) const fn tls(&self) -> &TlsIndex<'a> {
        &self.tls
    }

    /// Logs beside the capture.
    pub(crate) fn logs(&self) -> &LogIndex<'a> {
        &self.logs
    }

    /// Every conversation on NRPC's port or with NRPC's content, in order.
    pub(crate) fn talks(&self) -> impl Iterator<Item = &Talk<'a>> {
        self.talks.iter()
    }

    /// The one at that place of [`Self::talks`].
    pub(super) fn talk(&self, place: usize) -> Option<&Talk<'a>> {
        self.talks.get(place)
    }

    /// Those whose content is NRPC, or that ended before anything was said on NRPC's port.
    pub(crate) fn nrpc(&self) -> impl Iterator<Item = &Talk<'a>> {
        self.talks.iter().filter(|talk| talk.conversation.is(&nrpc::PROTOCOL))
    }

    /// The client's conversations, in order.
    pub(crate) fn of_client(&self, client: IpAddr) -> impl DoubleEndedIterator<Item = &Talk<'a>> {
        self.by_client.get(&client).into_iter().flatten().filter_map(|&index| self.talks.get(index))
    }

    /// The conversations with a server, in order.
    pub(crate) fn of_server(&self, server: Endpoint) -> impl DoubleEndedIterator<Item = &Talk<'a>> {
        self.by_server.get(&server).into_iter().flatten().filter_map(|&index| self.talks.get(index))
    }

    /// The same client's conversations that come after `talk` in the capture, in order.
    pub(crate) fn after(&self, talk: &Talk<'a>) -> impl Iterator<Item = &Talk<'a>> {
        let (all, place) = self.place_of(talk);
        all.get(place.saturating_add(1)..).unwrap_or_default().iter().filter_map(|&index| self.talks.get(index))
    }

    /// The same client's conversations that come before `talk` in the capture, the nearest first.
    pub(crate) fn before(&self, talk: &Talk<'a>) -> impl Iterator<Item = &Talk<'a>> {
        let (all, place) = self.place_of(talk);
        all.get(..place).unwrap_or_default().iter().rev().filter_map(|&index| self.talks.get(index))
    }

    /// The client's conversations, and the place of `talk` among them.
    fn place_of(&self, talk: &Talk<'a>) -> (&[usize], usize) {
        let all = self.by_client.get(&talk.conversation.client.ip).map_or(&[][..], Vec::as_slice);
        let id_of = |&index: &usize| self.talks.get(index).map(|t| t.conversation.id).unwrap_or_default();
        (all, all.partition_point(|index| id_of(index) < talk.conversation.id))
    }

    /// The same client's conversations that began within that many seconds after `talk` ended, in order (at most
    /// 256 are looked at).
    pub(crate) fn soon_after(&self, talk: &Talk<'a>, within: Span) -> impl Iterator<Item = &Talk<'a>> {
        let ended = talk.ended();
        self.after(talk)
            .take(LOOK_AHEAD)
            .filter(move |next| (Span::ZERO..=within).contains(&next.conversation.first.time.since(ended)))
    }

    /// Servers of that address were called on more than one port.
    pub(crate) fn has_several_ports(&self, address: IpAddr) -> bool {
        self.ports.get(&address).is_some_and(|(_, several)| *several)
    }

    /// Guard G7: the same client's next attempt that began within the retry time after `talk` ended, to the same
    /// address or for the same name.
    pub(crate) fn retry_of(&self, talk: &Talk<'a>) -> Option<&Talk<'a>> {
        self.soon_after(talk, self.settings.thresholds.retry_within).find(|next| {
            next.conversation.server == talk.conversation.server
                || (talk.wanted().is_some() && next.wanted() == talk.wanted())
        })
    }

    /// DNS questions of the capture, in order.
    pub(crate) fn lookups(&self) -> impl DoubleEndedIterator<Item = &Lookup<'a>> {
        self.lookups.iter()
    }

    /// The last DNS answer before `until` that led to `address`, whoever asked (a cache may have asked for the
    /// client).
    pub(crate) fn lookup_of(&self, address: IpAddr, until: Timestamp) -> Option<&Lookup<'a>> {
        let indices = self.by_answer.get(&address)?;
        let mut found = indices.iter().rev().filter_map(|&index| self.lookups.get(index));
        found.find(|lookup| lookup.response.is_some_and(|(message, _)| message.at.time <= until))
    }

    /// Until when a conversation was watched: its close, else the end of the input that holds its last frame (what another
    /// input holds may be of another day).
    pub(crate) fn watched_until(&self, conversation: &Conversation) -> Timestamp {
        let last = conversation.last;
        let input = usize::try_from(last.frame.input).ok().and_then(|index| self.analysis.inputs.get(index));
        let end = input.and_then(|input| input.last).unwrap_or(last.time);
        conversation.teardown.at.map_or(end, |at| at.time)
    }

    /// Time of the last frame of all inputs; the end of what can be known.
    pub(crate) fn end(&self) -> Timestamp {
        self.analysis.end.unwrap_or_default()
    }

    /// Are wanted and answered name the same server, as far as names and the user's settings say?
    pub(crate) fn likeness(&self, wanted: &str, answered: &str) -> names::NameLikeness {
        if self.settings.expects(wanted, answered) {
            names::NameLikeness::Same
        } else {
            names::compare(wanted, answered)
        }
    }
}
