//! A view of a stream that slides forward: one buffer, filled by `read()`, that grows to the largest record.

use super::fields::index;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// Size of the buffer at first. Fits the second level cache of common processors, which is what makes plain reading
/// faster than a memory map.
const FIRST_SIZE: usize = 256 << 10;

/// The largest record that is accepted. D-Bus and USB captures hold packets of up to 128 MiB.
pub(super) const LARGEST_RECORD: u32 = 256 << 20;

/// Bytes of a stream that have arrived and are not consumed yet.
pub(super) struct Window {
    source: Box<dyn Read + Send>,
    data: Vec<u8>,
    start: usize,
    end: usize,
    /// Position in the stream of the first byte of `data`.
    base: u64,
    at_end: bool,
}

impl Window {
    pub(super) fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source, data: vec![0; FIRST_SIZE], start: 0, end: 0, base: 0, at_end: false }
    }

    /// Waiting bytes.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.data.get(self.start..self.end).unwrap_or_default()
    }

    /// Position in the stream of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.base.saturating_add(self.start as u64)
    }

    /// Position in the stream up to which bytes have arrived.
    pub(super) fn end_position(&self) -> u64 {
        self.base.saturating_add(self.end as u64)
    }

    /// Passes over `count` waiting bytes and says where in the buffer they stand: see [`Window::slice`].
    #[inline]
    pub(super) fn consume(&mut self, count: usize) -> usize {
        let start = self.start;
        // Both are bounded by the size of the buffer.
        self.start = start.wrapping_add(count).min(self.end);
        start
    }

    /// Bytes that were consumed, until the next call of [`Window::fill`] or [`Window::skip`].
    #[inline]
    pub(super) fn slice(&self, range: Range<usize>) -> &[u8] {
        self.data.get(range).unwrap_or_default()
    }

    /// Waits until `needed` bytes are there; `false` if the stream ends before.
    ///
    /// Memory follows the bytes that really came, not the length that a damaged file claims.
    #[inline]
    pub(super) fn fill(&mut self, needed: u32) -> io::Result<bool> {
        if self.bytes().len() >= index(needed) { Ok(true) } else { self.read_until(needed) }
    }

    #[cold]
    fn read_until(&mut self, needed: u32) -> io::Result<bool> {
        let needed = index(needed.min(LARGEST_RECORD));
        while self.bytes().len() < needed {
            if self.at_end {
                return Ok(false);
            }
            self.make_room();
            self.read()?;
        }
        Ok(true)
    }

    /// Passes over `count` bytes, however many they are; `false` if the stream ends before.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        loop {
            let here = usize::try_from(count).unwrap_or(usize::MAX).min(self.bytes().len());
            self.consume(here);
            count = count.saturating_sub(here as u64);
            if count == 0 {
                return Ok(true);
            }
            if !self.fill(1)? {
                return Ok(false);
            }
        }
    }

    /// Moves what is waiting to the front; doubles the buffer if it is full all the same.
    fn make_room(&mut self) {
        if self.start > 0 {
            self.data.copy_within(self.start..self.end, 0);
            self.base = self.position();
            self.end = self.end.saturating_sub(self.start);
            self.start = 0;
        }
        if self.end == self.data.len() {
            self.data.resize(self.data.len().saturating_mul(2), 0);
        }
    }

    fn read(&mut self) -> io::Result<()> {
        loop {
            match self.source.read(self.data.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => self.at_end = true,
                Ok(count) => self.end = self.end.saturating_add(count).min(self.data.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(length: usize) -> Window {
        let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        Window::new(Box::new(io::Cursor::new(bytes)))
    }

    #[test]
    fn grows_for_a_large_record_and_keeps_count() {
        let mut window = window(1_000_000);
        assert!(window.fill(10).unwrap());
        let at = window.consume(10);
        assert_eq!(window.slice(at..at + 3), [0, 1, 2]);
        assert!(window.fill(900_000).unwrap());
        assert_eq!(window.bytes()[0], 10);
        assert_eq!(window.position(), 10);
        window.consume(900_000);
        assert!(!window.fill(900_000).unwrap());
        assert_eq!(window.position(), 900_010);
        assert_eq!(window.end_position(), 1_000_000);
        assert_eq!(window.data.len(), 1 << 20);
    }

    #[test]
    fn skips_without_growing() {
        let mut window = window(3_000_000);
        assert!(window.skip(2_999_999).unwrap());
        assert_eq!(window.data.len(), FIRST_SIZE);
        assert_eq!(window.position(), 2_999_999);
        assert!(!window.skip(2).unwrap());
        assert_eq!(window.position(), 3_000_000);
    }

    #[test]
    fn claims_cost_no_memory() {
        let mut window = window(1000);
        assert!(!window.fill(u32::MAX).unwrap());
        assert_eq!(window.data.len(), FIRST_SIZE);
    }
}
