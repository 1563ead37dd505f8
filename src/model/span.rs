//! Spans of time: one type, whatever unit a protocol, a capture or a threshold writes them in.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of time, to the nanosecond; negative where a clock ran backwards. 292 years at most: calculations stop there instead
/// of overflowing. A bare number of seconds is always an `f64`, so that the two cannot be taken for each other: limits are
/// spans, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// So many milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// So many seconds.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// So many seconds, as people write offsets; what is no number is no time at all.
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    pub const fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e9) as i64)
    }

    /// In nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// In whole seconds; what is left over does not count.
    pub const fn whole_seconds(self) -> i64 {
        self.0 / 1_000_000_000
    }

    /// In milliseconds, for reports.
    #[expect(clippy::cast_precision_loss, reason = "shown, or compared with limits of milliseconds and more")]
    pub const fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// In seconds, for reports and to reckon with shares.
    #[expect(clippy::cast_precision_loss, reason = "shown, or compared with limits of milliseconds and more")]
    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of it without the other; negative if the other is longer.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Its length, whichever way it goes.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// One of so many equal parts; all of it where there are none.
    #[must_use]
    pub fn part(self, count: u64) -> Self {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Self(self.0.checked_div(count).unwrap_or(self.0))
    }
}

/// In seconds, as people write thresholds.
impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_secs_f64())
    }
}

/// Of seconds, whole or with a fraction, to the nearest nanosecond: neither negative nor without end.
impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if !seconds.is_finite() || seconds < 0.0 {
            return Err(D::Error::custom(format_args!("a time must be a number of zero or more, and is {seconds}")));
        }
        Ok(Self::nearest(seconds))
    }
}

impl Span {
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    fn nearest(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as i64)
    }
}

impl From<std::time::Duration> for Span {
    fn from(duration: std::time::Duration) -> Self {
        Self(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// For people: see `span`.
impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&span(self.as_secs_f64()))
    }
}

/// Seconds in a day, and in a year of the calendar's average length.
const DAY: f64 = 86_400.0;
const YEAR: f64 = 365.25 * DAY;
/// From here on a number would only pretend to be one: calculations with [`Span`] stop at 292 years, and no clock is off by that much.
const NOT_PLAUSIBLE: f64 = 200.0 * YEAR;

/// Seconds for people: microseconds to years, two or three digits that matter.
pub(crate) fn span(seconds: f64) -> String {
    let (sign, s) = if seconds < 0.0 { ("-", -seconds) } else { ("", seconds) };
    let text = match s {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 0.1 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.1} min", s / 60.0),
        s if s < 2.0 * DAY => format!("{:.1} h", s / 3600.0),
        s if s < 2.0 * YEAR => format!("{:.1} days", s / DAY),
        s if s < NOT_PLAUSIBLE => format!("{:.1} years", s / YEAR),
        _ => return "more than 200 years".to_owned(),
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn spans_read_well() {
        for (seconds, text) in [
            (0.000_25, "250 µs"),
            (0.003, "3.0 ms"),
            (0.25, "250 ms"),
            (5.0, "5.0 s"),
            (1800.0, "30.0 min"),
            (-420.0, "-7.0 min"),
            (90_000.0, "25.0 h"),
            (208_875_240.0, "6.6 years"),
            (-172_800.0, "-2.0 days"),
            (9.2e9, "more than 200 years"),
            (f64::INFINITY, "more than 200 years"),
        ] {
            assert_eq!(super::span(seconds), text);
            assert_eq!(Span::from_secs_f64(seconds).to_string(), text);
        }
    }

    #[test]
    fn files_write_seconds_whole_or_with_a_fraction() {
        for (written, span) in [("30", Span::from_secs(30)), ("0.57", Span::from_millis(570)), ("0.0", Span::ZERO)] {
            assert_eq!(serde_json::from_str::<Span>(written).unwrap(), span);
        }
        assert!(serde_json::from_str::<Span>("-1").is_err());
        assert_eq!(serde_json::to_string(&Span::from_millis(80)).unwrap(), "0.08");
    }

    #[test]
    fn units_agree_and_nothing_overflows() {
        assert_eq!(Span::from_secs(2), Span::from_millis(2000));
        assert_eq!(Span::from_secs(2).plus(Span::from_millis(-500)), Span::from_secs_f64(1.5));
        assert_eq!(Span::from_secs(7).part(2), Span::from_millis(3500));
        assert_eq!(Span::from_secs(7).part(0), Span::from_secs(7));
        assert_eq!(Span::from_secs(i64::MAX).plus(Span::from_secs(1)), Span::from_nanos(i64::MAX));
        assert_eq!(Span::from_nanos(i64::MIN).abs(), Span::from_nanos(i64::MAX));
        assert_eq!(Span::from_secs_f64(f64::NAN), Span::ZERO);
    }
}
