//! Time as the captures carry it: nanoseconds since 1970-01-01T00:00:00Z, leap seconds ignored.

/// Nanoseconds in a microsecond.
pub const MICROSECOND: u64 = 1_000;
/// Nanoseconds in a millisecond.
pub const MILLISECOND: u64 = 1_000_000;
/// Nanoseconds in a second.
pub const SECOND: u64 = 1_000_000_000;
/// Nanoseconds in a day.
pub const DAY: u64 = 86_400 * SECOND;

/// When a new network's clock starts: 2025-03-10T08:30:00Z, a Monday morning.
pub const START: u64 = utc(2025, 3, 10) + (8 * 3600 + 30 * 60) * SECOND;

/// Midnight GMT of a date of the Gregorian calendar, from 1970 on.
pub const fn utc(year: u64, month: u64, day: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let before_month = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month as usize - 1];
    let leap_day_passed = (leap && month > 2) as u64;
    let past = year - 1;
    let days_before_year = past * 365 + past / 4 - past / 100 + past / 400;
    let days_before_1970 = 1969 * 365 + 1969 / 4 - 1969 / 100 + 1969 / 400;
    (days_before_year - days_before_1970 + before_month + leap_day_passed + day - 1) * DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_date_1() {
        assert_eq!(utc(1970, 1, 1), 0);
        assert_eq!(utc(2000, 3, 1) / SECOND, 951_868_800);
        assert_eq!(utc(2024, 2, 29) / SECOND, 1_709_164_800);
        assert_eq!(START / SECOND, 1_741_595_400);
    }
}
