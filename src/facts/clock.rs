//! Whether the capture's clock can be trusted: packet time is the only time there is, and it can run backwards.
//!
//! A time that was set back between two frames makes every length over them wrong, and no length shows it unless it becomes
//! negative. So conversations are asked whether the clock ran steadily while they lasted, and not the lengths whether they look odd.

use super::Case;
use crate::model::{Analysis, ClockStep, Conversation, FrameRef, Span};

/// Fewest frames out of order in a capture that is said to be out of order as a whole.
const FEWEST: u64 = 3;

/// The clock of the packets.
impl<'a> Case<'a> {
    /// Half of the frames and more are older than the one before them: they are not in the order in which they were captured.
    pub(crate) fn is_out_of_order(&self) -> bool {
        is_out_of_order(self.analysis)
    }

    /// The clock was not set back while that conversation lasted, so that its times can be compared.
    pub(crate) fn runs_steadily(&self, c: &Conversation) -> bool {
        let (first, last) = (c.first.frame, last_frame(c));
        !self.is_out_of_order()
            && !self.clock_steps().iter().any(|step| first <= step.before.frame && step.after.frame <= last)
    }

    /// The clock was set by no more than that in the whole capture, so that its times can be compared with others.
    pub(crate) fn keeps_time(&self, tolerance: Span) -> bool {
        !self.clock_steps().iter().any(|step| step.length() > tolerance)
    }

    /// Steps back of a second and more, in order.
    pub(crate) fn clock_steps(&self) -> &'a [ClockStep] {
        &self.analysis.facts.clock.steps
    }
}

fn is_out_of_order(analysis: &Analysis) -> bool {
    let older = analysis.facts.clock.older_frames;
    older >= FEWEST && older.saturating_mul(2) >= analysis.totals.packets
}

/// The last frame that is known of a conversation; `last` is its latest by time.
fn last_frame(c: &Conversation) -> FrameRef {
    let messages = c.messages.iter().map(|message| message.at.frame);
    let ends = c.teardown.fin.client.into_iter().chain(c.teardown.fin.server);
    let ends = ends.chain(c.teardown.rst.client).chain(c.teardown.rst.server).chain(c.teardown.at);
    let frames = messages.chain(ends.map(|at| at.frame)).chain([c.first.frame, c.last.frame]);
    frames.max().unwrap_or(c.last.frame)
}
