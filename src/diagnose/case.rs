//! The analysis as rules want to see it: NRPC conversations with their opening, attempts by client, DNS answers.

use super::{Settings, names};
use crate::model::{Analysis, Conversation, Endpoint, Message, PerSide, Side, Stamp, Timestamp};
use nrpcsniff_dissectors::{Message as Body, dns, nrpc, protocol};
use std::collections::HashMap;
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
    lookups: Vec<Lookup<'a>>,
    by_address: HashMap<IpAddr, Vec<usize>>,
}

/// Later attempts of a client that are looked at; who makes more of them within the retry time is no user.
const ATTEMPTS: usize = 256;

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
        for (index, talk) in talks.iter().enumerate() {
            by_client.entry(talk.conversation.client.ip).or_default().push(index);
            by_server.entry(talk.conversation.server).or_default().push(index);
        }
        let lookups: Vec<_> = analysis.conversations.iter().filter(|c| c.protocol == "dns").flat_map(lookups).collect();
        let by_address = by_address(&lookups);
        Self { analysis, settings, talks, by_client, by_server, lookups, by_address }
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

    /// The same client's next attempts, in order: those that began after `talk` did and within the retry time after
    /// it ended. At most 256 are looked at.
    pub fn after(&self, talk: &Talk<'a>) -> impl Iterator<Item = &Talk<'a>> {
        let (id, began, ended) = (talk.conversation.id, talk.conversation.first.time, talk.ended());
        let all = self.by_client.get(&talk.conversation.client.ip).map_or(&[][..], Vec::as_slice);
        let later = all.partition_point(|&index| self.talks.get(index).is_some_and(|t| t.conversation.id <= id));
        let next = all.get(later..).unwrap_or_default().iter().take(ATTEMPTS);
        next.filter_map(|&index| self.talks.get(index)).filter(move |next| {
            let start = next.conversation.first.time;
            start >= began && start.seconds_since(ended) <= self.settings.thresholds.retry_within
        })
    }

    /// Guard G7: the same client's next attempt that began within the retry time after `talk` ended, to the same
    /// address or for the same name.
    pub fn retry_of(&self, talk: &Talk<'a>) -> Option<&Talk<'a>> {
        self.after(talk).find(|next| {
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
        let leading = self.by_address.get(&address)?;
        leading
            .iter()
            .rev()
            .filter_map(|&index| self.lookups.get(index))
            .find(|lookup| lookup.response.is_some_and(|(message, _)| message.at.time <= until))
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

    /// The client spoke again after the server's session response: it accepted the answer.
    pub fn went_on(&self) -> bool {
        self.progress().client >= 2
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

impl Opening<'_> {
    /// The frame that completed it.
    pub const fn at(&self) -> Stamp {
        self.message.at
    }
}

fn concerns_nrpc(conversation: &Conversation) -> bool {
    conversation.protocol == nrpc::PROTOCOL.name
        || (conversation.protocol == "unknown"
            && protocol("nrpc").is_some_and(|p| p.tcp_ports.contains(&conversation.server.port)))
}

/// Lookups by the addresses that their answers lead to.
fn by_address(lookups: &[Lookup<'_>]) -> HashMap<IpAddr, Vec<usize>> {
    let mut index: HashMap<_, Vec<_>> = HashMap::new();
    for (n, (_, answer)) in lookups.iter().enumerate().filter_map(|(n, l)| Some((n, l.response?))) {
        for answer in &answer.answers {
            if let dns::Data::Address(address) = answer.data {
                index.entry(address).or_default().push(n);
            }
        }
    }
    index
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
