//! Everything that was laid side by side.

use super::capture::Capture;
use super::dialogue::Dialogue;
use super::fork::{ComparedLine, DialogueEvent, ForkOutcome, SideBySide};
use super::own::OwnFindings;
use super::pairing::DialoguePair;
use crate::model::{Both, Conversation, Verdict};

/// Everything that is known when the verdict is made.
pub(super) struct Story<'s, 'd, 'a> {
    /// The first working capture.
    pub good: Capture<'s, 'a>,
    /// The failing one.
    pub bad: Capture<'s, 'a>,
    /// Dialogues of the two captures.
    pub sides: &'d Both<Vec<Dialogue<'a>>>,
    /// Dialogues that belong together.
    pub matches: &'s [DialoguePair<'d, 'a>],
    /// The pairs side by side, in the order of `matches`.
    pub comparisons: &'s [SideBySide<'d, 'a>],
    /// Findings that one of the two has and the other has not.
    pub own: &'s OwnFindings<'s>,
    /// What became of what was wanted in each of the two, by itself.
    pub verdicts: Both<&'s Verdict>,
    /// Verdicts of further working captures.
    pub further: &'s [&'s Verdict],
}

impl<'s, 'd, 'a> Story<'s, 'd, 'a> {
    /// Number of the line at which the dialogues in that place part.
    pub(crate) fn fork_line(&self, place: usize) -> Option<usize> {
        match self.comparisons.get(place)?.outcome {
            ForkOutcome::DivergesAt(line) | ForkOutcome::SlowerAt(line) => Some(line),
            _ => None,
        }
    }

    /// The line in which the dialogues in that place part.
    pub(crate) fn line(&self, place: usize) -> Option<&'s ComparedLine<'d, 'a>> {
        self.comparisons.get(place)?.lines.get(self.fork_line(place)?)
    }
}

/// Number of the message at which they part: the first that the failing one has not, or has otherwise.
pub(crate) fn number(line: &ComparedLine<'_, '_>) -> u32 {
    match line.events.bad.or(line.events.good) {
        Some(DialogueEvent::Message(said)) => said.message.n,
        Some(DialogueEvent::End(c)) => c.messages.last().map_or(0, |message| message.n).saturating_add(1),
        _ => 1,
    }
}

/// The same client had it, in the same file, and earlier.
pub(super) fn comes_before(one: &Dialogue<'_>, other: &Dialogue<'_>) -> bool {
    let (Some(first), Some(second)) = (one.opening(), other.opening()) else { return false };
    let whose = |c: &Conversation| (c.client.ip, c.first.frame.input);
    whose(first) == whose(second) && one.start() <= other.start()
}
