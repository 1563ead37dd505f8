//! What a connection comes to in the report once it is over, and what is kept of it.

use super::{DissectionState, NullSink, OpenFlow, has_failed};
use crate::engine::dissection::DissectionResult;
use crate::engine::readings;
use crate::engine::state::EngineState;
use crate::engine::{MessageRetention, UNWANTED};
use crate::model::{Close, CloseBy, Conversation, Message, PerSide, Setup, Side, Span, Stamp};
use crate::stream::{Connection, Tombstone};
use nrpcsniff_dissectors::Protocol;

/// Messages that make the opening of a conversation: session request and response, authentication both ways.
const OPENING: u64 = 4;
/// A reply that takes this long makes a conversation worth a look.
const SLOW: Span = Span::from_secs(1);

impl OpenFlow {
    /// Makes it a conversation of the report, or counts it. Gives what is left of it. The stream is flushed before anything is
    /// asked of the dissection, since what waits behind a hole may hold the only message.
    pub(super) fn conclude(
        mut self: Box<Self>,
        state: &mut EngineState,
        at: Stamp,
        given_up: Option<&'static str>,
    ) -> Tombstone {
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
pub(super) fn other_versions(connection: &Connection) -> PerSide<Option<(u64, Vec<u8>)>> {
    PerSide { client: connection.other_version(Side::Client), server: connection.other_version(Side::Server) }
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
pub(super) fn complete(
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
