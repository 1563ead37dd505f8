//! Notes TIMEDATE values.
//!
//! Source: HCL C API user guide, "Data Types": two u32, little-endian on the wire. The first counts hundredths of a second
//! since midnight GMT. The low 24 bits of the second are the Julian day, taken to begin at midnight; its high byte is the
//! zone: bit 7 daylight saving observed, bit 6 east of GMT, bits 5-4 quarter hours, bits 3-0 hours.

use crate::calendar::civil;

/// Nanoseconds in a hundredth of a second.
const TICK: i64 = 10_000_000;
const TICKS_A_DAY: i64 = 8_640_000;
/// Julian day of 1970-01-01.
const UNIX_EPOCH: i64 = 2_440_588;
const DAY_MASK: u32 = 0x00FF_FFFF;

/// A Notes TIMEDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeDate {
    /// Hundredths of a second since midnight GMT.
    pub ticks: u32,
    /// Julian day in the low 24 bits, zone in the high byte.
    pub day: u32,
}

impl TimeDate {
    /// From eight bytes, little-endian; `None` for any other length.
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        let (ticks, day) = bytes.split_first_chunk::<4>()?;
        let day = <[u8; 4]>::try_from(day).ok()?;
        Some(Self { ticks: u32::from_le_bytes(*ticks), day: u32::from_le_bytes(day) })
    }

    /// The TIMEDATE of that instant in GMT, cut to hundredths of a second.
    pub fn from_unix_nanos(nanos: i64) -> Option<Self> {
        let ticks = nanos.div_euclid(TICK);
        let day = ticks.div_euclid(TICKS_A_DAY).checked_add(UNIX_EPOCH)?;
        let ticks = u32::try_from(ticks.rem_euclid(TICKS_A_DAY)).ok()?;
        Some(Self { ticks, day: u32::try_from(day).ok()? })
    }

    /// Nanoseconds since 1970-01-01 UTC. `None` for "any day" and "all day" (all bits set), for a time of day past
    /// midnight, and for years that 64 bits of nanoseconds cannot hold.
    pub fn unix_nanos(self) -> Option<i64> {
        let ticks = i64::from(self.ticks);
        let day = self.day & DAY_MASK;
        if ticks >= TICKS_A_DAY || day == DAY_MASK {
            return None;
        }
        let days = i64::from(day).checked_sub(UNIX_EPOCH)?;
        days.checked_mul(TICKS_A_DAY)?.checked_add(ticks)?.checked_mul(TICK)
    }

    /// The zone byte as sent.
    pub fn zone(self) -> u8 {
        self.day.to_be_bytes()[0]
    }

    /// Minutes that the sender's zone is east of GMT, without daylight saving.
    pub fn zone_minutes(self) -> i16 {
        let zone = i16::from(self.zone());
        let hours = (zone & 0x0F).saturating_mul(60);
        let minutes = hours.saturating_add(((zone >> 4) & 0x03).saturating_mul(15));
        if zone & 0x40 == 0 { minutes.saturating_neg() } else { minutes }
    }

    /// RFC 3339 in UTC with hundredths, such as `2025-04-22T17:48:19.16Z`.
    pub fn rfc3339(self) -> Option<String> {
        self.unix_nanos()?;
        let (year, month, day) = civil(i64::from(self.day & DAY_MASK).checked_sub(UNIX_EPOCH)?)?;
        let (seconds, hundredths) = (self.ticks / 100, self.ticks % 100);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{hundredths:02}Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The two examples of the C API user guide: the same wall clock in New York and in Bombay.
    #[test]
    fn published_examples() {
        let new_york = TimeDate { ticks: 0x006C_DCC0, day: 0x8525_63FC };
        assert_eq!(new_york.rfc3339().as_deref(), Some("1996-12-10T19:49:04.00Z"));
        assert_eq!(new_york.unix_nanos(), Some(850_247_344_000_000_000));
        assert_eq!(new_york.zone_minutes(), -300);
        let bombay = TimeDate { ticks: 0x0032_B864 + 60 * 100 * 2, day: 0x6525_63FC };
        assert_eq!(bombay.zone_minutes(), 330);
        assert_eq!(TimeDate { ticks: 0, day: 0x4A25_8BB8 }.zone_minutes(), 600);
    }

    #[test]
    fn wildcards_and_nonsense_have_no_time() {
        for (ticks, day) in
            [(u32::MAX, u32::MAX), (0, 0x00FF_FFFF), (u32::MAX, 2_460_788), (8_640_000, 2_460_788), (0, 0)]
        {
            let value = TimeDate { ticks, day };
            assert_eq!(value.unix_nanos(), None, "{value:?}");
            assert_eq!(value.rfc3339(), None, "{value:?}");
        }
    }

    #[test]
    fn every_length() {
        for length in 0..20 {
            assert_eq!(TimeDate::from_wire(&vec![1; length]).is_some(), length == 8);
        }
    }

    proptest! {
        #[test]
        fn there_and_back(nanos in any::<i64>()) {
            let value = TimeDate::from_unix_nanos(nanos).unwrap();
            let floor = i128::from(nanos).div_euclid(10_000_000) * 10_000_000;
            prop_assert_eq!(value.unix_nanos().map(i128::from), i64::try_from(floor).ok().map(i128::from));
        }

        #[test]
        fn any_bits(ticks in any::<u32>(), day in any::<u32>()) {
            let value = TimeDate { ticks, day };
            prop_assert_eq!(value.unix_nanos().is_some(), value.rfc3339().is_some());
            let _ = value.zone_minutes();
        }
    }
}
