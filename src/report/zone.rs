//! The zone in which people read times: that of the machine, of their choice, or UTC. JSON is always UTC.

use crate::model::Timestamp;
use jiff::tz::TimeZone;

/// A zone in which times are shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of this machine (the variable TZ, else its setting); UTC where it has none.
    pub fn local() -> Self {
        TimeZone::try_system().map_or(Self::UTC, |zone| Self(zone).plain())
    }

    /// The zone of that name in the IANA database, such as `Europe/Berlin`; nothing if there is none.
    pub fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(|zone| Self(zone).plain())
    }

    /// UTC has several names; of two zones that are it one is as good as the other.
    fn plain(self) -> Self {
        if self.name(Timestamp::default()) == "UTC" { Self::UTC } else { self }
    }

    /// Date and time to the second, and what the zone is called at that time: `2025-03-10 09:30:00 CET`.
    pub(crate) fn date_time(&self, time: Timestamp) -> String {
        self.format(time, "%Y-%m-%d %H:%M:%S %Z")
    }

    /// Date and time to the second.
    pub(crate) fn day_and_clock(&self, time: Timestamp) -> String {
        self.format(time, "%Y-%m-%d %H:%M:%S")
    }

    /// Time of day to the second.
    pub(crate) fn clock(&self, time: Timestamp) -> String {
        self.format(time, "%H:%M:%S")
    }

    /// The day.
    pub(crate) fn day(&self, time: Timestamp) -> String {
        self.format(time, "%Y-%m-%d")
    }

    /// Time of day with the fraction that the capture recorded, to the microsecond at most.
    pub(crate) fn precise(&self, time: Timestamp) -> String {
        match time.digits().min(6) {
            0 => self.clock(time),
            digits => self.format(time, &format!("%H:%M:%S%.{digits}f")),
        }
    }

    /// What the zone is called at that time: `CET`, `UTC`.
    pub(crate) fn name(&self, time: Timestamp) -> String {
        self.format(time, "%Z")
    }

    fn format(&self, time: Timestamp, format: &str) -> String {
        let at = jiff::Timestamp::from_nanosecond(i128::from(time.nanos()));
        at.map_or_else(|_| time.to_string(), |at| at.to_zoned_datetime(self.0.clone()).strftime(format).to_string())
    }

    /// The text with its times of UTC (`2025-03-10 08:30:00 UTC`, `2025-03-10T08:30:00Z`) as they are in this zone. Sentences of findings
    /// are made before anybody knows who will read them.
    pub(crate) fn told_in(&self, text: &str) -> String {
        if *self == Self::UTC {
            return text.to_owned();
        }
        let mut told = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(place) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, from) = rest.split_at(place);
            told.push_str(before);
            if let Some((time, length)) = written(from) {
                told.push_str(&self.date_time(time));
                rest = from.get(length..).unwrap_or_default();
            } else {
                let digits = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
                told.push_str(from.get(..digits).unwrap_or_default());
                rest = from.get(digits..).unwrap_or_default();
            }
        }
        told.push_str(rest);
        told
    }
}

/// The time of UTC with which the text begins, and how many bytes it takes.
fn written(text: &str) -> Option<(Timestamp, usize)> {
    const SECONDS: usize = "2025-03-10T08:30:00".len();
    let shape = text.as_bytes().get(..SECONDS)?;
    let fits = |(at, byte): (usize, &u8)| match at {
        4 | 7 => *byte == b'-',
        10 => matches!(*byte, b'T' | b' '),
        13 | 16 => *byte == b':',
        _ => byte.is_ascii_digit(),
    };
    if !shape.iter().enumerate().all(fits) {
        return None;
    }
    let rest = text.get(SECONDS..)?;
    let fraction = rest
        .strip_prefix('.')
        .map_or(0, |digits| 1 + digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()));
    let end = rest.get(fraction..)?;
    let mark = ["Z", " UTC"].into_iter().find(|mark| end.starts_with(mark))?;
    let stamp = format!("{}T{}Z", text.get(..10)?, text.get(11..SECONDS + fraction)?);
    let at: jiff::Timestamp = stamp.parse().ok()?;
    Some((Timestamp::new(i64::try_from(at.as_nanosecond()).ok()?, 0), SECONDS + fraction + mark.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_sentences_are_told_in_the_zone() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let text = "from 2025-03-10 08:30:20.000 UTC, ends 2025-07-01T23:59:59Z at 10.1.0.9 port 1352";
        let told = "from 2025-03-10 09:30:20 CET, ends 2025-07-02 01:59:59 CEST at 10.1.0.9 port 1352";
        assert_eq!(berlin.told_in(text), told);
        assert_eq!(Zone::UTC.told_in(text), text);
        for other in ["2025-03-10", "2025-13-99T99:99:99Z", "2025-03-10 08:30:20 CET", "1", ""] {
            assert_eq!(berlin.told_in(other), other);
        }
    }

    #[test]
    fn a_time_has_the_name_that_its_zone_has_then() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let time = Timestamp::new(1_741_595_400_123_456_000, 6);
        assert_eq!(berlin.date_time(time), "2025-03-10 09:30:00 CET");
        assert_eq!((berlin.precise(time), berlin.name(time)), ("09:30:00.123456".into(), "CET".into()));
        assert_eq!(
            (Zone::UTC.date_time(time), Zone::UTC.day(time)),
            ("2025-03-10 08:30:00 UTC".into(), "2025-03-10".into())
        );
        assert!(Zone::named("Nowhere/At-all").is_none());
    }
}
