//! TCP conversations of the pipeline: from the first segment of a flow to the conversation in the report.

use super::dissection::{self, Dissection, DissectionResult};
use super::readings;
use super::reopened::{NewSyn, Shows};
use super::state::EngineState;
use super::{DecodeAs, FrameRelevance, MessageRetention, Options, UNWANTED};
use crate::decode::{self, Segment, flags};
use crate::model::{
    Close, CloseBy, Conversation, ConversationId, Endpoint, FrameRef, Message, PerSide, Setup, Side, Span, Stamp, Stay,
    Timestamp,
};
use crate::stream::{Connection, FlowKey, FlowTable, Sink, Tombstone};
use nrpcsniff_dissectors::{Protocol, usual_at};

/// Messages that make the opening of a conversation: session request and response, authentication both ways.
const OPENING: u64 = 4;

/// A connection attempt of which nothing was heard for this long is over: longer than the longest pause between two SYNs of common
/// systems (64 seconds, RFC 6298 section 5.7 with six tries).
const UNANSWERED: Span = Span::from_secs(130);
/// One that was refused is over sooner: systems that try again after a RST do it within a second or two.
const REFUSED: Span = Span::from_secs(10);
/// A connection attempt of this age may still come about: of a flood there are too many to look at each again and again.
const YOUNG: Span = Span::from_secs(10);
/// A reply that takes this long makes a conversation worth a look.
const SLOW: Span = Span::from_secs(1);

/// A flow in the table.
pub(super) enum TcpFlow {
    /// The conversation goes on.
    Open(Box<OpenFlow>),
    /// The conversation is over, or no dissector wants it: further packets belong to it until a SYN opens the next.
    Closed(Tombstone),
}

impl TcpFlow {
    /// If it is still going on.
    pub(super) fn open(&mut self) -> Option<&mut OpenFlow> {
        match self {
            Self::Open(open) => Some(open),
            Self::Closed(_) => None,
        }
    }

    /// Where it stands among the conversations, if it does.
    pub(super) fn place(&mut self) -> &mut Option<ConversationId> {
        match self {
            Self::Open(open) => &mut open.place,
            Self::Closed(tombstone) => &mut tombstone.kept,
        }
    }
}

/// A connection that goes on, and its dissection.
pub(super) struct OpenFlow {
    connection: Connection,
    dissection: DissectionState,
    /// Protocol whose usual port this is.
    by_port: Option<&'static Protocol>,
    /// The report keeps it, whatever it says.
    is_reported: bool,
    /// Messages seen when the first FIN or RST came.
    at_close: Option<PerSide<u64>>,
    /// Bytes that wait in it.
    waiting: usize,
    given_up: Option<&'static str>,
    /// Where a snapshot put what is known of it.
    place: Option<ConversationId>,
    /// Something came since that snapshot.
    changed: bool,
    /// Conversations that began before it and were let go.
    skipped: u32,
    /// A SYN that may open another connection on its ports.
    new_syn: Option<Box<NewSyn>>,
}

/// What becomes of a segment of a connection's addresses and ports.
enum Belongs {
    /// The connection takes it.
    Here,
    /// The next segments tell.
    Undecided,
    /// Another connection takes it, which that SYN opened before, if there was one.
    Elsewhere(Option<Box<NewSyn>>),
}

/// Whether a dissector reads the conversation.
enum DissectionState {
    /// No data yet.
    NoData,
    /// A dissector reads it, or is being looked for.
    Running(Box<Dissection>),
    /// No dissector wants it.
    Unwanted,
}

struct NullSink;

impl Sink for NullSink {
    fn bytes(&mut self, _: Side, _: u64, _: &[u8], _: Stamp) {}
    fn gap(&mut self, _: Side, _: u64, _: u64, _: Stamp) {}
}

