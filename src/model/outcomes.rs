//! Numbers of attempts by what came of them.

use super::{AttemptCounts, AttemptKind};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many attempts had each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct OutcomeCounts {
    /// Seen to be granted.
    pub granted: u64,
    /// Refused by an answer.
    pub refused: u64,
    /// Not answered in time.
    pub unanswered: u64,
    /// Ended before an answer.
    pub cut_off: u64,
    /// What the capture does not tell.
    pub unknown: u64,
}

/// Outcomes counted by kind, for each kind of which there was an attempt.
pub(crate) type OutcomesByKind = BTreeMap<AttemptKind, OutcomeCounts>;

impl OutcomeCounts {
    /// Adds those of one server and name.
    pub(crate) const fn add(&mut self, row: &AttemptCounts) {
        self.granted = self.granted.saturating_add(row.granted);
        self.refused = self.refused.saturating_add(row.refused);
        self.unanswered = self.unanswered.saturating_add(row.unanswered);
        self.cut_off = self.cut_off.saturating_add(row.cut_off);
        self.unknown = self.unknown.saturating_add(row.unknown);
    }

    /// Each outcome as reports write it, with its number.
    pub(crate) const fn named(&self) -> [(&'static str, u64); 5] {
        [
            ("granted", self.granted),
            ("refused", self.refused),
            ("unanswered", self.unanswered),
            ("cut off", self.cut_off),
            ("unknown", self.unknown),
        ]
    }

    /// Of each outcome the larger number.
    #[must_use]
    pub(crate) fn max(self, other: Self) -> Self {
        self.with(other, u64::max)
    }

    /// Those of both.
    #[must_use]
    pub(crate) fn and(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    /// What came in addition to `earlier`.
    #[must_use]
    pub(crate) fn since(self, earlier: Self) -> Self {
        self.with(earlier, u64::saturating_sub)
    }

    fn with(self, other: Self, both: fn(u64, u64) -> u64) -> Self {
        Self {
            granted: both(self.granted, other.granted),
            refused: both(self.refused, other.refused),
            unanswered: both(self.unanswered, other.unanswered),
            cut_off: both(self.cut_off, other.cut_off),
            unknown: both(self.unknown, other.unknown),
        }
    }
}

/// Those of all kinds together.
pub(crate) fn sum_of_kinds(of: &OutcomesByKind) -> OutcomeCounts {
    of.values().fold(OutcomeCounts::default(), |sum, counts| sum.and(*counts))
}
