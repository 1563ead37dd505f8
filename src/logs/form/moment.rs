//! A date, a time of day and a zone, put together.

use super::clock::{self, WrittenClock};
use super::date::{self, AmbiguousDate, DateOrder, Locale};
use super::scan::Scan;
use super::zone::{Zone, zone};
use crate::model::{Span, Timestamp, WrittenTime};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use std::borrow::Cow;

/// Year of a time that is written without one: a leap year, far from every capture.
const NO_YEAR: i16 = 2000;
/// A time in brackets is no longer than this, in bytes.
const LONGEST: usize = 96;

/// When a line was written, as far as the line tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::logs) struct Moment<'t> {
    /// The text of it.
    pub text: Cow<'t, str>,
    /// By UTC if `zoned`, else as if the log's own clock were UTC.
    pub time: Timestamp,
    /// That time if day and month stand the other way round.
    pub swapped: Option<Timestamp>,
    /// The line names its zone, and there is only one of that name.
    pub zoned: bool,
    /// What its date says of the order of day and month.
    pub order: DateOrder,
    /// Name of a zone that may be one of several, or is not known.
    pub open_zone: Option<Cow<'t, str>>,
}

impl Moment<'_> {
    /// As facts keep it.
    pub(in crate::logs) fn kept(&self) -> WrittenTime {
        let Self { text, time, swapped, zoned, .. } = self;
        WrittenTime { text: text.clone().into_owned(), time: *time, swapped: *swapped, zoned: *zoned }
    }
}

/// The moment in brackets, without these: `2/11/14 18:08:43:660 GMT`, `16. 12. 5   15:26:11:123 KST`,
/// `2019-01-22T08:48:18.272+0000`, `07:05:04:065 CET 25/01/24`, `25/Jan/2024:07:27:34 +0100`.
pub(in crate::logs) fn bracketed(text: &str) -> Option<Moment<'_>> {
    let text = Some(text).filter(|text| text.len() <= LONGEST)?;
    match digits(text) {
        Cow::Borrowed(plain) => whole(plain),
        Cow::Owned(plain) => whole(&plain).map(|found| Moment {
            text: Cow::Borrowed(text),
            open_zone: found.open_zone.map(|zone| Cow::Owned(zone.into_owned())),
            ..found
        }),
    }
}

/// The moment at which the text begins, with its zone if that is a number or `Z`, and the rest of the text.
pub(in crate::logs) fn leading(text: &str) -> Option<(Moment<'_>, &str)> {
    let mut scan = Scan(text);
    let date = date::written(&mut scan)?;
    let gap = between(&mut scan);
    let clock = clock::written(&mut scan)?;
    let offset = offset(&mut scan);
    if scan.0.starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let date = date.date(Locale { zone: "", points: clock.points, gap })?;
    let end = text.len().saturating_sub(scan.0.len());
    Some((put(text.get(..end)?, date, clock.time, offset.unwrap_or_default())?, scan.0))
}

/// A moment of an English month, a day and a time of day, without a year: `Jan 25 07:27:34`.
pub(in crate::logs) fn without_year<'t>(text: &'t str, month: &str, day: &str, clock: &str) -> Option<Moment<'t>> {
    let date = Date::new(NO_YEAR, date::month(month)?, day.parse().ok()?).ok()?;
    let time = clock::written(&mut Scan(clock))?.time;
    put(text, AmbiguousDate { date, other: None, order: DateOrder::Plain }, time, "")
}

/// A time of day alone: `10:53:39,938`.
pub(in crate::logs) fn of_day(text: &str) -> Option<(Moment<'_>, &str)> {
    let mut scan = Scan(text);
    let time = clock::written(&mut scan)?.time;
    let end = text.len().saturating_sub(scan.0.len());
    let date = AmbiguousDate { date: Date::new(NO_YEAR, 1, 1).ok()?, other: None, order: DateOrder::Plain };
    Some((put(text.get(..end)?, date, time, "")?, scan.0))
}