/// Takes a segment. The flow stays in the table after its end, because late packets would otherwise look like a new
/// conversation.
pub(super) fn segment(
    table: &mut FlowTable<TcpFlow>,
    state: &mut EngineState,
    segment: &Segment<'_>,
    at: Stamp,
) -> FrameRelevance {
    let source = Endpoint { ip: segment.ip.source, port: segment.source_port };
    let destination = Endpoint { ip: segment.ip.destination, port: segment.destination_port };
    let key = FlowKey::new(source, destination);
    if let Some(flow) = table.get(key) {
        let new_syn = match flow {
            TcpFlow::Open(open) => match open.belongs(state, segment, at) {
                Belongs::Here => {
                    let over = open.segment(state, segment, at);
                    let is_wanted = open.is_wanted();
                    if over {
                        close(flow, state, at);
                    }
                    return FrameRelevance { flow: Some(key), is_wanted };
                }
                Belongs::Undecided => return FrameRelevance { flow: Some(key), is_wanted: open.is_wanted() },
                Belongs::Elsewhere(new_syn) => new_syn,
            },
            TcpFlow::Closed(tombstone) if !tombstone.is_reopened_by(segment) => {
                late_segment(*tombstone, state, segment, at);
                return FrameRelevance { flow: Some(key), is_wanted: tombstone.kept.is_some() };
            }
            TcpFlow::Closed(_) => None,
        };
        close(flow, state, at);
        if let Some(syn) = new_syn {
            *flow = TcpFlow::Open(OpenFlow::opened_by(&syn, state));
            return self::segment(table, state, segment, at);
        }
    }
    let mut open = Box::new(OpenFlow::new(state, segment, at));
    let over = open.segment(state, segment, at);
    let is_wanted = open.is_wanted();
    let mut flow = TcpFlow::Open(open);
    if over {
        close(&mut flow, state, at);
    }
    let forgotten = table.insert(key, flow);
    if !forgotten.is_empty() {
        forget(table, forgotten, state, at);
    }
    FrameRelevance { flow: Some(key), is_wanted }
}

/// Concludes every flow that is still open: the capture has ended.
pub(super) fn conclude(flows: impl Iterator<Item = TcpFlow>, state: &mut EngineState, at: Stamp) {
    for open in still_open(flows) {
        open.conclude(state, at, None);
    }
}

/// The table was full: what had no packet for a whole generation goes, apart from conversations that matter. Of those
/// half a generation may stay, the latest heard first: a Notes session may well be silent while a busy server opens and
/// closes a hundred thousand others.
fn forget(table: &mut FlowTable<TcpFlow>, forgotten: Vec<TcpFlow>, state: &mut EngineState, at: Stamp) {
    let mut open = still_open(forgotten.into_iter());
    open.sort_by_key(|open| (!open.matters(), std::cmp::Reverse(open.connection.last().time)));
    let stay = open.iter().take_while(|open| open.matters()).count().min(state.options.limits.flows / 2);
    let go = open.split_off(stay);
    for open in open {
        let key = FlowKey::new(open.connection.client(), open.connection.server());
        drop(table.insert(key, TcpFlow::Open(open)));
    }
    for open in go {
        state.facts.evicted = state.facts.evicted.saturating_add(1);
        open.conclude(state, at, Some("forgotten because too many flows were open"));
    }
}

/// The flows that are still open, in the order in which they began: the table has none.
#[expect(clippy::vec_box, reason = "they are sorted, and some go back into the table as they are")]
fn still_open(flows: impl Iterator<Item = TcpFlow>) -> Vec<Box<OpenFlow>> {
    let mut open: Vec<_> = flows
        .filter_map(|flow| match flow {
            TcpFlow::Open(open) => Some(open),
            TcpFlow::Closed(_) => None,
        })
        .collect();
    open.sort_by_key(|open| open.connection.stream);
    open
}

/// Concludes flows that never came about and of which nothing more is to be expected.
pub(super) fn give_up(table: &mut FlowTable<TcpFlow>, state: &mut EngineState, at: Stamp) {
    let given_up = |flow: &&mut TcpFlow| matches!(flow, TcpFlow::Open(open) if open.is_given_up(at.time));
    let mut flows: Vec<_> = table.values_mut().filter(given_up).collect();
    flows.sort_by_key(|flow| if let TcpFlow::Open(open) = flow { open.stream() } else { 0 });
    for flow in flows {
        close(flow, state, at);
    }
}

/// Concludes an open flow and leaves a tombstone in its place.
fn close(flow: &mut TcpFlow, state: &mut EngineState, at: Stamp) {
    let TcpFlow::Open(open) = flow else { return };
    let connection = &open.connection;
    let nobody = TcpFlow::Closed(connection.tombstone());
    if let TcpFlow::Open(open) = std::mem::replace(flow, nobody) {
        *flow = TcpFlow::Closed(open.conclude(state, at, None));
    }
}

