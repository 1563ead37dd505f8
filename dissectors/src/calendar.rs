//! Days and times of the Gregorian calendar, for what the protocols count in seconds or days.

const SECONDS_A_DAY: i64 = 86_400;

/// RFC 3339 in UTC, whole seconds, such as `2009-02-13T23:26:30Z`. Years beyond 9999 have more digits, those before 0 a sign.
pub fn utc(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(SECONDS_A_DAY), seconds.rem_euclid(SECONDS_A_DAY));
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    match civil(days) {
        Some((year, month, day)) => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
        // Unreachable: the days of any number of seconds are few enough.
        None => format!("{seconds} s since 1970"),
    }
}

/// Year, month and day of a day counted from 1970-01-01. Years are counted from March, so that the leap day is the last
/// one, and in eras of 400 years (146 097 days).
pub(crate) fn civil(days: i64) -> Option<(i64, i64, i64)> {
    let days = days.checked_add(719_468)?; // from 0000-03-01
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let leaps = (day / 1460).checked_sub(day / 36_524)?.checked_add(day / 146_096)?;
    let year = day.checked_sub(leaps)? / 365;
    let before = year.checked_mul(365)?.checked_add(year / 4)?.checked_sub(year / 100)?;
    let day = day.checked_sub(before)?;
    let march = day.checked_mul(5)?.checked_add(2)? / 153;
    let day = day.checked_sub(march.checked_mul(153)?.checked_add(2)? / 5)?.checked_add(1)?;
    let month = if march < 10 { march.checked_add(3)? } else { march.checked_sub(9)? };
    let year = era.checked_mul(400)?.checked_add(year)?.checked_add(i64::from(month <= 2))?;
    Some((year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As `date -u -d @SECONDS` writes them.
    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_234_567_590, "2009-02-13T23:26:30Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (4_294_967_295, "2106-02-07T06:28:15Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (253_402_300_800, "10000-01-01T00:00:00Z"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }

    #[test]
    fn any_number_of_seconds_has_a_time() {
        for seconds in [i64::MIN, i64::MIN + 1, i64::MAX] {
            assert!(utc(seconds).ends_with('Z'), "{seconds}");
        }
    }

    #[test]
    fn civil_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_200, (2025, 4, 22)),
            (-25_509, (1900, 2, 28)),
            (-25_508, (1900, 3, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), Some(date), "{days}");
        }
    }

    proptest! {
        #[test]
        fn days_follow_each_other(days in -4_000_000i64..4_000_000) {
            let (year, month, day) = civil(days).unwrap();
            let next = civil(days + 1).unwrap();
            prop_assert!(next == (year, month, day + 1) || next == (year, month + 1, 1) || next == (year + 1, 1, 1));
            prop_assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        }
    }
}