/// `Wed Mar 29 14:30:41 2017`, also with a fraction, and with a year behind a zone as `date` writes it.
pub(in crate::logs) fn english(text: &str) -> Option<Moment<'_>> {
    let mut words = text.split_whitespace();
    let (_, month, day) = (words.next()?, words.next()?, words.next()?);
    let clock = clock::written(&mut Scan(words.next()?))?;
    let mut zone = "";
    let mut year = words.next()?;
    if year.starts_with(|c: char| c.is_alphabetic()) {
        (zone, year) = (year, words.next()?);
    }
    let date = Date::new(year.parse().ok()?, date::month(month)?, day.parse().ok()?).ok()?;
    put(text, AmbiguousDate { date, other: None, order: DateOrder::Plain }, clock.time, zone)
}

/// So many nanoseconds since 1970, in UTC, as that text says.
pub(in crate::logs) fn since_1970(text: &str, nanos: i64) -> Moment<'_> {
    let time = Timestamp::new(nanos, 3);
    Moment { text: Cow::Borrowed(text), time, swapped: None, zoned: true, order: DateOrder::Plain, open_zone: None }
}

/// `101117_095933.869`: year, month, day; hours, minutes, seconds and a fraction; no zone.
pub(in crate::logs) fn packed(text: &str) -> Option<Moment<'_>> {
    let (day, of_day) = text.split_once('_').filter(|(day, _)| day.len() == 6)?;
    let (clock, fraction) = of_day.split_once('.').filter(|(clock, _)| clock.len() == 6)?;
    let pair = |text: &str, at: usize| {
        let digits = text.get(at..at.saturating_add(2)).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
        digits?.parse::<i8>().ok()
    };
    let nanos = Scan(fraction).number(9).filter(|digits| digits.len() == fraction.len())?;
    let nanos: i32 = format!("{:0<9}", nanos.0).parse().ok()?;
    let year = i16::from(pair(day, 0)?).checked_add(2000)?;
    let date = Date::new(year, pair(day, 2)?, pair(day, 4)?).ok()?;
    let time = Time::new(pair(clock, 0)?, pair(clock, 2)?, pair(clock, 4)?, nanos).ok()?;
    put(text, AmbiguousDate { date, other: None, order: DateOrder::Plain }, time, "")
}

/// All of the text is a moment.
fn whole(text: &str) -> Option<Moment<'_>> {
    let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '.');
    let mut scan = Scan(trimmed);
    let (date, clock, gap, zone) = match date::written(&mut scan) {
        Some(date) => {
            let gap = between(&mut scan);
            let clock = clock::written(&mut scan)?;
            (date, clock, gap, scan.0.trim())
        }
        None => time_first(&mut scan)?,
    };
    // Words behind the zone belong to the pattern of the locale.
    let name = if zone.starts_with(['+', '-']) { zone } else { zone.split_whitespace().next().unwrap_or_default() };
    let name = name.trim_end_matches('.');
    let date = date.date(Locale { zone: name, points: clock.points, gap })?;
    put(text, date, clock.time, name)
}

/// `07:05:04:065 CET, 25/01/2024`
fn time_first<'t>(scan: &mut Scan<'t>) -> Option<(date::WrittenDate<'t>, WrittenClock, usize, &'t str)> {
    let clock = clock::written(scan)?;
    let rest = scan.0.trim_start();
    let end = rest.find([' ', ','])?;
    let (zone, rest) = rest.split_at_checked(end)?;
    let mut scan = Scan(rest.trim_start_matches([' ', ',']));
    let date = date::written(&mut scan).filter(|_| scan.0.trim().is_empty())?;
    Some((date, clock, 1, zone))
}

/// What stands between date and time: blanks, a comma, a `T`, the colon of access logs, a word for "year".
fn between(scan: &mut Scan<'_>) -> usize {
    let gap = scan.blanks();
    let _ = scan.word("г.");
    if scan.any(&[',', 'T', ':']).is_some() { scan.blanks() } else { gap }
}

