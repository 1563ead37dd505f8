//! What a parser of one TCP conversation is, and what it says of the bytes that it is offered.

use crate::{Message, Protocol, Side, tls};

/// What a [`Dissector`] says of the bytes it was offered.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The first `used` bytes (at least one) are a whole message.
    Message {
        /// Bytes taken from the front of the input.
        used: usize,
        /// What they say.
        message: Message,
    },
    /// Nothing whole yet. Offer the same bytes again, followed by newer ones, once there are `total` of them.
    /// `total` is always larger than the length of the input that was offered.
    Need {
        /// How many bytes are needed, counted from the first byte of this input.
        total: usize,
    },
    /// The next bytes carry nothing that is looked at; there may be more of them than were offered. Bytes of a gap
    /// count: [`Dissector::gap`] is told only of what is missing beyond them.
    Skip {
        /// How many bytes to pass over; `u64::MAX` means the rest of this direction.
        bytes: u64,
    },
    /// The first `used` bytes (at least one) are a unit of a protocol that carries another, a TLS record.
    Layer {
        /// Bytes taken from the front of the input.
        used: usize,
        /// What it came to, in order. May be nothing.
        parts: Vec<Part>,
        /// It ends in the middle of a message: its bytes are a part of what the next unit completes, too.
        open: bool,
    },
    /// From these bytes on the conversation is carried by that protocol, in both directions; what is inside of it is of the
    /// dissector's own protocol again (StartTLS). None of these bytes is taken.
    Becomes(&'static Protocol),
    /// This conversation is of another protocol.
    NotMine,
}

/// What a unit of a protocol that carries another comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A message of the carrying protocol.
    Message(Message),
    /// The next bytes of the protocol that is carried.
    Inner(Vec<u8>),
    /// So many bytes of the protocol that is carried are lost; an estimate.
    Lost(u64),
}

/// What became of the units of a protocol that carries another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layer {
    /// Units (TLS records) seen.
    pub records: u64,
    /// Those of them that were protected and were opened.
    pub opened: u64,
    /// Those that carried something and stayed closed.
    pub sealed: u64,
    /// Why most of them stayed closed.
    pub why_opaque: Option<tls::Why>,
}

/// A parser of one conversation. Any chunking of the same bytes gives the same messages.
pub trait Dissector: Send {
    /// The beginning of the conversation is not in the capture. Said before the first bytes, if it is so.
    fn midstream(&mut self) {}

    /// Looks at the bytes of one direction that were not consumed so far. `input` is never empty.
    fn next(&mut self, from: Side, input: &[u8]) -> Verdict;

    /// Bytes of this direction are missing from the capture: `missing` of them, right after `pending`, which
    /// holds what was offered before and not consumed. `pending` is dropped after this call; a message that can
    /// be told from it is returned. The next input begins behind the gap.
    fn gap(&mut self, from: Side, pending: &[u8], missing: u64) -> Option<Message>;

    /// This direction has ended with `pending` left over (never empty): what was read is not lost.
    fn end(&mut self, from: Side, pending: &[u8]) -> Option<Message>;

    /// What became of its units, if this protocol carries another.
    fn layer(&self) -> Option<Layer> {
        None
    }
}
