//! From the units that a capture counts in to a [`Timestamp`]. Saturates at the years 1677 and 2262, never panics.

use crate::model::Timestamp;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Time of a classic pcap record: `seconds` since 1970 and a fraction in units of `unit` nanoseconds. A fraction of a
/// second or more is taken as it is: some writers produce it, and the sum is what they mean.
pub(super) fn classic_time(seconds: u32, fraction: u32, unit: u16, digits: u8) -> Timestamp {
    // At most 2^32 * (10^9 + 10^3), which is less than 2^63: none of these operations can wrap.
    let nanos =
        i64::from(seconds).wrapping_mul(NANOS_PER_SECOND).wrapping_add(i64::from(fraction).wrapping_mul(unit.into()));
    Timestamp::new(nanos, digits)
}

/// How an interface of a pcapng file counts time (draft-ietf-opsawg-pcapng 4.2, if_tsresol and if_tsoffset).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    scale: Scale,
    digits: u8,
    offset_nanos: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// A unit is that many nanoseconds.
    Multiply(u64),
    /// That many units are a nanosecond; 0 if they are more than a u64 holds.
    Divide(u64),
    /// A unit is 2^-n seconds.
    PowerOfTwo(u8),
}

impl Clock {
    /// Microseconds since 1970: what counts unless an interface says otherwise.
    pub(super) const MICROSECONDS: Self = Self { scale: Scale::Multiply(1000), digits: 6, offset_nanos: 0 };

    /// Sets the unit: 10^-n seconds, or 2^-n seconds if the most significant bit is set.
    pub(super) fn set_resolution(&mut self, if_tsresol: u8) {
        let exponent = if_tsresol & 0x7f;
        if if_tsresol & 0x80 != 0 {
            self.scale = Scale::PowerOfTwo(exponent);
            self.digits = 9;
        } else {
            self.scale = match exponent.checked_sub(9) {
                Some(finer) => Scale::Divide(10u64.checked_pow(finer.into()).unwrap_or(0)),
                None => Scale::Multiply(10u64.saturating_pow(9u32.saturating_sub(exponent.into()))),
            };
            self.digits = exponent.min(9);
        }
    }

    /// Sets the seconds that are added to every timestamp.
    pub(super) fn set_offset(&mut self, seconds: i64) {
        self.offset_nanos = seconds.saturating_mul(NANOS_PER_SECOND);
    }

    /// Time of a packet that was captured `units` after the offset.
    pub(super) fn time(&self, units: u64) -> Timestamp {
        let nanos = match self.scale {
            Scale::Multiply(nanos) => units.saturating_mul(nanos),
            Scale::Divide(units_per_nano) => units.checked_div(units_per_nano).unwrap_or(0),
            Scale::PowerOfTwo(exponent) => {
                let nanos = u128::from(units).saturating_mul(1_000_000_000).checked_shr(exponent.into());
                u64::try_from(nanos.unwrap_or(0)).unwrap_or(u64::MAX)
            }
        };
        let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
        Timestamp::new(nanos.saturating_add(self.offset_nanos), self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clock(if_tsresol: u8) -> Clock {
        let mut clock = Clock::MICROSECONDS;
        clock.set_resolution(if_tsresol);
        clock
    }

    #[test]
    fn powers_of_ten() {
        assert_eq!(clock(6), Clock::MICROSECONDS);
        for (resolution, units, nanos, digits) in [
            (0, 17, 17_000_000_000, 0),
            (3, 17, 17_000_000, 3),
            (6, 17, 17_000, 6),
            (9, 17, 17, 9),
            (12, 17_999, 17, 9),
            (28, 10_000_000_000_000_000_000, 1, 9),
            (29, u64::MAX, 0, 9),
            (127, u64::MAX, 0, 9),
        ] {
            let time = clock(resolution).time(units);
            assert_eq!((time.nanos(), time.digits()), (nanos, digits), "10^-{resolution}");
        }
    }

    #[test]
    fn powers_of_two() {
        for (exponent, units, nanos) in [
            (0, 17, 17_000_000_000),
            (10, 1536, 1_500_000_000),
            (20, 1_700_000_000 << 20, 1_700_000_000_000_000_000),
            (32, 3 << 31, 1_500_000_000),
            (63, 1 << 62, 500_000_000),
            (127, u64::MAX, 0),
        ] {
            let time = clock(0x80 | exponent).time(units);
            assert_eq!((time.nanos(), time.digits()), (nanos, 9), "2^-{exponent}");
        }
    }

    #[test]
    fn offset_is_added_and_saturates() {
        let mut clock = Clock::MICROSECONDS;
        clock.set_offset(-3600);
        assert_eq!(clock.time(3_600_000_001).nanos(), 1000);
        clock.set_offset(i64::MIN);
        assert_eq!(clock.time(0).nanos(), i64::MIN);
        clock.set_offset(i64::MAX);
        assert_eq!(clock.time(u64::MAX).nanos(), i64::MAX);
    }

    #[test]
    fn classic_times_do_not_wrap() {
        assert_eq!(classic_time(1, 2, 1000, 6).nanos(), 1_000_002_000);
        assert_eq!(classic_time(1, 2_000_001, 1000, 6).nanos(), 3_000_001_000);
        assert_eq!(classic_time(u32::MAX, u32::MAX, 1000, 6).nanos(), 4_294_971_589_967_295_000);
    }

    proptest! {
        #[test]
        fn equals_exact_arithmetic(
            exponent in 0u8..=30,
            binary: bool,
            units: u64,
            offset in -9_000_000_000i64..9_000_000_000,
        ) {
            let mut clock = clock(if binary { 0x80 | exponent } else { exponent });
            clock.set_offset(offset);
            let per_second = if binary { 1i128 << exponent } else { 10i128.pow(exponent.into()) };
            let whole = i128::from(units) / per_second * 1_000_000_000;
            let part = i128::from(units) % per_second * 1_000_000_000 / per_second;
            let expected = (whole + part).min(i64::MAX.into()) + i128::from(offset) * 1_000_000_000;
            prop_assert_eq!(i128::from(clock.time(units).nanos()), expected.clamp(i64::MIN.into(), i64::MAX.into()));
        }
    }
}
