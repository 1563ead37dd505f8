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

/// A date and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year.
    pub year: u64,
    /// 1 to 12.
    pub month: u64,
    /// 1 to 31.
    pub day: u64,
    /// 0 to 23.
    pub hour: u64,
    /// 0 to 59.
    pub minute: u64,
    /// 0 to 59.
    pub second: u64,
    /// 0 to 999.
    pub millisecond: u64,
}

/// The date and the time of day of nanoseconds since 1970.
pub fn civil(at: u64) -> Civil {
    let mut year = 1970;
    while utc(year + 1, 1, 1) <= at {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| utc(year, *month, 1) <= at).unwrap_or(1);
    let day = (at - utc(year, month, 1)) / DAY + 1;
    let second = at % DAY / SECOND;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Civil { year, month, day, hour, minute, second, millisecond: at % SECOND / MILLISECOND }
}

/// A time as HTTP writes it (RFC 9110 section 5.6.7): `Mon, 10 Mar 2025 08:30:00 GMT`.
pub fn http_date(at: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Civil { year, month, day, hour, minute, second, .. } = civil(at);
    let weekday = DAYS[(at / DAY % 7) as usize];
    format!("{weekday}, {day:02} {} {year} {hour:02}:{minute:02}:{second:02} GMT", MONTHS[month as usize - 1])
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

    #[test]
    fn http_dates_are_those_of_rfc_9110() {
        assert_eq!(http_date(784_111_777 * SECOND), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(START), "Mon, 10 Mar 2025 08:30:00 GMT");
        assert_eq!(http_date(utc(2025, 1, 1) - 1), "Tue, 31 Dec 2024 23:59:59 GMT");
    }
}
