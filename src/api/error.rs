//! Why there is no diagnosis.

use std::fmt;

/// Why something could not be read: one sentence that says where, what, and as far as it is known what to do.
#[derive(Debug)]
pub struct Error(anyhow::Error);

impl Error {
    /// For `map_err`: a conversion by `From` would be part of what the crate offers.
    pub(super) fn new(error: impl Into<anyhow::Error>) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Error {}
