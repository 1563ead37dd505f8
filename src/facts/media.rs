//! Ways that the sound of a meeting tries: relays that are wanted (TURN), ways that are tried (ICE), and DTLS on them.
//!
//! Whoever speaks WebRTC sends such messages, and most ways of a call are meant to fail, since only one is needed. They matter where they
//! have to do with Sametime, and relays of half the world listen on the same port: see [`MediaWays::concern_sametime`].

use super::http::origin;
use super::http::pages::Product;
use super::{Case, Dissected};
use crate::model::{Confidence, Conversation, Endpoint, IcmpError, Side, Span, Stamp, Timestamp, Transport};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::stun::{self, Dtls, Kind, Method, Stun};
use nrpcsniff_dissectors::{Decision, Message as Body};
use std::net::IpAddr;

/// Ports of the video bridge of Sametime 12, in Docker and in Kubernetes.
const BRIDGE: [u16; 2] = [10_000, 30_000];
/// Ways that are tried within this time belong to one call.
const ONE_CALL: Span = Span::from_secs(60);

/// Ways of media of a capture.
pub(crate) struct MediaWays<'a> {
    ways: Vec<MediaWay<'a>>,
    /// What each server has to do with Sametime.
    ties: HashMap<IpAddr, Tie>,
}

/// What a server of media has to do with signing on to Sametime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tie {
    /// It has part in a sign-on, or its name is of a site at which somebody signs on to Sametime.
    Known,
    /// A machine of the house, in a capture in which somebody signs on to Sametime.
    House,
    /// Nothing is known of it but its port.
    Port,
    /// A relay of others: its name is of another site, or it stands out in the world and nothing says that it belongs to Sametime.
    Foreign,
}

/// What was said on one way that is about the way itself.
pub(crate) struct MediaWay<'a> {
    /// The conversation.
    pub conversation: &'a Conversation,
    /// What was asked of STUN and TURN, in order.
    pub requests: Vec<StunRequest<'a>>,
    /// Records of DTLS, in order.
    pub records: Vec<(Side, Stamp, Dtls)>,
}

/// A request with what came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StunRequest<'a> {
    /// Who asks.
    pub from: Side,
    /// The request, as it was sent first.
    pub asked: Dissected<'a, Stun>,
    /// How often it was sent.
    pub sent: usize,
    /// When it was sent last.
    pub last: Stamp,
    /// The answer.
    pub answer: Option<Dissected<'a, Stun>>,
}

impl StunRequest<'_> {
    /// What the answer decides.
    pub(crate) fn decision(&self) -> Decision {
        self.answer.map_or(Decision::Open, |answer| answer.content.decision(self.asked.content.username.is_some()))
    }
}

impl<'a> MediaWay<'a> {
    /// Requests with their answers: a request that is repeated keeps its transaction id (RFC 8489 section 6.2.1), so that it counts once.
    fn new(conversation: &'a Conversation) -> Self {
        let mut way = Self { conversation, requests: Vec::new(), records: Vec::new() };
        let mut open: HashMap<(Side, [u8; 12]), usize> = HashMap::new();
        for message in &conversation.messages {
            match &message.body {
                Body::Stun(stun::Message::Dtls(record)) => way.records.push((message.from, message.at, *record)),
                Body::Stun(stun::Message::Stun(said)) => match said.kind {
                    Kind::Request => {
                        let place = *open.entry((message.from, said.transaction)).or_insert(way.requests.len());
                        if let Some(known) = way.requests.get_mut(place) {
                            known.sent = known.sent.saturating_add(1);
                            known.last = message.at;
                        } else {
                            let asked = Dissected::new(message, said.as_ref());
                            let (from, last) = (message.from, message.at);
                            way.requests.push(StunRequest { from, asked, sent: 1, last, answer: None });
                        }
                    }
                    Kind::Success | Kind::Error => {
                        let place = open.get(&(message.from.peer(), said.transaction));
                        if let Some(request) = place.and_then(|&place| way.requests.get_mut(place)) {
                            request.answer.get_or_insert(Dissected::new(message, said.as_ref()));
                        }
                    }
                    Kind::Indication => {}
                },
                _ => {}
            }
        }
        way
    }

    /// All that was said is kept: what is not there was not said.
    pub(crate) fn is_whole(&self) -> bool {
        let seen = self.conversation.messages_seen;
        let kept = u64::try_from(self.conversation.messages.len()).unwrap_or(u64::MAX);
        kept >= seen.client.saturating_add(seen.server)
    }

    /// It was granted what it asked for: a way that works, or a relay.
    fn works(&self) -> Option<Timestamp> {
        let granted = |request: &&StunRequest<'_>| {
            let wanted = request.asked.content;
            request.decision() == Decision::Granted && (wanted.is_check || wanted.method == Method::Allocate)
        };
        self.requests.iter().find(granted).map(|request| request.asked.at().time)
    }

    fn is_at(&self, address: IpAddr) -> bool {
        self.conversation.client.ip == address || self.conversation.server.ip == address
    }
}