/// A packet after the end: counted, and its RST noted.
fn late_segment(tombstone: Tombstone, state: &mut EngineState, segment: &Segment<'_>, at: Stamp) {
    let Some(index) = tombstone.kept.map(ConversationId::index) else { return };
    let Some(conversation) = state.conversations.get_mut(index) else { return };
    let side = tombstone.side_of(segment);
    conversation.packets[side] = conversation.packets[side].saturating_add(1);
    if conversation.last.time <= at.time {
        conversation.last = at;
    }
    if segment.flags & (flags::RST | flags::FIN) != 0 {
        state.events = state.events.saturating_add(1);
    }
    if segment.flags & flags::RST != 0 {
        conversation.teardown.rst[side].get_or_insert(at);
    } else if segment.flags & flags::FIN != 0 {
        conversation.teardown.fin[side].get_or_insert(at);
    }
}

impl OpenFlow {
    fn new(state: &mut EngineState, segment: &Segment<'_>, at: Stamp) -> Self {
        let stream = state.next_tcp_stream();
        Self::numbered(stream, state, segment, at)
    }

    /// The connection that a SYN opened after all.
    fn opened_by(syn: &NewSyn, state: &mut EngineState) -> Box<Self> {
        let mut open = Box::new(Self::numbered(syn.stream, state, syn.segment(), syn.at));
        open.segment(state, syn.segment(), syn.at);
        open
    }

    /// Does the segment belong to this connection? A SYN with another number is set aside where the connection is open.
    fn belongs(&mut self, state: &mut EngineState, segment: &Segment<'_>, at: Stamp) -> Belongs {
        if let Some(syn) = self.new_syn.take() {
            match syn.shown_by(segment) {
                Shows::Another => return Belongs::Elsewhere(Some(syn)),
                Shows::Nothing => self.new_syn = Some(syn),
                Shows::GoesOn => self.connection.count(syn.segment()),
            }
            return Belongs::Here;
        }
        if !self.connection.is_reopened_by(segment) {
            Belongs::Here
        } else if self.connection.is_opened() && !self.connection.is_closing() && segment.payload_length == 0 {
            self.new_syn = Some(Box::new(NewSyn::new(segment, at, state.next_tcp_stream())));
            Belongs::Undecided
        } else {
            Belongs::Elsewhere(None)
        }
    }

    fn numbered(stream: u32, state: &mut EngineState, segment: &Segment<'_>, at: Stamp) -> Self {
        let mut connection = Connection::new(stream, segment, at, |port| state.options.is_usual(port));
        state.totals.tcp_conversations = state.totals.tcp_conversations.saturating_add(1);
        let by_port = usual_protocol(connection.server().port, &state.options);
        let is_reported = by_port.is_some() || state.options.all;
        if is_reported {
            connection.watch();
        }
        let (dissection, at_close, place) = (DissectionState::NoData, None, None);
        Self {
            connection,
            dissection,
            by_port,
            is_reported,
            at_close,
            waiting: 0,
            given_up: None,
            place,
            changed: true,
            skipped: state.facts.let_go.conversations,
            new_syn: None,
        }
    }

    /// Takes a segment; true if nothing more is wanted of the connection. Messages are counted when the close begins, because
    /// those that come after it do not tell how far both sides got.
    fn segment(&mut self, state: &mut EngineState, segment: &Segment<'_>, at: Stamp) -> bool {
        let had_answer = self.connection.syn_ack().is_some();
        let was_watched = self.connection.is_watched();
        let mut checksum = was_watched.then(|| decode::tcp_checksum_ok(segment)).flatten();
        if segment.payload_length > 0 && matches!(self.dissection, DissectionState::NoData) {
            self.start_dissection(segment, checksum, state);
            if !was_watched && self.connection.is_watched() {
                checksum = decode::tcp_checksum_ok(segment);
            }
        }
        let reset = segment.flags & flags::RST != 0;
        let known_ttl = if reset { state.known_ttl(segment.ip.source) } else { None };
        let (connection, limits) = (&mut self.connection, &state.options.limits);
        match &mut self.dissection {
            DissectionState::Running(dissection) => {
                connection.segment(segment, at, checksum, known_ttl, limits, &mut **dissection);
            }
            _ => connection.segment(segment, at, checksum, known_ttl, limits, &mut NullSink),
        }
        self.apply_dissection();
        self.limit_memory(state, at);
        if let Some(answer) = self.connection.syn_ack().filter(|_| !had_answer) {
            state.note_listening_port(self.connection.server(), segment.ip, answer);
        }
        if self.at_close.is_some() && !self.connection.is_closing() {
            // What looked like the end was not taken for one.
            self.at_close = None;
        } else if self.at_close.is_none() && self.connection.is_closing() {
            self.at_close = Some(match &self.dissection {
                DissectionState::Running(dissection) => dissection.seen(),
                _ => PerSide::default(),
            });
        }
        self.changed = true;
        let tells = segment.payload_length > 0 || segment.flags & (flags::SYN | flags::FIN | flags::RST) != 0;
        if tells && (self.is_reported || self.matters() || has_failed(&self.connection)) {
            state.events = state.events.saturating_add(1);
        }
        self.connection.is_over() || self.is_unwanted()
    }