/// `Z`, `+0100`, `+01:00` right behind a time, or behind one blank.
fn offset<'t>(scan: &mut Scan<'t>) -> Option<&'t str> {
    let mut here = *scan;
    let _ = here.0.starts_with(" +").then(|| here.blanks());
    let start = here.0;
    let length = match start.as_bytes() {
        [b'Z', ..] => 1,
        [b'+' | b'-', ..] => {
            let digits = start.bytes().skip(1).take_while(|b| b.is_ascii_digit() || *b == b':').count();
            Some(digits).filter(|digits| (4..=5).contains(digits))?.saturating_add(1)
        }
        _ => return None,
    };
    let (found, rest) = start.split_at_checked(length)?;
    scan.0 = rest;
    Some(found)
}

fn put<'t>(text: &'t str, date: AmbiguousDate, time: Time, name: &str) -> Option<Moment<'t>> {
    let east = match zone(name) {
        Zone::Known(seconds) if !name.is_empty() => Some(Span::from_secs(seconds.into())),
        _ => None,
    };
    let place = |date| Some(timestamp(date, time)?.minus(east.unwrap_or_default()));
    let open = Some(name).filter(|name| !name.is_empty() && east.is_none());
    Some(Moment {
        text: Cow::Borrowed(text),
        time: place(date.date)?,
        swapped: date.other.and_then(place),
        zoned: east.is_some(),
        order: date.order,
        open_zone: open.map(|name| Cow::Owned(name.to_owned())),
    })
}

/// That time in UTC; shown to the millisecond, as logs write times.
fn timestamp(date: Date, time: Time) -> Option<Timestamp> {
    let time = Offset::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()?;
    Some(Timestamp::new(i64::try_from(time.as_nanosecond()).ok()?, 3))
}

/// Digits of other scripts as those of ASCII, and commas of Arabic.
fn digits(text: &str) -> Cow<'_, str> {
    /// The zero of each script whose digits Java writes.
    const ZEROS: [u32; 7] = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x1040, 0xff10];
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| {
        let code = u32::from(c);
        let digit = ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|digit| *digit < 10));
        match digit.and_then(|digit| char::from_digit(digit, 10)) {
            Some(digit) => digit,
            None if c == '\u{60c}' => ',',
            None => c,
        }
    };
    Cow::Owned(text.chars().map(plain).collect())
}

#[cfg(test)]
mod tests {
    use super::{bracketed, english, leading, packed};

    /// 25 January 2024, 07:05:04.065, as Java writes it for every locale; Java 8 first, Java 17 behind the empty line.
    #[test]
    fn every_locale() {
        for text in [
            "1/25/24 7:05:04:065 CET",
            "25/01/24 07:05:04:065 CET",
            "25/01/24 7:05:04:065 CET",
            "25.01.24 07:05:04:065 MEZ",
            "25.1.2024 7:05:04:065 CET",
            "25/01/24 7.05.04:065 CET",
            "25-01-24 07:05:04:065 CET",
            "25-1-24 7:05:04:065 CET",
            "01-25-24 07:05:04:065 CET",
            "2024-01-25 07:05:04:065 CET",
            "2024.01.25. 7:05:04:065 CET",
            "25.01.24. 07:05:04:065 CET",
            "25.1.24. 07.05.04:065 CET",
            "2024/01/25 7:05:04:065 CET",
            "24年1月25日  07:05:04:065 CET",
            "24. 1. 25   7:05:04:065 CET",
            "24.1.25 07.05.04:065 CET",
            "24.25.1 07:05:04:065 CET",
            "07:05:04:065 CET 25/01/24",
            "25/1/2567, 7:05:04:065 CET",
            "25-01-24 7:05:04:065 CET.",
            "1/25/24, 7:05:04:065 CET",
            "25/1/24, 7:05:04:065 CET",
            "25.01.24, 07:05:04:065 MEZ",
            "25. 1. 2024 7:05:04:065 SEČ",
            "25. 01. 24 07:05:04:065 CET",
            "25. 01. 2024. 07:05:04:065 CET",
            "25.01.2024 07.05.04:065 CET",
            "2024. 01. 25. 7:05:04:065 CET",
            "25.01.24 г., 7:05:04:065 CET ч.",
            "07:05:04:065 CET, 25/01/2024",
            "٢٥/١/٢٠٢٤, ٧:٠٥:٠٤:٠٦٥ CET",
            "2024-01-25 07 H 05 min 04 s:065 CET",
            "2024-01-25T07:05:04.065+0100",
            "25/Jan/2024:07:05:04.065 +0100",
            "25/Jan/2024 07:05:04:065 CET",
            "1/25/24 7:05:04:065 GMT+01:00",
        ] {
            let found = bracketed(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.time.to_string(), "2024-01-25T06:05:04.065Z", "{text}");
            assert!(found.zoned && found.text == text, "{text}: {found:?}");
        }
    }

