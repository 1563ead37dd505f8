//! What is wrong with a message that could be read all the same, or in part.

use crate::Value;
use std::borrow::Cow;

/// Something in a message that breaks its protocol's rules, or that was too large to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in words.
    pub what: Cow<'static, str>,
    /// Where: bytes from the start of the message.
    pub offset: u64,
}

impl Problem {
    /// A problem at that offset.
    pub fn new(what: impl Into<Cow<'static, str>>, offset: usize) -> Self {
        Self { what: what.into(), offset: u64::try_from(offset).unwrap_or(u64::MAX) }
    }

    /// As a report shows it.
    pub fn value(&self) -> Value {
        Value::Map(vec![
            ("what", self.what.as_ref().into()),
            ("offset", Value::Int(i64::try_from(self.offset).unwrap_or(i64::MAX))),
        ])
    }
}

/// As a report shows a list of them.
pub(crate) fn values(problems: &[Problem]) -> Value {
    problems.iter().map(Problem::value).collect::<Vec<_>>().into()
}
