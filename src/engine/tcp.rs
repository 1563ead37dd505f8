//! TCP conversations of the pipeline: from the first segment of a flow to the conversation in the report.

mod conclusion;
mod preview;
mod segments;

use super::FrameRelevance;
use super::dissection::Dissection;
use super::reopened::NewSyn;
use super::state::EngineState;
use crate::decode::{Segment, flags};
use crate::model::{ConversationId, Endpoint, PerSide, Setup, Side, Stamp};
use crate::stream::{Connection, FlowKey, FlowTable, Sink, Tombstone};
use nrpcsniff_dissectors::Protocol;

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

/// It never came about, as far as it goes.
fn has_failed(connection: &Connection) -> bool {
    matches!(connection.setup(), Setup::Refused | Setup::NoAnswer)
}
