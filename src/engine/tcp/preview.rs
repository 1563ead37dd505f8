//! What a snapshot and the letting go ask of a connection that goes on.

use super::conclusion::{complete, other_versions};
use super::{DissectionState, OpenFlow, has_failed};
use crate::engine::dissection::DissectionResult;
use crate::engine::readings;
use crate::engine::state::EngineState;
use crate::model::{Close, ConversationId, FrameRef, Message, Setup, Span, Stamp, Stay, Timestamp};
use crate::stream::Connection;
use nrpcsniff_dissectors::Protocol;

/// A connection attempt of which nothing was heard for this long is over: longer than the longest pause between two SYNs of common
/// systems (64 seconds, RFC 6298 section 5.7 with six tries).
const UNANSWERED: Span = Span::from_secs(130);
/// One that was refused is over sooner: systems that try again after a RST do it within a second or two.
const REFUSED: Span = Span::from_secs(10);
/// A connection attempt of this age may still come about: of a flood there are too many to look at each again and again.
const YOUNG: Span = Span::from_secs(10);

impl OpenFlow {
    /// A conversation that never came about or was reset, and of which nothing was heard for so long that no more is to be expected.
    pub(in crate::engine) fn is_given_up(&self, now: Timestamp) -> bool {
        let patience = match self.connection.setup() {
            Setup::Refused => REFUSED,
            Setup::NoAnswer => UNANSWERED,
            _ if self.connection.is_reset() => UNANSWERED,
            _ => return false,
        };
        self.connection.last().time.plus(patience) < now
    }

    /// It never came about so far, and began only just now.
    pub(in crate::engine) fn is_young_attempt(&self, now: Timestamp) -> bool {
        has_failed(&self.connection) && self.connection.first().time.plus(YOUNG) > now
    }

    /// Number of the conversation.
    pub(in crate::engine) fn stream(&self) -> u32 {
        self.connection.stream
    }

    /// The place that a snapshot gave it among the conversations.
    pub(in crate::engine) fn place(&self) -> Option<ConversationId> {
        self.place
    }

    /// The connection, if it never came about.
    pub(in crate::engine) fn failure(&self) -> Option<&Connection> {
        has_failed(&self.connection).then_some(&self.connection)
    }

    /// Messages seen of each protocol.
    pub(in crate::engine) fn counts(&self) -> Vec<(&'static Protocol, u64)> {
        match &self.dissection {
            DissectionState::Running(dissection) => dissection.counts().collect(),
            _ => Vec::new(),
        }
    }

    /// What a snapshot put among the conversations is there no more: the next one puts it there again.
    pub(in crate::engine) fn show_again(&mut self) {
        self.changed |= self.place.is_none();
    }

    /// Conversations were let go: `before` tells how many began before a frame.
    pub(in crate::engine) fn skip(&mut self, before: impl Fn(FrameRef) -> u32) {
        self.skipped = self.skipped.saturating_add(before(self.connection.first().frame));
    }

    /// Lets go of messages that need not stay, if it has many.
    pub(in crate::engine) fn let_go_of(&mut self, stays: impl FnMut(&Message) -> bool) {
        if let DissectionState::Running(dissection) = &mut self.dissection
            && Stay::is_long(dissection.kept())
        {
            self.changed |= dissection.let_go_of(stays);
        }
    }

    /// Bytes of the messages that it keeps.
    pub(in crate::engine) fn weight(&self) -> usize {
        match &self.dissection {
            DissectionState::Running(dissection) => dissection.weight(),
            _ => 0,
        }
    }

    /// Messages of it that are kept.
    pub(in crate::engine) fn messages(&self) -> usize {
        match &self.dissection {
            DissectionState::Running(dissection) => dissection.kept(),
            _ => 0,
        }
    }

    /// Puts what is known of it among the conversations, as if the capture ended now; nothing if it is there already and
    /// has not changed.
    pub(in crate::engine) fn put_preview(&mut self, state: &mut EngineState, end: Stamp) {
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
}
