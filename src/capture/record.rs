//! A packet as a capture file holds it.

use crate::model::Timestamp;
use std::ops::Range;

/// A packet in the window.
pub(super) struct Record {
    /// Where its bytes are; see [`Window::slice`](super::window::Window::slice).
    pub(super) data: Range<usize>,
    /// When it was captured, if the file says so.
    pub(super) time: Option<Timestamp>,
    /// Link type.
    pub(super) link_type: u16,
    /// Length on the wire.
    pub(super) wire_length: u32,
}

impl Record {
    /// Moves the range of the data by `start`.
    #[inline]
    pub(super) fn shift(&mut self, start: usize) {
        // Places in the buffer, which is smaller than an address space.
        self.data = self.data.start.wrapping_add(start)..self.data.end.wrapping_add(start);
    }
}
