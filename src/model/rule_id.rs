//! Which rule: an id that the catalogue has.

use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::Deref;

/// Id of a rule, as in reports: lower case, words joined by `-`, the family first.
///
/// Each rule's file has one constant of this type. Where a rule names others, it names their constants: an id that does not
/// exist does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(&'static str);

impl RuleId {
    /// Only the constants of rules call it.
    pub const fn new(id: &'static str) -> Self {
        Self(id)
    }

    /// As reports write it.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl Deref for RuleId {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl PartialEq<str> for RuleId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for RuleId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
