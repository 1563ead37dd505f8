//! Sequence arithmetic modulo 2^32 (RFC 9293 3.4) and its extension to 64-bit stream offsets.

/// How far `to` lies behind `from`; negative if it lies before. Right while the two are less than 2^31 apart.
pub(super) const fn distance(from: u32, to: u32) -> i64 {
    // Widening an i32 cannot lose anything.
    to.wrapping_sub(from).cast_signed() as i64
}

/// Stream offset of a sequence number: the one nearest to `near`, an offset that is known to be close. `base` is the
/// sequence number of offset 0. Negative for bytes before the stream's start.
pub(super) fn offset(base: u32, near: u64, sequence: u32) -> i64 {
    let at_near = base.wrapping_add(low(near));
    near.cast_signed().saturating_add(distance(at_near, sequence))
}

/// The low 32 bits.
fn low(offset: u64) -> u32 {
    u32::try_from(offset & 0xffff_ffff).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn distance_crosses_the_wrap() {
        assert_eq!(distance(u32::MAX, 0), 1);
        assert_eq!(distance(0, u32::MAX), -1);
        assert_eq!(distance(5, 5), 0);
    }

    /// Sequence number of a stream offset.
    fn number(base: u32, offset: u64) -> u32 {
        base.wrapping_add(offset as u32)
    }

    proptest! {
        #[test]
        fn offset_is_the_inverse_of_number(base: u32, at in 0u64..1 << 40, off in -(1i64 << 30)..1 << 30) {
            let near = at.saturating_add_signed(off);
            prop_assert_eq!(offset(base, near, number(base, at)), at as i64);
        }
    }
}
