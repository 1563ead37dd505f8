//! The analysis as rules want to see it: NRPC conversations with their opening, attempts by client, DNS answers.

use super::chat::Chat;
use super::identity::Identity;
use super::journal::Journal;
use super::telephony::Telephony;
use super::tls::Handshakes;
use super::web::Web;
use super::{Settings, names};
use crate::model::{Analysis, Conversation, Endpoint, Message, PerSide, Side, Stamp, Timestamp, Transport};
use hashbrown::{HashMap, HashSet};
use nrpcsniff_dissectors::{Message as Body, dns, nrpc, protocol};
use std::cell::OnceCell;
use std::net::IpAddr;

/// An analysis with the indices that rules need.
pub struct Case<'a> {
    /// What was read.
    pub analysis: &'a Analysis,
    /// What the user set.
    pub settings: &'a Settings,
    talks: Vec<Talk<'a>>,
    by_client: HashMap<IpAddr, Vec<usize>>,
    by_server: HashMap<Endpoint, Vec<usize>>,
    /// First server port of each address, and whether there are further ones.
    ports: HashMap<IpAddr, (u16, bool)>,
    lookups: Vec<Lookup<'a>>,
    by_answer: HashMap<IpAddr, Vec<usize>>,
    /// What several rules ask for, found out once: see [`super::attempts::scanners`], [`super::restarts::restarted`].
    pub(super) scanners: OnceCell<HashSet<IpAddr>>,
    pub(super) restarted: OnceCell<HashSet<u32>>,
    handshakes: Handshakes<'a>,
    web: Web<'a>,
    telephony: Telephony<'a>,
    chat: Chat<'a>,
    identity: Identity<'a>,
    journal: Journal<'a>,
}

/// A retry is sought among this many of the client's next conversations.
const LOOK_AHEAD: usize = 256;

/// A conversation on NRPC's port or with NRPC's content.
#[derive(Debug, Clone, Copy)]
pub struct Talk<'a> {
    /// The conversation.
    pub conversation: &'a Conversation,
    /// Session request.
    pub request: Option<Opening<'a>>,
    /// Session response.
    pub response: Option<Opening<'a>>,
}

/// A session request or response.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// The message that carried it.
    pub message: &'a Message,
    /// What it says.
    pub session: &'a nrpc::Session,
}

/// A DNS question with its answer, if one came.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// Who asked.
    pub client: IpAddr,
    /// The question, where it was seen.
    pub query: Option<(&'a Message, &'a dns::Message)>,
    /// The answer, where it was seen.
    pub response: Option<(&'a Message, &'a dns::Message)>,
}

impl<'a> Case<'a> {
    /// Builds the indices.
    pub fn new(analysis: &'a Analysis, settings: &'a Settings) -> Self {
        let talks: Vec<_> = analysis.conversations.iter().filter(|c| concerns_nrpc(c)).map(Talk::new).collect();
        let mut by_client: HashMap<_, Vec<_>> = HashMap::new();
        let mut by_server: HashMap<_, Vec<_>> = HashMap::new();
        let mut ports: HashMap<_, (u16, bool)> = HashMap::new();
        for (index, talk) in talks.iter().enumerate() {
            let server = talk.conversation.server;
            let (first, several) = ports.entry(server.ip).or_insert((server.port, false));
            *several |= *first != server.port;
            by_client.entry(talk.conversation.client.ip).or_default().push(index);
            by_server.entry(server).or_default().push(index);
        }
        let lookups: Vec<_> = analysis.conversations.iter().filter(|c| c.protocol == "dns").flat_map(lookups).collect();
        let mut by_answer: HashMap<_, Vec<_>> = HashMap::new();
        for (index, lookup) in lookups.iter().enumerate() {
            for address in lookup.addresses() {
                by_answer.entry(address).or_default().push(index);
            }
        }
        let (web, telephony) = (Web::new(analysis), Telephony::new(analysis));
        let identity = Identity::new(analysis, settings, &web, &telephony);
        let chat = Chat::new(analysis);
        let journal = Journal::new(analysis, settings, &chat, &telephony, &identity);
        Self {
            analysis,
            settings,
            talks,
            by_client,
            by_server,
            ports,
            lookups,
            by_answer,
            scanners: OnceCell::new(),
            restarted: OnceCell::new(),
            handshakes: Handshakes::new(analysis, settings),
            web,
            telephony,
            chat,
            identity,
            journal,
        }
    }