    /// A dissector may want it, or the report keeps it.
    fn is_wanted(&self) -> bool {
        self.is_reported || !matches!(self.dissection, DissectionState::Unwanted)
    }

    /// A conversation that never came about or was reset, and of which nothing was heard for so long that no more is to be expected.
    pub(super) fn is_given_up(&self, now: Timestamp) -> bool {
        let patience = match self.connection.setup() {
            Setup::Refused => REFUSED,
            Setup::NoAnswer => UNANSWERED,
            _ if self.connection.is_reset() => UNANSWERED,
            _ => return false,
        };
        self.connection.last().time.plus(patience) < now
    }

    /// It never came about so far, and began only just now.
    pub(super) fn is_young_attempt(&self, now: Timestamp) -> bool {
        has_failed(&self.connection) && self.connection.first().time.plus(YOUNG) > now
    }

    /// Number of the conversation.
    pub(super) fn stream(&self) -> u32 {
        self.connection.stream
    }

    /// The place that a snapshot gave it among the conversations.
    pub(super) fn place(&self) -> Option<ConversationId> {
        self.place
    }

    /// The connection, if it never came about.
    pub(super) fn failure(&self) -> Option<&Connection> {
        has_failed(&self.connection).then_some(&self.connection)
    }

    /// Messages seen of each protocol.
    pub(super) fn counts(&self) -> Vec<(&'static Protocol, u64)> {
        match &self.dissection {
            DissectionState::Running(dissection) => dissection.counts().collect(),
            _ => Vec::new(),
        }
    }

    /// What a snapshot put among the conversations is there no more: the next one puts it there again.
    pub(super) fn show_again(&mut self) {
        self.changed |= self.place.is_none();
    }

    /// Conversations were let go: `before` tells how many began before a frame.
    pub(super) fn skip(&mut self, before: impl Fn(FrameRef) -> u32) {
        self.skipped = self.skipped.saturating_add(before(self.connection.first().frame));
    }

    /// Lets go of messages that need not stay, if it has many.
    pub(super) fn let_go_of(&mut self, stays: impl FnMut(&Message) -> bool) {
        if let DissectionState::Running(dissection) = &mut self.dissection
            && Stay::is_long(dissection.kept())
        {
            self.changed |= dissection.let_go_of(stays);
        }
    }

    /// Bytes of the messages that it keeps.
    pub(super) fn weight(&self) -> usize {
        match &self.dissection {
            DissectionState::Running(dissection) => dissection.weight(),
            _ => 0,
        }
    }

    /// Messages of it that are kept.
    pub(super) fn messages(&self) -> usize {
        match &self.dissection {
            DissectionState::Running(dissection) => dissection.kept(),
            _ => 0,
        }
    }

    /// Puts what is known of it among the conversations, as if the capture ended now; nothing if it is there already and
    /// has not changed.
    pub(super) fn put_preview(&mut self, state: &mut EngineState, end: Stamp) {
        let is_hidden = state.hides_attempts && self.is_young_attempt(end.time);
        if is_hidden || !std::mem::take(&mut self.changed) {
            return;
        }
        if !(self.is_reported || self.matters()) {
            state.dropped.extend(self.place.take());
            return;
        }
        let before = self.place.and_then(|place| state.conversation(place));
        let before = before.map(|conversation| std::mem::take(&mut conversation.messages)).unwrap_or_default();
        let result = match &self.dissection {
            DissectionState::Running(dissection) => dissection.preview(before),
            _ => DissectionResult::default(),
        };
        let mut conversation = self.connection.preview(end);
        let versions = other_versions(&self.connection);
        // It may time out without another packet.
        self.changed = conversation.teardown.how == Close::Open && conversation.tcp.unanswered.is_some();
        complete(&mut conversation, result, self.by_port, self.at_close.unwrap_or_default());
        readings::tell(&mut conversation, &versions);
        (conversation.given_up, conversation.skipped) = (self.given_up, self.skipped);
        self.place = state.put_conversation(self.place, conversation);
    }

