//! Packet time: the only time there is.

use super::Span;
use serde::{Serialize, Serializer};

/// A point in time as the capture gives it: nanoseconds since 1970-01-01 UTC and the capture's own resolution.
///
/// Comparisons look at the time only, not at the resolution.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timestamp {
    nanos: i64,
    digits: u8,
}

/// Longer than any capture lasts: 400 days.
const LONGEST: Span = Span::from_secs(400 * 86_400);

impl Timestamp {
    /// `nanos` since 1970-01-01 UTC, shown with `digits` (0 to 9) digits of the second's fraction.
    pub const fn new(nanos: i64, digits: u8) -> Self {
        Self { nanos, digits: if digits > 9 { 9 } else { digits } }
    }

    /// So many whole seconds since 1970-01-01 UTC, as protocols write times.
    pub const fn from_secs(seconds: i64) -> Self {
        Self::new(seconds.saturating_mul(1_000_000_000), 0)
    }

    /// Nanoseconds since 1970-01-01 UTC.
    pub const fn nanos(self) -> i64 {
        self.nanos
    }

    /// Whole seconds since 1970-01-01 UTC, as the protocols count them; rounded down.
    pub const fn whole_seconds(self) -> i64 {
        self.nanos.div_euclid(1_000_000_000)
    }

    /// Digits of the second's fraction that the capture recorded, 0 to 9.
    pub const fn digits(self) -> u8 {
        self.digits
    }

    /// From `earlier` to this time; negative if the capture's clock ran backwards.
    pub const fn since(self, earlier: Self) -> Span {
        Span::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }

    /// From `earlier` to this time, as a length that people read; nothing, if the capture's clock ran backwards between the two, or
    /// leapt ahead by years: no capture lasts so long.
    pub fn lasted_since(self, earlier: Self) -> Option<Span> {
        let length = self.since(earlier);
        (Span::ZERO..=LONGEST).contains(&length).then_some(length)
    }

    /// From 1970-01-01 UTC to this time.
    pub const fn since_1970(self) -> Span {
        Span::from_nanos(self.nanos)
    }

    /// That much later.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self { nanos: self.nanos.saturating_add(span.as_nanos()), ..self }
    }

    /// That much earlier.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self { nanos: self.nanos.saturating_sub(span.as_nanos()), ..self }
    }

    /// Seconds from `earlier` to this time.
    pub const fn seconds_since(self, earlier: Self) -> f64 {
        self.since(earlier).as_secs_f64()
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Timestamp {}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// RFC 3339 in UTC with the capture's own number of fraction digits.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.nanos)) {
            Ok(time) => write!(f, "{time:.*}", usize::from(self.digits)),
            Err(_) => write!(f, "{} ns since 1970", self.nanos),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_resolution_of_the_capture() {
        let nanos = 1_745_344_099_178_040_000;
        assert_eq!(Timestamp::new(nanos, 6).to_string(), "2025-04-22T17:48:19.178040Z");
        assert_eq!(Timestamp::new(nanos, 9).to_string(), "2025-04-22T17:48:19.178040000Z");
        assert_eq!(Timestamp::new(nanos, 0).to_string(), "2025-04-22T17:48:19Z");
    }
}