    /// HTTP exchanges and cookie jars.
    pub fn web(&self) -> &Web<'a> {
        &self.web
    }

    /// SIP transactions and registrations.
    pub fn telephony(&self) -> &Telephony<'a> {
        &self.telephony
    }

    /// Sametime logins.
    pub fn chat(&self) -> &Chat<'a> {
        &self.chat
    }

    /// Sign-on tokens.
    pub fn identity(&self) -> &Identity<'a> {
        &self.identity
    }

    /// TLS handshakes.
    pub const fn handshakes(&self) -> &Handshakes<'a> {
        &self.handshakes
    }

    /// Logs beside the capture.
    pub fn journal(&self) -> &Journal<'a> {
        &self.journal
    }

    /// Every conversation on NRPC's port or with NRPC's content, in order.
    pub fn talks(&self) -> impl Iterator<Item = &Talk<'a>> {
        self.talks.iter()
    }

    /// Those whose content is NRPC, or that ended before anything was said on NRPC's port.
    pub fn nrpc(&self) -> impl Iterator<Item = &Talk<'a>> {
        self.talks.iter().filter(|talk| talk.conversation.protocol == nrpc::PROTOCOL.name)
    }

    /// The client's conversations, in order.
    pub fn of_client(&self, client: IpAddr) -> impl DoubleEndedIterator<Item = &Talk<'a>> {
        self.by_client.get(&client).into_iter().flatten().filter_map(|&index| self.talks.get(index))
    }

    /// The conversations with a server, in order.
    pub fn of_server(&self, server: Endpoint) -> impl DoubleEndedIterator<Item = &Talk<'a>> {
        self.by_server.get(&server).into_iter().flatten().filter_map(|&index| self.talks.get(index))
    }

    /// The same client's conversations that come after `talk` in the capture, in order.
    pub fn after(&self, talk: &Talk<'a>) -> impl Iterator<Item = &Talk<'a>> {
        let (all, place) = self.place_of(talk);
        all.get(place.saturating_add(1)..).unwrap_or_default().iter().filter_map(|&index| self.talks.get(index))
    }

    /// The same client's conversations that come before `talk` in the capture, the nearest first.
    pub fn before(&self, talk: &Talk<'a>) -> impl Iterator<Item = &Talk<'a>> {
        let (all, place) = self.place_of(talk);
        all.get(..place).unwrap_or_default().iter().rev().filter_map(|&index| self.talks.get(index))
    }

    /// The client's conversations, and the place of `talk` among them.
    fn place_of(&self, talk: &Talk<'a>) -> (&[usize], usize) {
        let all = self.by_client.get(&talk.conversation.client.ip).map_or(&[][..], Vec::as_slice);
        let id_of = |&index: &usize| self.talks.get(index).map_or(0, |t| t.conversation.id);
        (all, all.partition_point(|index| id_of(index) < talk.conversation.id))
    }

    /// The same client's conversations that began within that many seconds after `talk` ended, in order (at most
    /// 256 are looked at).
    pub fn soon_after(&self, talk: &Talk<'a>, seconds: f64) -> impl Iterator<Item = &Talk<'a>> {
        let ended = talk.ended();
        self.after(talk)
            .take(LOOK_AHEAD)
            .filter(move |next| (0.0..=seconds).contains(&next.conversation.first.time.seconds_since(ended)))
    }

    /// Servers of that address were called on more than one port.
    pub fn has_several_ports(&self, address: IpAddr) -> bool {
        self.ports.get(&address).is_some_and(|(_, several)| *several)
    }

    /// Guard G7: the same client's next attempt that began within the retry time after `talk` ended, to the same
    /// address or for the same name.
    pub fn retry_of(&self, talk: &Talk<'a>) -> Option<&Talk<'a>> {
        self.soon_after(talk, self.settings.thresholds.retry_within).find(|next| {
            next.conversation.server == talk.conversation.server
                || (talk.wanted().is_some() && next.wanted() == talk.wanted())
        })
    }

    /// DNS questions of the capture, in order.
    pub fn lookups(&self) -> impl DoubleEndedIterator<Item = &Lookup<'a>> {
        self.lookups.iter()
    }

    /// The last DNS answer before `until` that led to `address`, whoever asked (a cache may have asked for the
    /// client).
    pub fn lookup_of(&self, address: IpAddr, until: Timestamp) -> Option<&Lookup<'a>> {
        let indices = self.by_answer.get(&address)?;
        let mut found = indices.iter().rev().filter_map(|&index| self.lookups.get(index));
        found.find(|lookup| lookup.response.is_some_and(|(message, _)| message.at.time <= until))
    }

    /// Time of the last frame of all inputs; the end of what can be known.
    pub fn end(&self) -> Timestamp {
        self.analysis.end.unwrap_or_default()
    }

    /// Are wanted and answered name the same server, as far as names and the user's settings say?
    pub fn likeness(&self, wanted: &str, answered: &str) -> names::Likeness {
        if self.settings.expects(wanted, answered) { names::Likeness::Same } else { names::compare(wanted, answered) }
    }
}

impl<'a> Talk<'a> {
    fn new(conversation: &'a Conversation) -> Self {
        let opening = |from: Side| {
            conversation.messages.iter().filter(|m| m.from == from).take(3).find_map(|message| match &message.body {
                Body::Nrpc(nrpc::Message { body: nrpc::Body::SessionRequest(session), .. }) if from == Side::Client => {
                    Some(Opening { message, session })
                }
                Body::Nrpc(nrpc::Message { body: nrpc::Body::SessionResponse(session), .. })
                    if from == Side::Server =>
                {
                    Some(Opening { message, session })
                }
                _ => None,
            })
        };
        Self { conversation, request: opening(Side::Client), response: opening(Side::Server) }
    }

    /// Name that the client asked for.
    pub fn wanted(&self) -> Option<&'a str> {
        self.request.and_then(|request| request.session.wanted_server.as_deref())
    }

    /// Name that the server gave as its own.
    pub fn answered(&self) -> Option<&'a str> {
        self.response.and_then(|response| response.session.own_name.as_deref())
    }

    /// Guard G4: messages of each side.
    pub fn progress(&self) -> PerSide<u64> {
        self.conversation.messages_seen
    }

    /// The client spoke again after its session request: it accepted the server's answer. True also if what it
    /// said is only known by its length.
    pub fn went_on(&self) -> bool {
        let said = self.conversation.bytes.client.saturating_add(self.conversation.tcp.acked_unseen.client);
        self.progress().client >= 2 || self.request.is_some_and(|request| said > request.end())
    }

    /// The request was read to its end, and there is no name in it.
    pub fn names_no_server(&self) -> bool {
        self.request.is_some_and(|request| request.session.wanted_server.is_none() && request.session.damage.is_none())
    }

    /// When it ended: at the teardown, else with its last frame.
    pub fn ended(&self) -> Timestamp {
        self.conversation.teardown.at.map_or(self.conversation.last.time, |at| at.time)
    }

    /// Time between the last message and the close in seconds, if both were seen.
    pub fn close_delay(&self) -> Option<f64> {
        let close = self.conversation.teardown.at?;
        let last = self.conversation.messages.iter().rev().find(|m| m.at.time <= close.time)?;
        Some(close.time.seconds_since(last.at.time))
    }

    /// Guard G1: set-up seen, both directions seen, nothing cut or missing.
    pub fn well_captured(&self) -> bool {
        let c = self.conversation;
        c.tcp.handshake.syn_ack.is_some()
            && c.packets.client > 0
            && c.packets.server > 0
            && c.tcp.cut_frames == 0
            && c.tcp.acked_unseen == PerSide::default()
            && c.quality.gaps == 0
            && c.given_up.is_none()
    }

    /// Guard G5: nothing was said, and it was short.
    pub fn is_probe(&self, longest: f64) -> bool {
        let c = self.conversation;
        c.bytes == PerSide::default() && c.tcp.handshake.syn_ack.is_some() && c.duration_s() <= longest
    }
}