impl<'a> MediaWays<'a> {
    /// Reads them out of the case.
    pub(crate) fn new(case: &Case<'a>) -> Self {
        let all = case.analysis.conversations.iter().filter(|c| c.is(&stun::PROTOCOL));
        let ways: Vec<MediaWay<'a>> = all.map(MediaWay::new).collect();
        let sites = if ways.is_empty() { None } else { sametime_sites(case) };
        let mut ties = HashMap::new();
        for c in ways.iter().map(|way| way.conversation) {
            ties.entry(c.server.ip).or_insert_with(|| tie(case, sites.as_ref(), c));
        }
        Self { ways, ties }
    }

    /// Those that have to do with Sametime: by their server, or by a port of its bridge where nothing says that it is of others.
    pub(crate) fn concern_sametime(&self) -> impl Iterator<Item = &MediaWay<'a>> {
        self.ways.iter().filter(|way| match self.tie(way.conversation.server) {
            Tie::Known | Tie::House => true,
            Tie::Port => BRIDGE.contains(&way.conversation.server.port),
            Tie::Foreign => false,
        })
    }

    /// How sure it can be that a fault of that server is one of Sametime's: only if something but address and port says so, for sure.
    pub(crate) fn at_most(&self, server: Endpoint) -> Confidence {
        if self.tie(server) == Tie::Known { Confidence::High } else { Confidence::Medium }
    }

    fn tie(&self, server: Endpoint) -> Tie {
        self.ties.get(&server.ip).copied().unwrap_or(Tie::Port)
    }

    /// Another way of that client worked within the time of a call: then the others are not needed.
    pub(crate) fn another_works(&self, client: IpAddr, at: Timestamp) -> bool {
        let mut worked = self.ways.iter().filter(|way| way.is_at(client)).filter_map(MediaWay::works);
        worked.any(|time| time.since(at).abs() <= ONE_CALL)
    }

    /// Ways of that address, in order.
    pub(crate) fn of(&self, address: IpAddr) -> impl Iterator<Item = &MediaWay<'a>> {
        self.ways.iter().filter(move |way| way.is_at(address))
    }
}

/// What the server of that conversation has to do with Sametime; `sites` are those at which somebody signs on to it.
fn tie(case: &Case<'_>, sites: Option<&HashSet<String>>, c: &Conversation) -> Tie {
    let asked = case.lookup_of(c.server.ip, c.first.time).and_then(super::Lookup::asked);
    let name = asked.map(|(_, question)| question.name.to_ascii_lowercase());
    let site = name.as_deref().and_then(origin::site);
    match (sites, site) {
        _ if case.peers().has(c.server, name.as_deref()) => Tie::Known,
        (Some(sites), Some(site)) if sites.contains(site) => Tie::Known,
        (Some(sites), Some(_)) if !sites.is_empty() => Tie::Foreign,
        (Some(_), None) if !is_of_the_house(c.server.ip, c.client.ip) => Tie::Foreign,
        (Some(_), _) => Tie::House,
        (None, _) => Tie::Port,
    }
}

/// Not routed in the world (RFC 1918, RFC 4193), or of the network that the client is in: a house of this size gets a /16, or a /48
/// (RFC 6177).
fn is_of_the_house(server: IpAddr, client: IpAddr) -> bool {
    match (server, client) {
        (IpAddr::V4(server), IpAddr::V4(client)) => {
            server.is_private() || server.is_loopback() || server.octets()[..2] == client.octets()[..2]
        }
        (IpAddr::V6(server), IpAddr::V6(client)) => {
            server.is_unique_local() || server.is_loopback() || server.segments()[..3] == client.segments()[..3]
        }
        _ => false,
    }
}

/// Where somebody signs on to Sametime, by its own protocol or at its web servers: the sites of the names that are known.
fn sametime_sites(case: &Case<'_>) -> Option<HashSet<String>> {
    const PATHS: [&str; 4] = ["/sametime-auth", "/xmpp-websocket", "/colibri-ws", "/http-bind"];
    let on_the_web = case.http().exchanges().iter().filter(|exchange| {
        let is_product = matches!(exchange.product(), Some(Product::SametimeProxy | Product::Meeting));
        is_product || PATHS.iter().any(|path| exchange.path().starts_with(path))
    });
    let hosts: HashSet<&str> = on_the_web.map(|exchange| exchange.host.as_str()).collect();
    let signs_on = !hosts.is_empty() || case.sametime().logins().next().is_some();
    signs_on.then(|| hosts.iter().filter_map(|host| origin::site(host)).map(str::to_owned).collect())
}

/// The first ICMP error about a datagram of that conversation that its client sent.
pub(crate) fn rejected<'a>(case: &Case<'a>, conversation: &Conversation) -> Option<&'a IcmpError> {
    case.analysis.facts.icmp_errors.iter().find(|error| {
        let about = |quoted: crate::model::IcmpQuote| {
            quoted.transport == Transport::Udp
                && quoted.source == conversation.client
                && quoted.destination == conversation.server
        };
        super::network::attempts::rejection(error).is_some() && error.quoted.is_some_and(about)
    })
}

/// Something that others send to that address is in the capture, so that answers to it would be.
pub(crate) fn is_heard(case: &Case<'_>, address: IpAddr) -> bool {
    case.analysis
        .conversations
        .iter()
        .any(|c| (c.client.ip == address && c.packets.server > 0) || (c.server.ip == address && c.packets.client > 0))
}
