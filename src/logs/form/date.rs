//! Dates, as servers of all countries write them.
//!
//! The order of year, month and day is that of the locale in which a server runs, and no line names it. It is told by
//! what cannot be otherwise (a year of four digits, a day above 12), then by the separator, then by what else the
//! locale shows (its zone, points in the time). What stays open is kept as two dates; the whole log decides
//! (locale data of Java 8 and 17, as run; <https://github.com/OpenLiberty/open-liberty>, `DateFormatHelper`).

use super::scan::{Digits, Scan};
use jiff::civil::Date;

/// What a date says of the order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::logs) enum DateOrder {
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
pub(in crate::logs) struct AmbiguousDate {
    /// The month first, where it may be either.
    pub date: Date,
    /// The day first, where it may be either.
    pub other: Option<Date>,
    /// The order that this date shows.
    pub order: DateOrder,
}

/// A date as its numbers stand in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenDate<'t> {
    parts: [Digits<'t>; 3],
    /// What stands between the parts.
    separator: char,
    /// A separator stands behind the last part, too.
    closed: bool,
    /// Number of the month where it is written as a word; it stands second.
    month: Option<i8>,
}

/// What stands beside a date and tells its locale.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Locale<'t> {
    /// Name of the zone.
    pub zone: &'t str,
    /// The time of day has points, not colons.
    pub points: bool,
    /// Blanks between date and time.
    pub gap: usize,
}

/// Years of the Buddhist calendar are ahead by this.
const BUDDHIST: i16 = 543;
/// A year from here on is one of that calendar.
const FIRST_BUDDHIST: i16 = 2400;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Number of a month by its English name, of which the first three letters count.
pub(super) fn month(word: &str) -> Option<i8> {
    let place = MONTHS.iter().position(|name| word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(name)))?;
    i8::try_from(place).ok()?.checked_add(1)
}

/// The date at which the text begins; the text is read up to behind it.
pub(super) fn written<'t>(scan: &mut Scan<'t>) -> Option<WrittenDate<'t>> {
    let mut here = *scan;
    let first = here.number(4)?;
    let separator = here.any(&['/', '.', '-', '年'])?;
    let wide = here.blanks();
    let (second, month) = match here.number(2) {
        Some(number) => (number, None),
        None => (Digits("0"), Some(month(here.letters())?)),
    };
    let again = here.any(&['/', '.', '-', '月'])?;
    let _ = here.blanks();
    let third = here.number(4)?;
    let one = again == separator || (separator == '年' && again == '月');
    if !one || (wide > 0 && separator != '.') {
        return None;
    }
    let closed = match separator {
        '年' => here.any(&['日']).is_some(),
        _ => here.any(&['.']).is_some(),
    };
    *scan = here;
    Some(WrittenDate { parts: [first, second, third], separator, closed, month })
}

impl WrittenDate<'_> {
    /// The date, or the two that it may be.
    pub(super) fn date(&self, locale: Locale<'_>) -> Option<AmbiguousDate> {
        let [first, second, third] = self.parts;
        let one = |date, order| Some(AmbiguousDate { date, other: None, order });
        if let Some(month) = self.month {
            let (day, year) = if first.len() == 4 { (third, first) } else { (first, third) };
            return one(Date::new(year_of(year)?, month, i8::try_from(day.value()).ok()?).ok()?, DateOrder::Plain);
        }
        if first.len() == 4 || self.is_year_first(locale) {
            let date = new(first, second, third).or_else(|| new(first, third, second))?;
            return one(date, DateOrder::Plain);
        }
        let (month_first, day_first) = (new(third, first, second), new(third, second, first));
        match (month_first, day_first) {
            // Latvian: year, day, month.
            (None, None) => one(new(first, third, second)?, DateOrder::Plain),
            // Points belong to the languages that put the day first.
            (_, Some(date)) if self.separator == '.' => one(date, DateOrder::DayFirst),
            (Some(date), Some(other)) if date == other => one(date, DateOrder::Plain),
            (Some(date), Some(other)) => Some(AmbiguousDate { date, other: Some(other), order: DateOrder::Either }),
            (Some(date), None) => one(date, DateOrder::MonthFirst),
            (None, Some(date)) => one(date, DateOrder::DayFirst),
        }
    }

    /// A year of two digits stands first: Japanese, Chinese, Korean, Lithuanian, or nothing else is possible.
    fn is_year_first(&self, locale: Locale<'_>) -> bool {
        let [first, _, third] = self.parts;
        let short = third.len() <= 2;
        let zone = locale.zone;
        short
            && match self.separator {
                '年' => true,
                _ if first.value() > 31 => true,
                '/' => zone == "JST",
                '-' => zone == "CST",
                // Korean puts blanks behind the points, and three where a word for the half of the day stood.
                '.' => zone == "KST" || locale.gap >= 3 || (locale.points && !self.closed),
                _ => false,
            }
    }
}

