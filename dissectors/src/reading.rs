//! How a message is to be read out: by which clock, with which keys, and whether credentials may be shown.

use crate::ltpa::Keyring;
use crate::{Secret, Value};

static NO_KEYS: Keyring = Keyring::new();

/// How a message is to be read out.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Time of the frame that completed the message, in nanoseconds since 1970-01-01 UTC.
    pub seen: i64,
    /// The time by which tokens are judged, in the same unit: `seen` unless the user gave another.
    pub now: i64,
    /// Keys that open tokens.
    pub keys: &'a Keyring,
    /// Values of credentials are shown.
    pub show_secrets: bool,
}

/// How all messages of a report are to be read out.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// Judge tokens as of this time (nanoseconds since 1970-01-01 UTC); packet time if absent.
    pub now: Option<i64>,
    /// Keys that open tokens.
    pub keys: &'a Keyring,
    /// Values of credentials are shown.
    pub show_secrets: bool,
}

impl<'a> Reader<'a> {
    /// A message whose last frame was seen at that time.
    pub fn at(&self, seen: i64) -> Reading<'a> {
        Reading { seen, now: self.now.unwrap_or(seen), keys: self.keys, show_secrets: self.show_secrets }
    }
}

impl Reader<'static> {
    /// By packet time, without keys, everything masked.
    pub const MASKED: Self = Self { now: None, keys: &NO_KEYS, show_secrets: false };
}

impl Reading<'static> {
    /// A reading of one message that masks secrets, at that time.
    pub fn masked(seen: i64) -> Self {
        Reader::MASKED.at(seen)
    }
}

impl Reading<'_> {
    /// The secret's text if it may be shown, else null.
    pub fn reveal(&self, secret: &Secret) -> Value {
        if self.show_secrets { secret.expose().into() } else { Value::Null }
    }
}
