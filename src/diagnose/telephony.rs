//! SIP as rules want to see it: transactions, registrations, calls.

use crate::model::Analysis;

/// SIP of a capture.
pub struct Telephony<'a> {
    /// What was read.
    pub analysis: &'a Analysis,
}

impl<'a> Telephony<'a> {
    /// Builds the index.
    pub fn new(analysis: &'a Analysis) -> Self {
        Self { analysis }
    }
}
