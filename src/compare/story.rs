//! Everything that was laid side by side.

use super::capture::Capture;
use super::dialogue::Dialogue;
use super::fork::{Cell, Line, Outcome, Sheet};
use super::pairing::Match;
use crate::model::{Both, Finding};

/// Everything that is known when the verdict is made.
pub struct Story<'s, 'd, 'a> {
    /// The first working capture.
    pub good: Capture<'s, 'a>,
    /// The failing one.
    pub bad: Capture<'s, 'a>,
    /// Their dialogues.
    pub sides: &'d Both<Vec<Dialogue<'a>>>,
    /// Which belong together.
    pub matches: &'s [Match<'d, 'a>],
    /// What was laid side by side, in the order of `matches`.
    pub sheets: &'s [Sheet<'d, 'a>],
    /// Findings of the failing capture that the working one has not, in order.
    pub own: &'s [&'s Finding],
    /// Of one capture: findings that name both conversations.
    pub both: &'s [&'s Finding],
}

impl<'s, 'd, 'a> Story<'s, 'd, 'a> {
    /// Where the dialogues in that place part.
    pub fn fork_line(&self, place: usize) -> Option<usize> {
        match self.sheets.get(place)?.outcome {
            Outcome::Parts(line) | Outcome::Lags(line) => Some(line),
            _ => None,
        }
    }

    /// The line in which the dialogues in that place part.
    pub fn line(&self, place: usize) -> Option<&'s Line<'d, 'a>> {
        self.sheets.get(place)?.lines.get(self.fork_line(place)?)
    }
}

/// Number of the message at which they part: the first that the failing one has not, or has otherwise.
pub fn number(line: &Line<'_, '_>) -> u32 {
    match line.cells.bad.or(line.cells.good) {
        Some(Cell::Said(said)) => said.message.n,
        Some(Cell::End(c)) => c.messages.last().map_or(0, |message| message.n).saturating_add(1),
        _ => 1,
    }
}
