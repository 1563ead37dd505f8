//! HTTP as rules want to see it: exchanges, and the cookie jar of each client.

use crate::model::Analysis;

/// HTTP of a capture.
pub struct Web<'a> {
    /// What was read.
    pub analysis: &'a Analysis,
}

impl<'a> Web<'a> {
    /// Builds the index.
    pub fn new(analysis: &'a Analysis) -> Self {
        Self { analysis }
    }
}
