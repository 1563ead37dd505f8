//! Sign-on tokens wherever they stand, HTTP, SIP or Sametime: who issued one, who showed it, who took or refused it, and
//! whom it names.

use super::Settings;
use crate::model::Analysis;

/// Tokens of a capture.
pub struct Identity<'a> {
    /// What was read.
    pub analysis: &'a Analysis,
}

impl<'a> Identity<'a> {
    /// Builds the index.
    pub fn new(analysis: &'a Analysis, settings: &'a Settings) -> Self {
        let _ = settings;
        Self { analysis }
    }
}
