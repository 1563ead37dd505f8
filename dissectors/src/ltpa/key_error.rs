//! Keys that could not be taken: where in the file, and why.

use std::borrow::Cow;
use std::fmt;

/// Why a key could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    /// Line of the file, from 1.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub what: Cow<'static, str>,
}

impl KeyError {
    pub(super) fn new(line: Option<usize>, what: impl Into<Cow<'static, str>>) -> Self {
        Self { line, what: what.into() }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for KeyError {}