    /// The report will show it: somebody said something that a dissector reads.
    fn matters(&self) -> bool {
        matches!(&self.dissection, DissectionState::Running(dissection) if dissection.protocol().is_some())
    }

    /// Counts what waits in this connection. Beyond the limit of all together it lets go.
    fn limit_memory(&mut self, state: &mut EngineState, at: Stamp) {
        let waiting = self.waiting_bytes();
        let before = std::mem::replace(&mut self.waiting, waiting);
        state.waiting_bytes = state.waiting_bytes.saturating_sub(before).saturating_add(self.waiting);
        if state.waiting_bytes > state.options.limits.total_bytes && self.waiting > 0 {
            match &mut self.dissection {
                DissectionState::Running(dissection) => {
                    self.connection.let_go(at, &mut **dissection);
                    dissection.let_go();
                }
                _ => self.connection.let_go(at, &mut NullSink),
            }
            self.given_up = Some("bytes that waited for earlier ones were let go: limit of memory");
            self.apply_dissection();
            state.waiting_bytes = state.waiting_bytes.saturating_sub(std::mem::take(&mut self.waiting));
        }
    }

    fn waiting_bytes(&self) -> usize {
        let pending = match &self.dissection {
            DissectionState::Running(dissection) => dissection.pending_bytes(),
            _ => 0,
        };
        self.connection.waiting_bytes().saturating_add(pending)
    }

    /// Nobody wants it, and it has shown all that matters to others.
    fn is_unwanted(&self) -> bool {
        matches!(self.dissection, DissectionState::Unwanted) && !self.is_reported && self.connection.is_opened()
    }

    /// The first data: a dissector may want it. What its receiver would not take does not tell.
    fn start_dissection(&mut self, segment: &Segment<'_>, checksum: Option<bool>, state: &EngineState) {
        let options = &state.options;
        let (client, server) = (self.connection.client().port, self.connection.server().port);
        if self.connection.roles_guessed() {
            // It may begin with the rest of anything, and is of the report once a message tells what it is.
            self.is_reported &= options.all || [client, server].iter().any(|&port| options.is_claimed(port));
        } else if !options.all && self.connection.begins_stream(segment) && !self.connection.doubts(segment, checksum) {
            let from = self.connection.side_of(Endpoint { ip: segment.ip.source, port: segment.source_port });
            if dissection::is_unwanted(from, segment.payload, [client, server], options) {
                self.dissection = DissectionState::Unwanted;
                self.is_reported = false;
                self.connection.ignore();
                return;
            }
        }
        self.connection.watch();
        let dissection = Dissection::new([client, server], self.connection.roles_guessed(), state);
        self.dissection = DissectionState::Running(Box::new(dissection));
    }

    /// After a segment: who is who, and does anybody want it?
    fn apply_dissection(&mut self) {
        let DissectionState::Running(dissection) = &mut self.dissection else { return };
        if dissection.take_flip() {
            self.connection.swap_roles();
        }
        if dissection.is_ignored() {
            self.dissection = DissectionState::Unwanted;
            if !self.is_reported {
                self.connection.ignore();
            }
        }
    }

    /// Makes it a conversation of the report, or counts it. Gives what is left of it. The stream is flushed before anything is
    /// asked of the dissection, since what waits behind a hole may hold the only message.
    fn conclude(mut self: Box<Self>, state: &mut EngineState, at: Stamp, given_up: Option<&'static str>) -> Tombstone {
        let new_syn = self.new_syn.take();
        let tombstone = self.conclude_itself(state, at, given_up);
        match new_syn {
            Some(syn) => OpenFlow::opened_by(&syn, state).conclude(state, at, given_up),
            None => tombstone,
        }
    }

