//! UDP conversations of the pipeline. A conversation is known by the usual port of a protocol or by its first datagrams;
//! the rest is counted.

use super::log;
use super::pairs;
use super::state::EngineState;
use super::{FrameRelevance, MessageRetention, UNWANTED};
use crate::decode::Datagram;
use crate::model::{
    Conversation, ConversationId, Dispute, DisputeCause, Endpoint, Message, OtherVersion, PerSide, Side, Stamp,
    Transport,
};
use crate::stream::{FlowKey, FlowTable};
use nrpcsniff_dissectors::{Message as Body, PROTOCOLS, Protocol};

/// Datagrams that are kept of one conversation, unless rules look at each.
const DATAGRAMS: usize = 64;
/// Datagrams of a side, keep-alives not counted, that are asked for their protocol on an unusual port.
const LOOKS: u8 = 4;
/// A datagram this short says nothing: line ends, a zero or two keep the way through a NAT open (RFC 5626 section 3.5.1).
const KEEP_ALIVE: u32 = 4;
/// Disputes that are kept of one conversation.
const DISPUTES: usize = 8;
/// Datagrams of each side that are wanted of a conversation that is only counted.
const FIRST: u32 = 100;

/// A flow in the table.
pub(super) struct UdpFlow {
    /// The conversation, if the report keeps it.
    place: Option<ConversationId>,
    protocol: Option<&'static Protocol>,
    /// Number of this flow, its first datagram, and who sent that.
    stream: u32,
    first: Stamp,
    speaker: Endpoint,
    /// Datagrams and bytes before it was kept, the first speaker's as the client's.
    packets: PerSide<u32>,
    bytes: PerSide<u64>,
    /// Datagrams that were asked for their protocol.
    looks: PerSide<u8>,
    /// Where its datagrams are counted, if there was room.
    pair: Option<u32>,
    /// Its conversation was let go: what comes now begins another one.
    was_let_go: bool,
}

/// Takes a datagram.
pub(super) fn datagram(
    table: &mut FlowTable<UdpFlow>,
    state: &mut EngineState,
    datagram: &Datagram<'_>,
    at: Stamp,
) -> FrameRelevance {
    let source = Endpoint { ip: datagram.ip.source, port: datagram.source_port };
    let destination = Endpoint { ip: datagram.ip.destination, port: datagram.destination_port };
    let key = FlowKey::new(source, destination);
    if table.get(key).is_none() {
        let flow = UdpFlow::new(state, source, destination, at);
        // Forgotten flows need no conclusion, because each datagram is in the report as soon as it came.
        drop(table.insert(key, flow));
    }
    let Some(flow) = table.get(key) else { return FrameRelevance::default() };
    if let Some(pair) = flow.pair {
        pairs::count(&mut state.facts, pair, source, is_media(datagram), at);
    }
    if std::mem::take(&mut flow.was_let_go) {
        flow.go_on(state, source, destination, at);
    } else if flow.place.is_none() || flow.protocol.is_none() {
        flow.probe(state, datagram, source, destination);
    }
    let seen = FrameRelevance { flow: Some(key), is_wanted: flow.is_wanted() };
    let Some(index) = flow.place.map(ConversationId::index) else { return seen };
    let body = flow.protocol.and_then(|protocol| (protocol.datagram)(datagram.payload));
    let keep = body.as_ref().is_some_and(|body| state.has_room_for(index, body));
    let Some(conversation) = state.conversations.get_mut(index) else { return seen };
    if body.as_ref().is_some_and(|body| body.class().is_answer() && is_unasked(conversation, source)) {
        swap_roles(conversation);
    }
    let side = if source == conversation.client { Side::Client } else { Side::Server };
    count_datagram(conversation, side, datagram, at);
    if let Some(body) = body {
        let counted = (!body.is_nonsense()).then(|| body.protocol());
        if let Some(other) = datagram.other {
            note_dispute(conversation, side, datagram, &body, other);
        }
        let weight = add_message(conversation, side, datagram, at, body, keep);
        state.budget.hold(weight);
        if let Some(protocol) = counted {
            state.count_messages(protocol, 1);
        }
        state.events = state.events.saturating_add(1);
    }
    seen
}

