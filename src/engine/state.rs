//! What is known of the capture so far, beside the tables of flows.

use super::Options;
use super::budget::MessageBudget;
use super::failures::FailureIndex;
use super::pairs::PairIndex;
use crate::decrypt::SecretStore;
use crate::model::{
    CaptureFacts, ClockStep, Conversation, ConversationId, Conversations, Endpoint, Frame, Host, IcmpError, IpInfo,
    Span, Stamp, Totals,
};
use nrpcsniff_dissectors::Protocol;
use std::net::IpAddr;
use std::sync::Arc;

/// ICMP errors kept.
pub(super) const ICMP_ERRORS: usize = 10_000;
/// Hosts of which something is kept.
pub(super) const HOSTS: usize = 65_536;
/// Ports kept of one host.
const PORTS: usize = 16;

/// Steps back of the capture's clock that are kept.
const CLOCK_STEPS: usize = 64;
/// The shortest of them. Several queues or interfaces of one capture deliver frames out of order by milliseconds.
const CLOCK_STEP: Span = Span::from_secs(1);

/// Why a conversation that somebody wants is not kept.
const NO_ROOM: &str = "limit of conversations kept";

/// Everything but the tables, so that a flow can be worked on while it is lent from its table.
pub(super) struct EngineState {
    pub options: Options,
    pub totals: Totals,
    pub facts: CaptureFacts,
    pub conversations: Conversations,
    pub tcp_streams: u32,
    pub udp_streams: u32,
    /// Room for messages that rules look at one by one.
    pub budget: MessageBudget,
    /// Connections that began only just now and did not come about so far stay out of a snapshot: nothing can be said of them yet.
    pub hides_attempts: bool,
    /// Bytes that may be held before what was judged is let go.
    pub room: Option<usize>,
    /// Less would only have it judged again: it was judged, and stayed.
    pub least_room: usize,
    /// Secrets that may open TLS records.
    pub secrets: SecretStore,
    /// Conversations of UDP that are kept.
    pub udp_kept: usize,
    /// Index of the entries of `facts.failed`.
    pub failures: FailureIndex,
    /// Shares of ports in the room for `facts.datagrams`.
    pub pairs: PairIndex,
    /// Bytes that wait in all connections together.
    pub waiting_bytes: usize,
    /// Places in `conversations` of what turned out to be none of the report's.
    pub dropped: Vec<ConversationId>,
    /// Frames so far that can make rules speak.
    pub events: u64,
    /// The latest frame by packet time.
    pub last: Stamp,
    /// The frame before this one.
    previous: Option<Stamp>,
}

impl EngineState {
    /// Number of the next connection.
    pub(super) fn next_tcp_stream(&mut self) -> u32 {
        let stream = self.tcp_streams;
        self.tcp_streams = stream.saturating_add(1);
        stream
    }

    /// Nothing seen yet.
    pub(super) fn new(options: Options) -> Self {
        Self {
            budget: MessageBudget::new(options.messages),
            hides_attempts: false,
            room: options.hold,
            least_room: 0,
            secrets: SecretStore::new(Arc::clone(&options.keys)),
            options,
            totals: Totals::default(),
            facts: CaptureFacts::default(),
            conversations: Conversations::default(),
            tcp_streams: 0,
            udp_streams: 0,
            udp_kept: 0,
            failures: FailureIndex::new(),
            pairs: PairIndex::new(),
            waiting_bytes: 0,
            dropped: Vec::new(),
            events: 0,
            last: Stamp::default(),
            previous: None,
        }
    }

    /// As for TCP, for UDP, which may take a quarter of the room: a busy resolver must not crowd out the rest.
    pub(super) fn add_udp_conversation(&mut self, conversation: Box<Conversation>) -> Option<ConversationId> {
        if self.udp_kept >= self.options.conversations.div_ceil(4) {
            self.pass_over(NO_ROOM);
            return None;
        }
        self.udp_kept = self.udp_kept.saturating_add(1);
        self.add_conversation(conversation)
    }

    /// Keeps a conversation for the report, if there is room; gives its place.
    pub(super) fn add_conversation(&mut self, conversation: Box<Conversation>) -> Option<ConversationId> {
        if self.conversations.len() >= self.options.conversations {
            self.pass_over(NO_ROOM);
            return None;
        }
        self.budget.hold(size_of::<Conversation>());
        self.conversations.push(conversation);
        u32::try_from(self.conversations.len().saturating_sub(1)).ok().map(ConversationId::new)
    }

    /// The conversation in that place.
    pub(super) fn conversation(&mut self, place: ConversationId) -> Option<&mut Conversation> {
        self.conversations.get_mut(place.index())
    }