    fn conclude_itself(
        mut self: Box<Self>,
        state: &mut EngineState,
        at: Stamp,
        given_up: Option<&'static str>,
    ) -> Tombstone {
        state.waiting_bytes = state.waiting_bytes.saturating_sub(self.waiting);
        let limits = &state.options.limits;
        let result = if let DissectionState::Running(mut dissection) = self.dissection {
            self.connection.flush(at, limits, &mut *dissection);
            if dissection.take_flip() {
                self.connection.swap_roles();
            }
            dissection.finish()
        } else {
            self.connection.flush(at, limits, &mut NullSink);
            DissectionResult::default()
        };
        // Failed connections are facts whatever was spoken on their port, and are noted before strangers are let go.
        if has_failed(&self.connection) {
            state.failures.add(&mut state.facts, &self.connection);
        }
        if result.protocol.is_none() && !self.is_reported {
            state.dropped.extend(self.place);
            state.pass_over(UNWANTED);
            return self.connection.tombstone();
        }
        for (protocol, count) in result.counts() {
            state.count_messages(protocol, count);
        }
        let mut tombstone = self.connection.tombstone();
        let versions = other_versions(&self.connection);
        let mut conversation = self.connection.conclude(state.last);
        complete(&mut conversation, result, self.by_port, self.at_close.unwrap_or_default());
        readings::tell(&mut conversation, &versions);
        (conversation.given_up, conversation.skipped) = (given_up.or(self.given_up), self.skipped);
        if state.options.retention == MessageRetention::Essential && is_ordinary(&conversation) {
            let before = conversation.weight();
            shorten(&mut conversation.messages);
            state.budget.release(before.saturating_sub(conversation.weight()));
        }
        tombstone.kept = match self.place {
            Some(_) => state.put_conversation(self.place, conversation),
            None => state.add_conversation(conversation),
        };
        tombstone
    }
}

/// Of each side that is disputed what else it may have said.
fn other_versions(connection: &Connection) -> PerSide<Option<(u64, Vec<u8>)>> {
    PerSide { client: connection.other_version(Side::Client), server: connection.other_version(Side::Server) }
}

/// It never came about, as far as it goes.
fn has_failed(connection: &Connection) -> bool {
    matches!(connection.setup(), Setup::Refused | Setup::NoAnswer)
}

/// The protocol whose usual port that is.
fn usual_protocol(port: u16, options: &Options) -> Option<&'static Protocol> {
    match options.decode_as(port) {
        Some(DecodeAs::Protocol(protocol)) => Some(protocol),
        Some(DecodeAs::Nothing) => None,
        None => usual_at(port),
    }
}

/// Nothing about it that anybody would look at message by message: it was opened, went on, and was ended by FIN.
fn is_ordinary(conversation: &Conversation) -> bool {
    conversation.setup == Setup::Handshake
        && conversation.teardown.how == Close::Fin
        && conversation.messages_seen.client > OPENING
        && conversation.quality.gaps == 0
        && conversation.tcp.stalls.is_empty()
        && conversation.tcp.zero_windows.is_empty()
        && conversation.turns.slowest.iter().all(|turn| turn.length() < SLOW)
        && !conversation.messages.iter().any(|message| message.body.is_notable() || message.body.is_essential())
}

/// Leaves the opening and the end of an ordinary conversation.
fn shorten(messages: &mut Vec<Message>) {
    let (opening, end) = (usize::try_from(OPENING).unwrap_or(usize::MAX), messages.len().saturating_sub(2));
    let mut index = 0_usize;
    messages.retain(|_| {
        index = index.saturating_add(1);
        index <= opening || index > end
    });
    messages.shrink_to_fit();
}

/// Adds the result of the dissection to what the stream knows of a conversation. A port says something only while nobody has
/// spoken.
fn complete(
    conversation: &mut Conversation,
    result: DissectionResult,
    by_port: Option<&'static Protocol>,
    at_close: PerSide<u64>,
) {
    let by_port = by_port.filter(|_| result.protocol.is_none() && conversation.bytes == PerSide::default());
    conversation.protocol = result.protocol.or(by_port);
    conversation.protocol_by_port = by_port.is_some();
    let teardown = &mut conversation.teardown;
    teardown.after_message = messages_before_close(teardown.by, teardown.at.is_some(), at_close, result.seen);
    conversation.over_tls = result.over_tls;
    conversation.tls = result.tls;
    conversation.turns = result.turns;
    conversation.messages = result.messages;
    conversation.messages_seen = result.seen;
    conversation.undissected = result.undissected;
}

/// Messages before the close: the closer's own all come before it, however late the capture brings them; of the
/// other side those that had been seen by then.
fn messages_before_close(by: CloseBy, closed: bool, at_close: PerSide<u64>, seen: PerSide<u64>) -> u32 {
    let count = match (closed, by) {
        (false, _) => seen.client.saturating_add(seen.server),
        (true, CloseBy::Client) => seen.client.saturating_add(at_close.server),
        (true, CloseBy::Server) => at_close.client.saturating_add(seen.server),
        (true, _) => at_close.client.saturating_add(at_close.server),
    };
    u32::try_from(count).unwrap_or(u32::MAX)
}
