//! Numbers that name things, each kind of its own type: one of another kind in its place does not compile.

use serde::Serialize;

/// A conversation's number in the report, from 0, in order of the first frame: its index in
/// [`super::Analysis::conversations`]. The lines of a live run number conversations otherwise: see `report::stream::id`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ConversationId(u32);

impl ConversationId {
    /// The conversation of that number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Its place in a list that holds all conversations in order.
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// Its number once `before` conversations of other captures stand before its own; `u32::MAX` at most.
    #[must_use]
    pub const fn moved(self, before: u32) -> Self {
        Self(self.0.saturating_add(before))
    }
}

impl std::fmt::Display for ConversationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Compares with a number as users write it and reports show it.
impl PartialEq<u32> for ConversationId {
    fn eq(&self, number: &u32) -> bool {
        self.0 == *number
    }
}
