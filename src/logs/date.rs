//! Dates and times of day, as servers of all countries write them.

use crate::model::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// What a date says of the order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateOrder {
    /// It says nothing of it: year first, or both alike.
    Plain,
    /// The day stands first, beyond doubt.
    DayFirst,
    /// The month stands first, beyond doubt.
    MonthFirst,
    /// Day and month may stand in either order.
    Either,
}

/// A date, and the other one that it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AmbiguousDate {
    /// The month first, where it may be either.
    pub date: Date,
    /// The day first, where it may be either.
    pub other: Option<Date>,
    /// The order that this date shows.
    pub order: DateOrder,
}

/// `2/11/14`, `11.02.2014`, `2014-02-11`, `2014/02/11`.
pub(super) fn date(text: &str) -> Option<AmbiguousDate> {
    let separator = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '/' | '.' | '-'))?;
    let mut parts = text.split(separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    if first.len() == 4 {
        let date = new(first, second, third)?;
        return Some(AmbiguousDate { date, other: None, order: DateOrder::Plain });
    }
    let (month_first, day_first) = (new(third, first, second), new(third, second, first));
    let one = |date, order| Some(AmbiguousDate { date, other: None, order });
    match (month_first, day_first) {
        (None, None) => None,
        // Points belong to the languages that put the day first.
        (_, Some(date)) if separator == '.' => one(date, DateOrder::DayFirst),
        (Some(date), Some(other)) if date == other => one(date, DateOrder::Plain),
        (Some(date), Some(other)) => Some(AmbiguousDate { date, other: Some(other), order: DateOrder::Either }),
        (Some(date), None) => one(date, DateOrder::MonthFirst),
        (None, Some(date)) => one(date, DateOrder::DayFirst),
    }
}

fn new(year: &str, month: &str, day: &str) -> Option<Date> {
    let short = year.len() == 2;
    let year = number(year, 4)?.checked_add(if short { 2000 } else { 0 })?;
    Date::new(year, i8::try_from(number(month, 2)?).ok()?, i8::try_from(number(day, 2)?).ok()?).ok()
}

/// `18:08:43:660`, `8:48:18.272`, `06:08:43`.
pub(super) fn time(text: &str) -> Option<Time> {
    let mut parts = text.split([':', '.', ',']);
    let mut next = || parts.next();
    let (hour, minute, second, fraction) = (next()?, next()?, next()?, next());
    let nanos = fraction.map_or(Some(0), |digits| {
        let digits = digits.get(..digits.len().min(9)).filter(|digits| is_number(digits, 9))?;
        format!("{digits:0<9}").parse::<i32>().ok()
    })?;
    let small = |text: &str| i8::try_from(number(text, 2)?).ok();
    if next().is_some() {
        return None;
    }
    Time::new(small(hour)?, small(minute)?, small(second)?, nanos).ok()
}

/// A time of a clock of twelve hours as one of twenty-four.
pub(super) fn twelve_hour(time: Time, afternoon: bool) -> Option<Time> {
    let hour = match (time.hour(), afternoon) {
        (12, false) => 0,
        (12, true) => 12,
        (hour @ 1..=11, true) => hour.checked_add(12)?,
        (hour @ 1..=11, false) => hour,
        _ => return None,
    };
    Time::new(hour, time.minute(), time.second(), time.subsec_nanosecond()).ok()
}

/// That time in UTC; shown to the millisecond, as logs write times.
pub(super) fn timestamp(date: Date, time: Time) -> Option<Timestamp> {
    let time = Offset::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()?;
    Some(Timestamp::new(i64::try_from(time.as_nanosecond()).ok()?, 3))
}

/// One to `most` digits.
fn is_number(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number(text: &str, most: usize) -> Option<i16> {
    text.parse().ok().filter(|_| is_number(text, most))
}

#[cfg(test)]
mod tests {
    use super::{DateOrder, date, time, timestamp, twelve_hour};

    #[test]
    fn order_of_day_and_month() {
        for (text, first, other, order) in [
            ("2/11/14", "2014-02-11", Some("2014-11-02"), DateOrder::Either),
            ("2/22/14", "2014-02-22", None, DateOrder::MonthFirst),
            ("22/2/14", "2014-02-22", None, DateOrder::DayFirst),
            ("3/3/2014", "2014-03-03", None, DateOrder::Plain),
            ("11.02.2014", "2014-02-11", None, DateOrder::DayFirst),
            ("2014-02-11", "2014-02-11", None, DateOrder::Plain),
            ("2014/02/11", "2014-02-11", None, DateOrder::Plain),
        ] {
            let found = date(text).unwrap();
            let shown = (found.date.to_string(), found.other.map(|other| other.to_string()), found.order);
            assert_eq!(shown, (first.to_owned(), other.map(str::to_owned), order), "{text}");
        }
        for text in ["", "2/11", "2/11/14/1", "32/32/14", "a/b/c", "2/30/14", "0/1/14", "2:11:14", "-1/1/14", "1/1/14x"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn times_of_day() {
        for (text, shown) in
            [("18:08:43:660", "18:08:43.66"), ("8:48:18.272", "08:48:18.272"), ("06:08:43", "06:08:43")]
        {
            assert_eq!(time(text).unwrap().to_string(), shown);
        }
        for text in ["", "18", "18:08", "24:00:00", "1:60:00", "1:1:1:", "1:1:1:1:1", "a:b:c", "1:1:1:x", "99999:1:1"] {
            assert_eq!(time(text), None, "{text}");
        }
        let at = |text, afternoon| twelve_hour(time(text).unwrap(), afternoon).map(|time| time.to_string());
        assert_eq!(at("12:00:00", false).unwrap(), "00:00:00");
        assert_eq!(at("12:00:00", true).unwrap(), "12:00:00");
        assert_eq!(at("06:08:43", true).unwrap(), "18:08:43");
        assert_eq!(at("13:00:00", true), None);
    }

    #[test]
    fn a_date_and_a_time_are_a_time_in_utc() {
        let at = timestamp(date("2014-02-11").unwrap().date, time("18:08:43:660").unwrap());
        assert_eq!(at.unwrap().to_string(), "2014-02-11T18:08:43.660Z");
    }
}