fn year_of(written: Digits<'_>) -> Option<i16> {
    let year = i16::try_from(written.value()).ok()?;
    match (written.len(), year) {
        (1 | 2, year) => year.checked_add(2000),
        (4, FIRST_BUDDHIST..) => year.checked_sub(BUDDHIST),
        (4, year) => Some(year),
        _ => None,
    }
}

fn new(year: Digits<'_>, month: Digits<'_>, day: Digits<'_>) -> Option<Date> {
    let small = |part: Digits<'_>| i8::try_from(part.value()).ok();
    Date::new(year_of(year)?, small(month)?, small(day)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{DateOrder, Locale, Scan, written};

    #[test]
    fn order_of_day_and_month() {
        for (text, first, other, order) in [
            ("2/11/14", "2014-02-11", Some("2014-11-02"), DateOrder::Either),
            ("2/22/14", "2014-02-22", None, DateOrder::MonthFirst),
            ("22/2/14", "2014-02-22", None, DateOrder::DayFirst),
            ("3/3/2014", "2014-03-03", None, DateOrder::Plain),
            ("11.02.2014", "2014-02-11", None, DateOrder::DayFirst),
            ("11. 2. 2014", "2014-02-11", None, DateOrder::DayFirst),
            ("2014-02-11", "2014-02-11", None, DateOrder::Plain),
            ("2014/02/11", "2014-02-11", None, DateOrder::Plain),
            ("2014.02.11.", "2014-02-11", None, DateOrder::Plain),
            ("14年2月11日", "2014-02-11", None, DateOrder::Plain),
            ("11/2/2557", "2014-11-02", Some("2014-02-11"), DateOrder::Either),
            ("11/Feb/2014", "2014-02-11", None, DateOrder::Plain),
            ("24.25.1", "2024-01-25", None, DateOrder::Plain),
        ] {
            let found = written(&mut Scan(text)).and_then(|date| date.date(Locale::default())).expect(text);
            let shown = (found.date.to_string(), found.other.map(|other| other.to_string()), found.order);
            assert_eq!(shown, (first.to_owned(), other.map(str::to_owned), order), "{text}");
        }
        for text in ["", "2/11", "32/32/14", "a/b/c", "2/30/14", "0/1/14", "2:11:14", "-1/1/14", "2/11-14", "1/x/14"] {
            assert!(written(&mut Scan(text)).and_then(|date| date.date(Locale::default())).is_none(), "{text}");
        }
    }

    #[test]
    fn a_locale_decides_what_the_numbers_do_not() {
        for (text, zone, points, gap, shown) in [
            ("24/01/25", "JST", false, 1, "2024-01-25"),
            ("24-1-25", "CST", false, 1, "2024-01-25"),
            ("25-1-24", "CET", false, 1, "2024-01-25"),
            ("24. 1. 25", "", false, 3, "2024-01-25"),
            ("16. 12. 5", "KST", false, 1, "2016-12-05"),
            ("24.1.25", "EET", true, 1, "2024-01-25"),
        ] {
            let found = written(&mut Scan(text)).and_then(|date| date.date(Locale { zone, points, gap }));
            assert_eq!(found.expect(text).date.to_string(), shown, "{text}");
        }
    }
}
