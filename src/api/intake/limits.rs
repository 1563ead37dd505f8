//! What an archive may cost.

use std::io::{self, Read};

/// Limits of all archives of a run together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Entries that are looked at.
    pub entries: u32,
    /// Bytes that are unpacked.
    pub bytes: u64,
    /// How many times as large as packed something may be.
    pub ratio: u64,
    /// Bytes for which that is not asked: small things pack well.
    pub free: u64,
    /// Archives within archives.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        // Logs that say the same line over and over pack to a hundredth; deflate reaches a thousandth of zeros.
        Self { entries: 10_000, bytes: 4 << 30, ratio: 250, free: 64 << 20, depth: 3 }
    }
}

impl Limits {
    /// Bytes that may come of something that is so large when it is packed.
    pub(super) fn allowed(&self, packed: u64) -> u64 {
        packed.saturating_mul(self.ratio).max(self.free).min(self.bytes)
    }
}

/// A stream that ends with an error behind so many bytes.
#[derive(Debug)]
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Bounded<R> {
    pub(super) const fn new(inner: R, most: u64) -> Self {
        Self { inner, left: most }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(count as u64) else {
            return Err(io::Error::other("it is far larger than it looks packed, or than there is room for"));
        };
        self.left = left;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_too_long_is_an_error() {
        let read = |most| {
            let mut all = Vec::new();
            Bounded::new(&[7; 100][..], most).read_to_end(&mut all).map(|_| all.len())
        };
        assert_eq!(read(100).unwrap(), 100);
        assert!(read(99).is_err());
        let limits = Limits::default();
        assert_eq!((limits.allowed(1), limits.allowed(1 << 20)), (64 << 20, 250 << 20));
        assert_eq!(limits.allowed(u64::MAX), 4 << 30);
    }
}