    #[test]
    fn asia_puts_the_year_first() {
        for (text, utc) in [
            ("24/01/25 7:05:04:065 JST", "2024-01-24T22:05:04.065Z"),
            ("16. 12. 5   15:26:11:123 KST", "2016-12-05T06:26:11.123Z"),
            ("24. 1. 25.   7:05:04:065 KST", "2024-01-24T22:05:04.065Z"),
            ("24-1-25 7:05:04:065 CST", "2024-01-25T07:05:04.065Z"),
        ] {
            assert_eq!(bracketed(text).expect(text).time.to_string(), utc, "{text}");
        }
    }

    #[test]
    fn what_is_open_stays_open() {
        let found = bracketed("2/11/14 18:08:43:660 CST").unwrap();
        assert_eq!((found.zoned, found.open_zone.as_deref()), (false, Some("CST")));
        assert_eq!(found.swapped.unwrap().to_string(), "2014-11-02T18:08:43.660Z");
        assert!(!bracketed("2/22/14 18:08:43:660").unwrap().zoned);
    }

    #[test]
    fn at_the_beginning_of_a_line() {
        for (text, utc, zoned, rest) in [
            ("02/22/2014 06:08:43 PM  HTTP: x", "2014-02-22T18:08:43.000Z", false, "  HTTP: x"),
            ("22.02.2014 18:08:43   HTTP: x", "2014-02-22T18:08:43.000Z", false, "   HTTP: x"),
            ("04/20/2014 09:10:50.09 AM SSL> y", "2014-04-20T09:10:50.090Z", false, " SSL> y"),
            ("25.02.2015 18:57:18,07 SSL> y", "2015-02-25T18:57:18.070Z", false, " SSL> y"),
            ("2024-01-25T06:27:34.650123456Z x", "2024-01-25T06:27:34.650Z", true, " x"),
            ("2016-11-03T12:32:44.83-0200 [App/0]", "2016-11-03T14:32:44.830Z", true, " [App/0]"),
            ("25-Jan-2024 07:27:34.650 SEVERE", "2024-01-25T07:27:34.650Z", false, " SEVERE"),
        ] {
            let (found, behind) = leading(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((found.time.to_string().as_str(), found.zoned, behind), (utc, zoned, rest), "{text}");
        }
        assert!(leading("12 o'clock").is_none() && leading("10.1.0.9:443").is_none());
    }

    #[test]
    fn other_forms() {
        assert_eq!(english("Wed Mar 29 14:30:41 2017").unwrap().time.to_string(), "2017-03-29T14:30:41.000Z");
        assert_eq!(english("Thu Jan 25 07:27:34.650123 2024").unwrap().time.to_string(), "2024-01-25T07:27:34.650Z");
        assert_eq!(english("Tue Feb 11 16:08:43 GMT 2014").unwrap().time.to_string(), "2014-02-11T16:08:43.000Z");
        assert_eq!(packed("101117_095933.869").unwrap().time.to_string(), "2010-11-17T09:59:33.869Z");
        for text in ["101117_095933", "101317_095933.869", "1011é7_095933.869", "101117_095933.8é9", ""] {
            assert_eq!(packed(text), None, "{text}");
        }
    }
}
