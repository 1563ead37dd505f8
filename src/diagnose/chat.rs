//! Sametime as rules want to see it: logins and what became of them.

use crate::model::Analysis;

/// Sametime logins of a capture.
pub struct Chat<'a> {
    /// What was read.
    pub analysis: &'a Analysis,
}

impl<'a> Chat<'a> {
    /// Builds the index.
    pub fn new(analysis: &'a Analysis) -> Self {
        Self { analysis }
    }
}
