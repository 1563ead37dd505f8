//! The bytes of one layer: what was captured, and how much there was on the wire.

use crate::model::Frame;

/// The largest packet that is believed without a length field of its own (segmentation offload, jumbograms).
const LARGEST: u32 = 1 << 20;

/// Bytes captured, and how many there were. `wire` is never less than `data.len()`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Captured<'a> {
    pub data: &'a [u8],
    pub wire: usize,
}

impl<'a> Captured<'a> {
    pub(super) fn of_frame(frame: &Frame<'a>) -> Self {
        let wire = usize::try_from(frame.wire_length.min(LARGEST)).unwrap_or(usize::MAX);
        Self { data: frame.data, wire: wire.max(frame.data.len()) }
    }

    pub(super) fn whole(data: &'a [u8]) -> Self {
        Self { data, wire: data.len() }
    }

    /// The first `N` bytes and the rest; nothing if the capture ends before.
    pub(super) fn split<const N: usize>(self) -> Option<(&'a [u8; N], Self)> {
        let (head, rest) = self.data.split_first_chunk()?;
        Some((head, Self { data: rest, wire: self.wire.saturating_sub(N) }))
    }

    /// What follows `length` bytes; nothing if the capture ends before.
    pub(super) fn skip(self, length: usize) -> Option<Self> {
        let data = self.data.get(length..)?;
        Some(Self { data, wire: self.wire.saturating_sub(length) })
    }

    /// What follows `length` bytes, captured or not.
    pub(super) fn after(self, length: usize) -> Self {
        Self { data: self.data.get(length..).unwrap_or_default(), wire: self.wire.saturating_sub(length) }
    }

    /// As long as a length field says, even where that is longer than the frame was on the wire.
    #[inline]
    pub(super) fn with_length(self, length: usize) -> Self {
        Self { data: self.data.get(..length).unwrap_or(self.data), wire: length }
    }

    /// No longer than a length field says.
    pub(super) fn at_most(self, length: usize) -> Self {
        self.with_length(length.min(self.wire))
    }

    /// The capture ends before the layer does.
    pub(super) fn is_cut(self) -> bool {
        self.data.len() < self.wire
    }

    pub(super) fn wire_u32(self) -> u32 {
        u32::try_from(self.wire).unwrap_or(u32::MAX)
    }
}
