//! Two versions of the same bytes: what was handed on around a dispute, and what else stands there.

use bytes::Bytes;

/// Bytes that are kept from a dispute on, to read the message that it is about once more.
const RECORDED: usize = 16_384;
/// Stretches of another version that are kept.
const OTHERS: usize = 16;

/// What was handed on of one direction since shortly before its first dispute, as far as it is kept, and the other versions.
#[derive(Debug)]
pub(super) struct Versions {
    /// Offset of the first byte.
    start: u64,
    bytes: Vec<u8>,
    /// By offset; none in place of a byte that may have been left out.
    others: Vec<(u64, Option<Bytes>)>,
}

impl Versions {
    /// One version so far, from `start` on.
    pub(super) fn new(start: u64, bytes: Vec<u8>) -> Self {
        Self { start, bytes, others: Vec::new() }
    }

    /// The next bytes are handed on.
    pub(super) fn go_on(&mut self, bytes: &[u8]) {
        let room = RECORDED.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// The next bytes are missing in every version.
    pub(super) fn pass_over(&mut self, length: u64) {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let end = self.bytes.len().saturating_add(length).min(RECORDED).max(self.bytes.len());
        self.bytes.resize(end, 0);
    }

    /// Other bytes stand at `offset`; none: the byte there may have been left out.
    pub(super) fn add(&mut self, offset: u64, other: Option<&[u8]>) {
        let end = self.start.saturating_add(RECORDED as u64);
        if self.others.len() < OTHERS && offset < end {
            let other = other.map(|bytes| Bytes::copy_from_slice(bytes.get(..RECORDED).unwrap_or(bytes)));
            self.others.push((offset, other));
        }
    }

    /// The other version, and the offset of its first byte.
    pub(super) fn other(&self) -> (u64, Vec<u8>) {
        let mut bytes = self.bytes.clone();
        let place = |offset: u64| usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        for (offset, other) in &self.others {
            let Some(other) = other else { continue };
            let earlier = usize::try_from(self.start.saturating_sub(*offset)).unwrap_or(usize::MAX);
            for (to, byte) in bytes.iter_mut().skip(place(*offset)).zip(other.iter().skip(earlier)) {
                *to = *byte;
            }
        }
        let mut left_out: Vec<usize> =
            self.others.iter().filter(|(_, other)| other.is_none()).map(|&(offset, _)| place(offset)).collect();
        left_out.sort_unstable();
        left_out.dedup();
        for place in left_out.into_iter().rev() {
            if place < bytes.len() {
                bytes.remove(place);
            }
        }
        (self.start, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_version_has_the_other_bytes_and_not_those_that_may_be_left_out() {
        let mut versions = Versions::new(10, b"abc".to_vec());
        versions.add(8, Some(b"..X"));
        versions.go_on(b"defg");
        versions.add(14, Some(b"YZ"));
        versions.add(12, None);
        versions.pass_over(2);
        versions.go_on(b"h");
        assert_eq!(versions.other(), (10, b"XbdYZg\0\0h".to_vec()));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut versions = Versions::new(0, Vec::new());
        for n in 0..100 {
            versions.go_on(&[1; 1000]);
            versions.pass_over(u64::MAX);
            versions.add(n, Some(&vec![2; 70_000]));
        }
        assert_eq!((versions.bytes.len(), versions.others.len()), (RECORDED, OTHERS));
        assert_eq!(versions.other().1.len(), RECORDED);
    }
}
