//! One conversation: frames out of bytes, in each direction on its own, through gaps and nonsense.
//!
//! A length that no frame can have ends a direction that was in step: nothing says what comes behind it.

use super::frame::{self, HEADER, Header, Message, Place, class, frame_size};
use crate::framed::{self, Begins, Framing, Standing};
use crate::{Dissector, Probe, Side};

/// Smallest length field of a frame.
const MIN_LENGTH: u16 = frame::HEADER_BEHIND_LENGTH;

pub(super) fn open() -> Box<dyn Dissector> {
    framed::open(|from| Frames { from, before: None, unsure: false })
}

/// The frames of one direction.
struct Frames {
    from: Side,
    /// Sequence, function and class of the frame before.
    before: Option<(u16, u16, u16)>,
    /// Frames in front of the next one are missing.
    unsure: bool,
}

impl Framing for Frames {
    const SEARCH: usize = 65_537 + HEADER;

    /// The length alone is judged first, then the header.
    fn judge(&mut self, input: &[u8], standing: Standing) -> Begins {
        let Some(length) = length(input) else { return Begins::Need(2) };
        if length < MIN_LENGTH {
            return nothing(input);
        }
        let Some((header, _)) = Header::parse(input) else { return Begins::Need(HEADER) };
        if !standing.in_step && !self.plausible(&header) {
            return nothing(input);
        }
        let size = frame_size(length);
        Begins::Unit { size, read: size, is_known: true }
    }

    fn header(&self, input: &[u8]) -> Probe {
        match Header::parse(input) {
            Some((header, _)) if self.plausible(&header) => Probe::Yes,
            Some(_) => Probe::No,
            None => Probe::Need(HEADER),
        }
    }

    fn size(&self, input: &[u8]) -> Option<usize> {
        length(input).filter(|&length| length >= MIN_LENGTH).map(frame_size)
    }

    fn read(&mut self, frame: &[u8], _: bool) -> Option<crate::Message> {
        let header = Header::parse(frame).map(|(header, _)| (header.sequence, header.function, header.class));
        let place = match (self.unsure, header) {
            (true, _) => Place::Unsure,
            (false, Some(_)) if header == self.before => Place::Continuation,
            _ => Place::First,
        };
        let message: Message = frame::decode(self.from, frame, place);
        self.before = header;
        self.unsure = header.is_none();
        Some(crate::Message::Nrpc(message))
    }

    fn found(&mut self) {
        self.unsure = true;
    }
}

impl Frames {
    /// The lengths agree, and the class is a public one or that of the last frame: by chance once in 2^29.
    fn plausible(&self, header: &Header) -> bool {
        let known = matches!(header.class, class::SESSION | class::SERVICE | class::TRANSACTION);
        let seen = self.before.is_some_and(|(_, _, class)| class == header.class);
        (known || seen) && header.payload_length > 0 && header.lengths_agree()
    }
}

/// Two length bytes that begin no frame.
fn nothing(input: &[u8]) -> Begins {
    let two = input.get(..2).unwrap_or(input);
    let message = crate::Message::Nrpc(frame::unframeable(two));
    Begins::Nothing { used: two.len(), message, search: false }
}

fn length(input: &[u8]) -> Option<u16> {
    input.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}
