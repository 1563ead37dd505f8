//! A capture that goes on: what it comes to so far, and how it forgets.
//!
//! A snapshot is the analysis that the capture would give if it ended now. Conversations that are over stand in it as they
//! are, those that are open as they would be; nothing is copied that has not changed since the last snapshot. Rules judge
//! it as they judge a file. Conversations are let go as those of a file are: see [`super::letting_go`].

use super::failures::{self, FailureIndex};
use super::pairs;
use super::pipeline::{Pipeline, mark_reused};
use super::state::{EngineState, HOSTS, ICMP_ERRORS};
use super::tcp::TcpFlow;
use crate::model::{
    Analysis, CaptureFacts, Conversation, ConversationId, FailedConnections, Input, Stamp, Timestamp, Totals,
};

/// TLS secrets from which on those are forgotten that came so far: some 40 MB.
const SECRETS: usize = 200_000;

/// Numbers of what the engine holds at present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Flows in the tables, open or over.
    pub flows: usize,
    /// Conversations that the rules see.
    pub conversations: usize,
    /// Bytes that wait for earlier ones, or for the rest of their message.
    pub waiting_bytes: usize,
    /// Conversations given up because the tables were full.
    pub evicted: u64,
}

/// The failed connections as they stood before those that are open and never came about so far.
struct FailuresBefore {
    failed: Vec<FailedConnections>,
    left_out: u64,
    index: FailureIndex,
}

impl Pipeline {
    /// Lends the analysis that the capture would give if it ended now. `end` is the packet time that it is now: at least
    /// that of the last frame.
    pub fn snapshot<R>(&mut self, inputs: Vec<Input>, end: Timestamp, look: impl FnOnce(&Analysis) -> R) -> R {
        let end = end.max(self.state.last.time);
        let totals = self.put_in_order(end);
        let aside = self.add_failures();
        let state = &mut self.state;
        mark_reused(&mut state.conversations);
        let conversations = std::mem::take(&mut state.conversations);
        let facts = CaptureFacts { fragments_lost: self.decoder.fragments_lost(), ..std::mem::take(&mut state.facts) };
        let end = (totals.packets > 0).then_some(end);
        let analysis = Analysis { inputs, totals, conversations, facts, logs: Vec::new(), end };
        let answer = look(&analysis);
        (state.conversations, state.facts) = (analysis.conversations, analysis.facts);
        if let Some(aside) = aside {
            (state.facts.failed, state.facts.failed_left_out) = (aside.failed, aside.left_out);
            state.failures = aside.index;
        }
        answer
    }

    /// Puts conversations that go on among those that are over, all in the order of their first frames. Gives the totals with theirs.
    pub(super) fn put_in_order(&mut self, end: Timestamp) -> Totals {
        let totals = self.show_open(end);
        self.arrange(|_, _| true);
        totals
    }

    /// Frames so far that can make rules speak.
    pub fn events(&self) -> u64 {
        self.state.events
    }

    /// What was counted so far, but for messages of conversations that are open.
    pub fn totals(&self) -> &Totals {
        &self.state.totals
    }

    /// The latest packet time; `None` before the first frame.
    pub fn now(&self) -> Option<Timestamp> {
        (self.state.totals.packets > 0).then_some(self.state.last.time)
    }

    /// Numbers of what the engine holds at present.
    pub fn usage(&self) -> Usage {
        Usage {
            flows: self.tcp.len().saturating_add(self.udp.len()),
            conversations: self.state.conversations.len(),
            waiting_bytes: self.state.waiting_bytes,
            evicted: self.state.facts.evicted,
        }
    }

    /// Lets go of facts from before a time that rules ask for by time, where there is little room left for further ones, and of
    /// TLS secrets beyond a number. Says whether anything went that a finding may rest on.
    pub(crate) fn forget_facts(&mut self, before: Timestamp) -> bool {
        self.state.secrets.let_go_beyond(SECRETS);
        let datagrams = pairs::is_crowded(&self.state.facts) && self.retire_datagrams(before);
        self.state.retire_facts(before) || datagrams
    }

    /// Puts what is known of open conversations among the others. Gives the totals with theirs.
    fn show_open(&mut self, end: Timestamp) -> Totals {
        let end = Stamp { time: end, frame: self.state.last.frame };
        let mut totals = self.state.totals.clone();
        for open in self.tcp.values_mut().filter_map(TcpFlow::open) {
            open.put_preview(&mut self.state, end);
            for (protocol, count) in open.counts() {
                let total = totals.messages.entry(protocol.name).or_default();
                *total = total.saturating_add(count);
            }
        }
        totals
    }