impl UdpFlow {
    /// The report keeps it, or counts what goes there: a call needs no more than its first datagrams to be told.
    fn is_wanted(&self) -> bool {
        let first = |side| self.packets[side] <= FIRST;
        self.place.is_some() || (first(Side::Client) && first(Side::Server))
    }

    /// Where its conversation is kept, and where its datagrams are counted.
    pub(super) fn places(&mut self) -> (&mut Option<ConversationId>, &mut Option<u32>) {
        (&mut self.place, &mut self.pair)
    }

    /// Its conversation goes, if it is not kept in its place.
    pub(super) fn leave(&mut self, keep: &[bool]) {
        let goes = |place: &mut ConversationId| keep.get(place.index()) == Some(&false);
        self.was_let_go |= self.place.take_if(goes).is_some();
    }

    /// What was said so far was let go: it goes on with another conversation of the same number in Wireshark.
    fn go_on(&mut self, state: &mut EngineState, source: Endpoint, destination: Endpoint, at: Stamp) {
        self.first = at;
        (self.packets, self.bytes) = (PerSide::default(), PerSide::default());
        self.open_conversation(state, source, destination);
    }

    fn new(state: &mut EngineState, source: Endpoint, destination: Endpoint, at: Stamp) -> Self {
        let stream = state.udp_streams;
        state.udp_streams = state.udp_streams.saturating_add(1);
        state.totals.udp_conversations = state.totals.udp_conversations.saturating_add(1);
        let known = |p: &&Protocol| !p.udp_by_content && is_usual(p, source, destination);
        let protocol = PROTOCOLS.iter().copied().find(known);
        let (packets, bytes) = (PerSide::default(), PerSide::default());
        let pair = state.pairs.open(&mut state.facts, PerSide { client: source, server: destination });
        let mut flow = Self {
            place: None,
            protocol,
            stream,
            first: at,
            speaker: source,
            packets,
            bytes,
            looks: PerSide::default(),
            pair,
            was_let_go: false,
        };
        // Elsewhere the content decides, datagram by datagram; most of it is media and the like, and is counted only.
        if protocol.is_some() || state.options.all {
            flow.open_conversation(state, source, destination);
        } else {
            state.pass_over(UNWANTED);
        }
        flow
    }

    /// Asks whether a datagram is of a protocol that is known by its content.
    fn probe(&mut self, state: &mut EngineState, datagram: &Datagram<'_>, source: Endpoint, destination: Endpoint) {
        let side = if source == self.speaker { Side::Client } else { Side::Server };
        if self.protocol.is_none() && self.looks[side] < LOOKS {
            // What keeps a way open says nothing of what else goes there.
            self.looks[side] = self.looks[side].saturating_add(u8::from(!is_keep_alive(datagram)));
            let is_of = |p: &&Protocol| (p.datagram_probe)(datagram.payload, is_usual(p, source, destination));
            self.protocol = PROTOCOLS.iter().copied().find(is_of);
            if self.protocol.is_some() && self.place.is_none() {
                state.take_back(UNWANTED);
                let ends = if side == Side::Client { (source, destination) } else { (destination, source) };
                self.open_conversation(state, ends.0, ends.1);
                return;
            }
        }
        self.packets[side] = self.packets[side].saturating_add(1);
        self.bytes[side] = self.bytes[side].saturating_add(u64::from(datagram.payload_length));
    }

    /// Makes it a conversation of the report, if there is room. The side with the usual port is the server; if both have
    /// it, or neither, the first speaker is the client.
    fn open_conversation(&mut self, state: &mut EngineState, first: Endpoint, second: Endpoint) {
        let usual = |port| self.protocol.is_some_and(|protocol| protocol.udp_ports.contains(&port));
        let from_server = usual(first.port) && !usual(second.port);
        let (client, server) = if from_server { (second, first) } else { (first, second) };
        let packets = PerSide { client: u64::from(self.packets.client), server: u64::from(self.packets.server) };
        let turn = |said: PerSide<u64>| if from_server { said.swapped() } else { said };
        let conversation = Box::new(Conversation {
            stream: self.stream,
            roles_guessed: from_server,
            packets: turn(packets),
            bytes: turn(self.bytes),
            skipped: state.facts.let_go.conversations,
            ..Conversation::new(Transport::Udp, client, server, self.first)
        });
        self.place = state.add_udp_conversation(conversation);
    }
}

