//! Units of time and size, as they are typed.

use crate::report::escape;
use anyhow::{Result, anyhow};
use std::time::Duration;

/// A time span: a number of seconds, or one with `ms`, `s`, `m`, `h` or `d`.
pub(super) fn time(text: &str) -> Result<Duration> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0), ("", 1.0)];
    let span = number(text, &units).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    span.filter(|span| !span.is_zero())
        .ok_or_else(|| anyhow!("'{}' is no time: write it as 90s, 15m, 2h or 1d", escape::terminal(text)))
}

/// A size in bytes: a number with `K`, `M` or `G` (powers of 1024), or without.
pub(super) fn size(text: &str) -> Result<u64> {
    bytes(text, 1.0)
}

/// A size for the kernel's buffer: a number alone counts KiB, as with tcpdump.
pub(super) fn kernel_buffer(text: &str) -> Result<u32> {
    let size = bytes(text, 1024.0)?;
    let fits = |size: &u32| (64 << 10..=2_147_483_647).contains(size);
    u32::try_from(size)
        .ok()
        .filter(fits)
        .ok_or_else(|| anyhow!("'{}' is no buffer size: it is 64K to 2047M", escape::terminal(text)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range: it is checked before")]
fn bytes(text: &str, alone: f64) -> Result<u64> {
    let (kib, mib, gib) = (1024.0, 1_048_576.0, 1_073_741_824.0);
    let units = [
        ("K", kib),
        ("M", mib),
        ("G", gib),
        ("KiB", kib),
        ("MiB", mib),
        ("GiB", gib),
        ("KB", kib),
        ("MB", mib),
        ("GB", gib),
        ("B", 1.0),
        ("", alone),
    ];
    let size = number(text, &units).filter(|size| (1.0..=9e15).contains(size)).map(|size| size as u64);
    size.ok_or_else(|| anyhow!("'{}' is no size: write it as 512K, 64M or 2G", escape::terminal(text)))
}

/// A number with one of these units.
fn number(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    digits.parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_have_units() {
        for (text, seconds) in
            [("90", 90.0), ("90s", 90.0), ("1.5m", 90.0), ("2h", 7200.0), ("1d", 86_400.0), ("250ms", 0.25)]
        {
            assert_eq!(time(text).unwrap(), Duration::from_secs_f64(seconds), "{text}");
        }
        for text in ["", "0", "-1", "m", "5x", "1e9", "1.2.3", "99999999999999999999d"] {
            assert!(time(text).unwrap_err().to_string().contains("90s"), "{text}");
        }
        for (text, bytes) in [("1", 1), ("512K", 512 << 10), ("64M", 64 << 20), ("2g", 2 << 30), ("1.5 MiB", 3 << 19)] {
            assert_eq!(size(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "0", "M", "5x", "-1", "99999999999G"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_kernel_buffer_without_a_unit_counts_kibibytes() {
        assert_eq!(kernel_buffer("4096").unwrap(), 4 << 20);
        assert_eq!(kernel_buffer("64M").unwrap(), 64 << 20);
        for text in ["1K", "2G", "x"] {
            assert!(kernel_buffer(text).is_err(), "{text}");
        }
    }
}