    /// Puts a conversation in the place it has, or in a new one if there is room.
    pub(super) fn put_conversation(
        &mut self,
        place: Option<ConversationId>,
        conversation: Box<Conversation>,
    ) -> Option<ConversationId> {
        if let Some(there) = place.filter(|place| place.index() < self.conversations.len()) {
            self.conversations.put(there, conversation);
            return place;
        }
        if self.conversations.len() >= self.options.conversations {
            return None;
        }
        self.add_conversation(conversation)
    }

    /// Takes out conversations that turned out to be none of the report's. Places change.
    pub(super) fn remove_dropped(&mut self) {
        let mut dropped: Vec<ConversationId> = std::mem::take(&mut self.dropped);
        dropped.sort_unstable();
        let mut place = 0_u32;
        self.conversations.retain(|_| {
            let is_gone = dropped.binary_search(&ConversationId::new(place)).is_ok();
            place = place.saturating_add(1);
            !is_gone
        });
    }

    /// Counts what the report does not keep.
    pub(super) fn pass_over(&mut self, why: &'static str) {
        let count = self.totals.passed_over.entry(why).or_default();
        *count = count.saturating_add(1);
    }

    /// Takes back what [`EngineState::pass_over`] counted once.
    pub(super) fn take_back(&mut self, why: &'static str) {
        if let Some(count) = self.totals.passed_over.get_mut(why) {
            *count = count.saturating_sub(1);
        }
        self.totals.passed_over.retain(|_, count| *count > 0);
    }

    /// Counts messages of a protocol.
    pub(super) fn count_messages(&mut self, protocol: &Protocol, count: u64) {
        let total = self.totals.messages.entry(protocol.name).or_default();
        *total = total.saturating_add(count);
    }

    /// A host accepted a TCP connection.
    pub(super) fn note_listening_port(&mut self, server: Endpoint, ip: IpInfo, at: Stamp) {
        if self.facts.hosts.len() >= HOSTS && !self.facts.hosts.contains_key(&server.ip) {
            return;
        }
        let host = self.facts.hosts.entry(server.ip).or_default();
        let (low, high) = host.ttl.unwrap_or((ip.ttl, ip.ttl));
        host.ttl = Some((low.min(ip.ttl), high.max(ip.ttl)));
        host.syn_ack_ids.0 |= ip.id == Some(0);
        host.syn_ack_ids.1 |= ip.id.is_some_and(|id| id != 0);
        if host.accepted.len() < PORTS && host.accepted.iter().all(|&(port, _)| port != server.port) {
            host.accepted.push((server.port, at));
        }
    }

    /// TTLs of a host's SYN-ACKs in other connections.
    pub(super) fn known_ttl(&self, ip: IpAddr) -> Option<(u8, u8)> {
        self.facts.hosts.get(&ip).and_then(|host: &Host| host.ttl)
    }

    /// Counts a frame, and moves packet time on.
    pub(super) fn count_frame(&mut self, frame: &Frame<'_>) {
        let totals = &mut self.totals;
        totals.packets = totals.packets.saturating_add(1);
        totals.bytes = totals.bytes.saturating_add(u64::from(frame.wire_length));
        if self.last.time < frame.at.time || totals.packets == 1 {
            self.last = frame.at;
        }
        if let Some(before) = self.previous.filter(|before| frame.at.time < before.time)
            && before.frame.input == frame.at.frame.input
        {
            self.note_clock_step(ClockStep { before, after: frame.at });
        }
        self.previous = Some(frame.at);
        if usize::try_from(frame.wire_length).is_ok_and(|length| length > frame.data.len()) {
            self.facts.cut_frames = self.facts.cut_frames.saturating_add(1);
            self.facts.first_cut.get_or_insert(frame.at.frame);
        }
    }

    /// Packet time ran backwards.
    fn note_clock_step(&mut self, step: ClockStep) {
        let clock = &mut self.facts.clock;
        clock.older_frames = clock.older_frames.saturating_add(1);
        clock.first.get_or_insert(step);
        if step.length() >= CLOCK_STEP && clock.steps.len() < CLOCK_STEPS {
            clock.steps.push(step);
        }
    }

    /// Keeps an ICMP error, if there is room.
    pub(super) fn icmp_error(&mut self, error: IcmpError) {
        self.events = self.events.saturating_add(1);
        if self.facts.icmp_errors.len() < ICMP_ERRORS {
            self.facts.icmp_errors.push(error);
        } else {
            self.pass_over("ICMP errors beyond the limit");
        }
    }
}
