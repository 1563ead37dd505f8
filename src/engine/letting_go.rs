//! Memory that does not grow with the capture: what was judged, and has its like among what is kept, is let go.
//!
//! The engine does not know what rules need. When what it holds weighs more than the user allows, it shows what is known to the
//! ledger, which counts what it takes out of it for good and says what must stay: the rest goes. Conversations keep the numbers that
//! they have in a report of everything.

use super::log;
use super::pipeline::Pipeline;
use super::tcp::{self, TcpFlow};
use crate::model::{Analysis, Conversation, FrameRef, Input, LetGo, Stay, Transport};

/// Where less than this part of what is held may go, nothing is judged: nobody gains by it.
const WORTHWHILE: usize = 8;

/// Who judges what is known before it goes.
pub(crate) trait Judge {
    /// Judges what is known, and says what must stay; `is_open` tells of each conversation whether it goes on.
    fn judge(&mut self, analysis: &Analysis, is_open: &[bool]) -> Stay;

    /// This goes now.
    fn goes(&mut self, conversation: &Conversation);
}

impl Pipeline {
    /// More is held than may be, and enough of it may go: it is time for [`Pipeline::let_go`]. Where most belongs to what goes on, it is
    /// not asked again before half as much again is held.
    pub(crate) fn is_full(&mut self) -> bool {
        let held = self.state.budget.held();
        if self.state.room.is_none_or(|room| held <= room) {
            return false;
        }
        self.give_up_attempts();
        if self.may_go() < held / WORTHWHILE {
            self.state.room = Some(held.saturating_add(held / 2));
            return false;
        }
        true
    }

    /// Shows what is known to `judge`, and lets go of what that does not need. `inputs`: those that were read so far.
    pub(crate) fn let_go(&mut self, inputs: Vec<Input>, judge: &mut impl Judge) {
        let last = self.state.last;
        self.give_up_attempts();
        self.state.hides_attempts = true;
        self.put_in_order(last.time);
        let is_open = self.are_open();
        let stay = self.snapshot(inputs, last.time, |analysis| judge.judge(analysis, &is_open));
        self.state.hides_attempts = false;
        self.drop_conversations(&stay, &is_open, judge);
        self.drop_messages(&stay);
        self.state.budget.reset(self.state.options.messages);
        let held = self.weigh();
        self.state.budget.set_held(held);
        // What cannot be let go is judged again the next time, and so is what goes on: the work must not grow with its square.
        let shown = is_open.iter().filter(|is_open| **is_open).count().saturating_mul(size_of::<Conversation>());
        let more = held.saturating_add(shown) / 2;
        self.state.least_room = held.saturating_add(more);
        self.state.room = self.state.options.hold.map(|hold| hold.max(self.state.least_room));
    }

    /// From now on so many bytes may be held, or as many as what must stay takes.
    pub(crate) fn hold_at_most(&mut self, bytes: usize) {
        self.state.options.hold = Some(bytes);
        self.state.room = Some(bytes.max(self.state.least_room));
    }

    /// How many bytes are held of conversations and messages, and how many may be; without a limit as many as are held.
    pub(crate) fn held(&self) -> (usize, usize) {
        let held = self.state.budget.held();
        (held, self.state.room.unwrap_or(held))
    }

    /// What went is summed for rules about the capture as a whole: snapshots have these sums from now on.
    pub(crate) fn sum_up(&mut self, summed: LetGo) {
        let let_go = &mut self.state.facts.let_go;
        *let_go = LetGo { conversations: let_go.conversations, ..summed };
    }

    /// Connection attempts of which nothing more is to be expected are over.
    pub(crate) fn give_up_attempts(&mut self) {
        let last = self.state.last;
        tcp::give_up(&mut self.tcp, &mut self.state, last);
    }

    /// Bytes that are not kept by what goes on, messages of long conversations apart: to judge pays if they are many.
    fn may_go(&mut self) -> usize {
        let is_open = self.are_open();
        let over = self.state.conversations.iter().zip(is_open).filter(|(_, is_open)| !is_open);
        let over = over.map(|(conversation, _)| conversation.weight()).fold(0, usize::saturating_add);
        let open = self.tcp.values_mut().filter_map(TcpFlow::open);
        let long = open.filter(|open| Stay::is_long(open.messages()));
        long.map(|open| open.weight()).fold(over, usize::saturating_add)
    }

    /// What stands in the list for a connection that goes on goes too: the next judgement gets it anew.
    fn drop_conversations(&mut self, stay: &Stay, is_open: &[bool], judge: &mut impl Judge) {
        let (mut gone, mut datagrams) = (Vec::new(), 0_usize);
        let mut keep = Vec::with_capacity(is_open.len());
        for (place, conversation) in self.state.conversations.iter().enumerate() {
            let is_open = is_open.get(place).copied().unwrap_or_default();
            let goes = !is_open && stay.conversations.get(place) == Some(&false);
            if goes {
                judge.goes(conversation);
                gone.push(conversation.first.frame);
                datagrams = datagrams.saturating_add(usize::from(conversation.transport == Transport::Udp));
            }
            keep.push(!goes && !is_open);
        }
        gone.sort_unstable();
        self.count_skipped(&gone);
        self.state.udp_kept = self.state.udp_kept.saturating_sub(datagrams);
        for flow in self.udp.values_mut() {
            flow.leave(&keep);
        }
        self.arrange(|place, _| keep.get(place).copied().unwrap_or(true));
        for open in self.tcp.values_mut().filter_map(TcpFlow::open) {
            open.show_again();
        }
    }

    /// Those frames begin conversations that go: who began later keeps its number by knowing how many.
    fn count_skipped(&mut self, gone: &[FrameRef]) {
        let before = |first: FrameRef| u32::try_from(gone.partition_point(|&frame| frame < first)).unwrap_or(u32::MAX);
        for conversation in &mut self.state.conversations {
            conversation.skipped = conversation.skipped.saturating_add(before(conversation.first.frame));
        }
        for open in self.tcp.values_mut().filter_map(TcpFlow::open) {
            open.skip(before);
        }
        let all = u32::try_from(gone.len()).unwrap_or(u32::MAX);
        let let_go = &mut self.state.facts.let_go.conversations;
        *let_go = let_go.saturating_add(all);
    }

    fn drop_messages(&mut self, stay: &Stay) {
        for open in self.tcp.values_mut().filter_map(TcpFlow::open) {
            open.let_go_of(|message| stay.has(message));
        }
        for conversation in self.state.conversations.iter_mut().filter(|c| Stay::is_long(c.messages.len())) {
            log::let_go(&mut conversation.messages, |message| stay.has(message));
        }
    }

    fn weigh(&mut self) -> usize {
        let kept = self.state.conversations.iter().map(Conversation::weight).fold(0, usize::saturating_add);
        self.tcp.values_mut().filter_map(TcpFlow::open).map(|open| open.weight()).fold(kept, usize::saturating_add)
    }
}