impl Lookup<'_> {
    /// Addresses that the answer gave.
    fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.response.into_iter().flat_map(|(_, answer)| &answer.answers).filter_map(|a| match a.data {
            dns::Data::Address(address) => Some(address),
            _ => None,
        })
    }
}

impl Opening<'_> {
    /// The frame that completed it.
    pub const fn at(&self) -> Stamp {
        self.message.at
    }

    /// Offset behind its last byte in the sender's stream, also if the capture lacks its end.
    fn end(&self) -> u64 {
        let Body::Nrpc(message) = &self.message.body else { return self.message.offset };
        let claimed = u64::from(message.length).saturating_add(2);
        self.message.offset.saturating_add(self.message.length.max(claimed))
    }
}

fn concerns_nrpc(conversation: &Conversation) -> bool {
    let by_port = || protocol("nrpc").is_some_and(|p| p.tcp_ports.contains(&conversation.server.port));
    conversation.protocol == nrpc::PROTOCOL.name || (conversation.transport == Transport::Tcp && by_port())
}

/// Pairs questions and answers of one conversation by transaction id and name.
fn lookups(conversation: &Conversation) -> Vec<Lookup<'_>> {
    let mut found: Vec<Lookup<'_>> = Vec::new();
    for message in &conversation.messages {
        let Body::Dns(body) = &message.body else { continue };
        if !body.response {
            found.push(Lookup { client: conversation.client.ip, query: Some((message, body)), response: None });
        } else if let Some(open) = found.iter_mut().rev().take(64).find(|lookup| {
            lookup.response.is_none() && lookup.query.is_some_and(|(_, q)| q.id == body.id && q.name == body.name)
        }) {
            open.response = Some((message, body));
        } else {
            found.push(Lookup { client: conversation.client.ip, query: None, response: Some((message, body)) });
        }
    }
    found
}