impl EngineState {
    /// Is there room for that message of that conversation?
    fn has_room_for(&self, index: usize, body: &Body) -> bool {
        let held = self.conversations.get(index).map_or(usize::MAX, |c| c.messages.len());
        match self.options.retention {
            MessageRetention::All(most) => held < most.max(DATAGRAMS),
            MessageRetention::Essential if held < DATAGRAMS => true,
            MessageRetention::Essential => body.is_essential() && held < log::ESSENTIAL && self.budget.take(),
        }
    }
}

/// One of both ports is usual for that protocol.
fn is_usual(protocol: &Protocol, source: Endpoint, destination: Endpoint) -> bool {
    [source.port, destination.port].iter().any(|port| protocol.udp_ports.contains(port))
}

/// The first message comes from the side that was taken for the client only because it spoke first.
fn is_unasked(conversation: &Conversation, source: Endpoint) -> bool {
    conversation.messages_seen == PerSide::default() && !conversation.roles_guessed && conversation.client == source
}

/// Client and server are the other way round.
fn swap_roles(conversation: &mut Conversation) {
    std::mem::swap(&mut conversation.client, &mut conversation.server);
    conversation.packets = conversation.packets.swapped();
    conversation.bytes = conversation.bytes.swapped();
    conversation.roles_guessed = true;
}

/// Says nothing of its protocol: a few bytes, or a STUN message (RFC 8489 section 5), which keeps a SIP flow alive as well.
fn is_keep_alive(datagram: &Datagram<'_>) -> bool {
    const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
    datagram.payload_length <= KEEP_ALIVE || datagram.payload.get(4..8) == Some(&COOKIE)
}

/// Looks like RTP or RTCP (RFC 7983 section 7, RFC 3550 section 5.1).
fn is_media(datagram: &Datagram<'_>) -> bool {
    datagram.payload.first().is_some_and(|first| (128..=191).contains(first)) && datagram.payload_length >= 12
}

fn count_datagram(conversation: &mut Conversation, side: Side, datagram: &Datagram<'_>, at: Stamp) {
    if conversation.last.time <= at.time {
        conversation.last = at;
    }
    conversation.packets[side] = conversation.packets[side].saturating_add(1);
    let length = u64::from(datagram.payload_length);
    conversation.bytes[side] = conversation.bytes[side].saturating_add(length);
}

/// Fragments of the datagram overlap and differ.
fn note_dispute(
    conversation: &mut Conversation,
    side: Side,
    datagram: &Datagram<'_>,
    body: &Body,
    other: &OtherVersion,
) {
    let bytes = other.payload(datagram.payload.len());
    if bytes == datagram.payload || conversation.disputes.len() >= DISPUTES {
        return;
    }
    let length = u64::from(datagram.payload_length);
    let other_body = (body.protocol().datagram)(bytes);
    conversation.disputes.push(Dispute {
        from: side,
        offset: conversation.bytes[side].saturating_sub(length),
        length,
        read_in: other.read_in,
        other_in: other.other_in,
        cause: DisputeCause::Fragments,
        readings: Some((body.summary(), other_body.map(|body| body.summary()))),
    });
}

fn add_message(
    conversation: &mut Conversation,
    side: Side,
    datagram: &Datagram<'_>,
    at: Stamp,
    body: Body,
    keep: bool,
) -> usize {
    conversation.protocol = Some(body.protocol());
    let seen = &mut conversation.messages_seen;
    seen[side] = seen[side].saturating_add(1);
    let n = u32::try_from(seen.client.saturating_add(seen.server)).unwrap_or(u32::MAX);
    if keep {
        let offset = conversation.bytes[side].saturating_sub(u64::from(datagram.payload_length));
        let length = u64::from(datagram.payload_length);
        conversation.messages.push(Message { n, from: side, at, frames: vec![at.frame], offset, length, body });
        return conversation.messages.last().map_or(0, Message::weight);
    }
    0
}
