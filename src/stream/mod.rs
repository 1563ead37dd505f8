//! TCP as a passive observer sees it: sequence arithmetic, reassembly, gaps, teardown, and the table of flows with
//! its limits. Nothing here knows a protocol; packet time is the only time.
//!
//! A [`Connection`] is fed the segments of one conversation and hands its bytes, in order and without copying where
//! they come in order, to a [`Sink`]. No crate does this with what a diagnosis needs: which frame brought which
//! byte, holes told explicitly, and a teardown judged by sequence number.
mod assembler;
mod connection;
mod details;
mod doubt;
mod duplicates;
mod flight;
mod sequence;
mod table;
mod teardown;
#[cfg(test)]
mod tests;
mod versions;

pub use assembler::{Assembler, OrderedSink};
pub use connection::Connection;
pub(crate) use connection::Tombstone;
pub(crate) use table::{FlowKey, FlowTable};

use crate::model::{Side, Stamp};

/// Takes the bytes of a connection in order, direction by direction.
pub trait Sink {
    /// Bytes at `offset` (from 0) of what `from` sent. `at` is the frame that brought them.
    fn bytes(&mut self, from: Side, offset: u64, bytes: &[u8], at: Stamp);

    /// `length` bytes at `offset` are not in the capture and will not come. `at` is the frame that showed it.
    fn gap(&mut self, from: Side, offset: u64, length: u64, at: Stamp);
}

/// Limits of what is held for a conversation. Reaching one is counted, never silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Segments that may wait for an earlier one, by direction.
    pub waiting_segments: usize,
    /// Bytes in them, by direction.
    pub waiting_bytes: usize,
    /// Bytes that wait in all connections together: for an earlier segment, or for the rest of a message. Beyond it the
    /// connection that brings more lets go of what it holds.
    pub total_bytes: usize,
    /// Flows in each of the two generations of the table, and of each address family.
    pub flows: usize,
    /// Distance of a RST's TTL from its sender's other packets beyond which something on the path sent it.
    pub ttl_distance: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { waiting_segments: 4096, waiting_bytes: 4 << 20, total_bytes: 64 << 20, flows: 65_536, ttl_distance: 2 }
    }
}