    /// Adds connections that never came about so far to the facts. Gives what is to be put back after the snapshot.
    fn add_failures(&mut self) -> Option<FailuresBefore> {
        let (hides, now) = (self.state.hides_attempts, self.state.last.time);
        let open = self.tcp.values_mut().filter_map(TcpFlow::open);
        let open = open.filter(|open| !(hides && open.is_young_attempt(now)));
        let mut failures: Vec<_> = open.filter_map(|open| open.failure()).collect();
        if failures.is_empty() {
            return None;
        }
        let state = &mut self.state;
        let aside = FailuresBefore {
            failed: state.facts.failed.clone(),
            left_out: state.facts.failed_left_out,
            index: state.failures.clone(),
        };
        failures.sort_by_key(|connection| connection.stream);
        for connection in failures {
            state.failures.add(&mut state.facts, connection);
        }
        Some(aside)
    }

    /// Puts conversations in the order of their first frames, numbers them, and drops those that need not stay.
    pub(super) fn arrange(&mut self, mut stays: impl FnMut(usize, &Conversation) -> bool) {
        let mut dropped = std::mem::take(&mut self.state.dropped);
        dropped.sort_unstable();
        // Numbers are those of the present places first, so that each can tell afterwards where it came from.
        let conversations = &mut self.state.conversations;
        for (place, conversation) in (0..).map(ConversationId::new).zip(conversations.iter_mut()) {
            conversation.id = place;
        }
        let count = conversations.len();
        conversations.retain(|c| dropped.binary_search(&c.id).is_err() && stays(c.id.index(), c));
        let order = |c: &Conversation| (c.first.frame, c.stream);
        if !conversations.iter().is_sorted_by_key(order) {
            conversations.sort_by_cached_key(order);
        }
        let mut places = vec![None; count];
        let mut moved = count != conversations.len();
        for (place, conversation) in (0..).map(ConversationId::new).zip(conversations.iter_mut()) {
            moved |= conversation.id != place;
            if let Some(new) = places.get_mut(conversation.id.index()) {
                *new = Some(place);
            }
            conversation.id = place;
        }
        if moved {
            self.follow(&places);
        }
    }

    /// Conversations were moved: `places` has the new place for each old one.
    fn follow(&mut self, places: &[Option<ConversationId>]) {
        let new = |place: ConversationId| places.get(place.index()).copied().flatten();
        for flow in self.tcp.values_mut() {
            let place = flow.place();
            *place = place.and_then(new);
        }
        self.udp.retain(|flow| {
            let (kept, _) = flow.places();
            let was_kept = kept.is_some();
            *kept = kept.and_then(new);
            !was_kept || kept.is_some()
        });
    }

    /// Of each conversation, whether it is one of the open TCP flows.
    pub(super) fn are_open(&mut self) -> Vec<bool> {
        let mut are_open = vec![false; self.state.conversations.len()];
        for open in self.tcp.values_mut().filter_map(TcpFlow::open) {
            if let Some(open) = open.place().and_then(|place| are_open.get_mut(place.index())) {
                *open = true;
            }
        }
        are_open
    }

    fn retire_datagrams(&mut self, before: Timestamp) -> bool {
        let Some(places) = self.state.pairs.retire(&mut self.state.facts, before) else { return false };
        self.udp.retain(|flow| {
            let (_, pair) = flow.places();
            let was_counted = pair.is_some();
            *pair = pair.and_then(|place| places.get(usize::try_from(place).ok()?).copied().flatten());
            !was_counted || pair.is_some()
        });
        true
    }
}

impl EngineState {
    fn retire_facts(&mut self, before: Timestamp) -> bool {
        let facts = &mut self.facts;
        let held = (facts.icmp_errors.len(), facts.hosts.len(), facts.failed.len());
        if facts.icmp_errors.len() > ICMP_ERRORS / 2 {
            facts.icmp_errors.retain(|error| error.at.time >= before);
        }
        if facts.hosts.len() > HOSTS / 2 {
            facts.hosts.retain(|_, host| host.accepted.iter().any(|(_, at)| at.time >= before));
        }
        if failures::is_crowded(facts) {
            self.failures.retire(facts, before);
        }
        held != (facts.icmp_errors.len(), facts.hosts.len(), facts.failed.len())
    }
}
