//! Dates of headers: Expires of a cookie, and Date. Read as leniently as browsers do (RFC 6265 section 5.1.1).

/// Seconds since 1970-01-01 UTC; `None` if it is not a date.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let mut found = Found::default();
    text.split(is_delimiter).filter(|token| !token.is_empty()).for_each(|token| found.take(token));
    found.seconds()
}

/// `2026-11-30T03:22:40Z`, perhaps with a fraction of the second, in UTC (RFC 3339, XML Schema): seconds since 1970-01-01; `None` if
/// it is none.
pub(crate) fn parse_iso(text: &str) -> Option<i64> {
    let (date, clock) = text.trim_ascii().strip_suffix('Z')?.split_once('T')?;
    let number = |part: &str| part.parse::<i64>().ok();
    let mut date = date.splitn(3, '-').map(number);
    let mut clock = clock.split('.').next()?.splitn(3, ':').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    at((year, month, day), [clock.next()??, clock.next()??, clock.next()??])
}

/// `20261130032240Z` (X.680, GeneralizedTime, as Kerberos writes it).
pub(crate) fn parse_basic(text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z').filter(|digits| digits.len() == 14)?;
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i64>().ok();
    at((part(0, 4)?, part(4, 6)?, part(6, 8)?), [part(8, 10)?, part(10, 12)?, part(12, 14)?])
}

/// Seconds since 1970-01-01 UTC of a day and a time of it.
fn at((year, month, day): (i64, i64, i64), [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let of_clock = (0..=23).contains(&hour) && (0..=59).contains(&minute) && (0..=59).contains(&second);
    let valid = (1..=31).contains(&day) && (1..=12).contains(&month) && (1601..=9999).contains(&year) && of_clock;
    let of_day = hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
    valid.then(|| days(year, month, day))??.checked_mul(86_400)?.checked_add(of_day)
}

/// What was found so far. Each part is taken from the first token that fits and none before it.
#[derive(Default)]
struct Found {
    time: Option<[i64; 3]>,
    day: Option<i64>,
    month: Option<i64>,
    year: Option<i64>,
}

impl Found {
    fn take(&mut self, token: &str) {
        if self.time.is_none() {
            self.time = time(token);
            if self.time.is_some() {
                return;
            }
        }
        let number = number(token);
        let digits = token.bytes().take_while(u8::is_ascii_digit).count();
        if self.day.is_none() && matches!(digits, 1..=2) {
            self.day = number;
        } else if self.month.is_none() && month(token).is_some() {
            self.month = month(token);
        } else if self.year.is_none() && matches!(digits, 2..=4) {
            self.year = number;
        }
    }

    fn seconds(&self) -> Option<i64> {
        let (day, month) = (self.day?, self.month?);
        let year = match self.year? {
            year @ 70..=99 => year.saturating_add(1900),
            year @ 0..=69 => year.saturating_add(2000),
            year => year,
        };
        at((year, month, day), self.time?)
    }
}

/// Everything but digits, letters, colons and what is not ASCII.
fn is_delimiter(c: char) -> bool {
    matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~')
}

/// `hh:mm:ss`, one or two digits each; what follows the last does not count.
fn time(token: &str) -> Option<[i64; 3]> {
    let mut parts = token.splitn(3, ':');
    let mut part = |last: bool| {
        let text = parts.next()?;
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        (matches!(digits, 1..=2) && (last || digits == text.len())).then(|| number(text))?
    };
    Some([part(false)?, part(false)?, part(true)?])
}

/// The digits at the beginning, four at most.
fn number(token: &str) -> Option<i64> {
    let digits = token.bytes().take_while(u8::is_ascii_digit).count();
    token.get(..digits.min(4))?.parse().ok()
}

fn month(token: &str) -> Option<i64> {
    const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = token.get(..3)?.to_ascii_lowercase();
    NAMES.iter().zip(1..).find_map(|(known, number)| (*known == name).then_some(number))
}

/// Days from 1970-01-01 in the Gregorian calendar; `None` if the month has no such day. The year is counted from March, so
/// that the day that some years have more is its last.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    const BEFORE: [i64; 12] = [0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337];
    const TO_1970: i64 = 719_468;
    if day > month_length(year, month) {
        return None;
    }
    let from_march = month.checked_sub(3)?.rem_euclid(12);
    let year = if month < 3 { year.checked_sub(1)? } else { year };
    let before = BEFORE.get(usize::try_from(from_march).ok()?)?;
    let leaps = year.div_euclid(4).checked_sub(year.div_euclid(100))?.checked_add(year.div_euclid(400))?;
    year.checked_mul(365)?
        .checked_add(leaps)?
        .checked_add(*before)?
        .checked_add(day)?
        .checked_sub(TO_1970.checked_add(1)?)
}

fn month_length(year: i64, month: i64) -> i64 {
    let leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    match month {
        2 => 28_i64.saturating_add(i64::from(leap)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn the_usual_forms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "08:49:37 06 november 1994",
            "6 nov 1994 8:49:37Z",
        ] {
            assert_eq!(parse(text), Some(784_111_777), "{text}");
        }
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse("Thu, 01-Jan-70 00:00:01 GMT"), Some(1));
        assert_eq!(parse("Fri, 31 Dec 9999 23:59:59 GMT"), Some(253_402_300_799));
        assert_eq!(parse("Mon, 01 Jan 1601 00:00:00 GMT"), Some(-11_644_473_600));
        assert_eq!(parse("Tue, 29 Feb 2000 00:00:00 GMT"), Some(951_782_400));
    }

    #[test]
    fn what_is_none() {
        for text in [
            "",
            "0",
            "-1",
            "tomorrow",
            "Sun, 06 Nov 1994",
            "06 Nov 08:49:37",
            "32 Jan 2020 00:00:00",
            "30 Feb 2020 00:00:00",
            "29 Feb 1900 00:00:00",
            "01 Jan 1600 00:00:00",
            "01 Jan 2020 24:00:00",
            "01 Jan 2020 00:60:00",
            "01 Jan 2020 00:00:60",
            "01 Foo 2020 00:00:00",
            "1 Jän 2020 0:0:0",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_httpdate(seconds in 0u64..253_402_300_800) {
            let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
            prop_assert_eq!(parse(&text), i64::try_from(seconds).ok());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
