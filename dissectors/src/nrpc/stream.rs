//! One conversation: frames out of bytes, in each direction on its own, through gaps and nonsense.
//!
//! A direction is in step while each frame begins where the one before ended. A gap that swallows no unread length field
//! leaves it in step. Any other gap puts it out of step; then bytes are scanned for a plausible header, once each and at
//! most as far as a frame can reach, and two plausible headers in a row put it back.

use super::frame::{self, HEADER, Header, Message, Place, class, frame_size};
use crate::{Dissector, Side, Verdict};

/// Bytes scanned for a header after a gap: the longest frame and a header more.
const SCAN_LIMIT: usize = 65_537 + HEADER;
/// Smallest length field of a frame.
const MIN_LENGTH: u16 = frame::HEADER_BEHIND_LENGTH;

pub(super) fn open() -> Box<dyn Dissector> {
    Box::new(Stream::default())
}

#[derive(Default)]
struct Stream {
    client: Direction,
    server: Direction,
}

/// What is known of one direction.
#[derive(Default)]
struct Direction {
    phase: Phase,
    /// Sequence, function and class of the frame before.
    before: Option<(u16, u16, u16)>,
    /// Frames in front of the next one are missing.
    unsure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// The next byte begins a frame.
    #[default]
    InStep,
    /// The next byte seems to begin a frame: this many frames were read since a header was found.
    Unconfirmed(u8),
    /// This many bytes belong to a frame that was reported already.
    Remainder(u64),
    /// Looking for a header; this many bytes were looked at.
    Lost(usize),
    /// Nothing that follows can be read.
    Done,
}

impl Dissector for Stream {
    fn next(&mut self, from: Side, input: &[u8]) -> Verdict {
        self.direction(from).next(from, input)
    }

    fn gap(&mut self, from: Side, pending: &[u8], missing: u64) -> Option<crate::Message> {
        let direction = self.direction(from);
        let message = direction.partial(from, pending);
        direction.lose(pending, missing);
        message
    }

    fn end(&mut self, from: Side, pending: &[u8]) -> Option<crate::Message> {
        self.direction(from).partial(from, pending)
    }
}

impl Stream {
    fn direction(&mut self, from: Side) -> &mut Direction {
        match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl Direction {
    fn next(&mut self, from: Side, input: &[u8]) -> Verdict {
        match self.phase {
            Phase::Done => Verdict::Skip { bytes: u64::MAX },
            Phase::Remainder(bytes) => {
                self.phase = Phase::InStep;
                Verdict::Skip { bytes }
            }
            Phase::Lost(looked) => self.scan(from, input, looked),
            Phase::InStep | Phase::Unconfirmed(_) => self.frame(from, input),
        }
    }

    /// The frame that begins here. The length alone is judged first, then the header, then the whole: how the bytes were
    /// cut into chunks cannot change the answer.
    fn frame(&mut self, from: Side, input: &[u8]) -> Verdict {
        let Some(length) = length(input) else { return Verdict::Need { total: 2 } };
        if length < MIN_LENGTH {
            return self.out_of_step(from, input);
        }
        let Ok((_, header)) = Header::parse(input) else { return Verdict::Need { total: HEADER } };
        if matches!(self.phase, Phase::Unconfirmed(_)) && !self.plausible(&header) {
            return self.out_of_step(from, input);
        }
        let used = frame_size(length);
        let Some(frame) = input.get(..used) else { return Verdict::Need { total: used } };
        self.phase = if self.phase == Phase::Unconfirmed(0) { Phase::Unconfirmed(1) } else { Phase::InStep };
        Verdict::Message { used, message: self.decode(from, frame) }
    }

    /// No frame begins here: look for one if the direction was never sure, else give it up.
    fn out_of_step(&mut self, from: Side, input: &[u8]) -> Verdict {
        if matches!(self.phase, Phase::Unconfirmed(_)) {
            self.phase = Phase::Lost(0);
            return self.scan(from, input, 0);
        }
        self.phase = Phase::Done;
        let two = input.get(..2).unwrap_or(input);
        Verdict::Message { used: two.len(), message: crate::Message::Nrpc(frame::unframeable(two)) }
    }

    /// Every offset is judged once, by the same twelve bytes.
    fn scan(&mut self, from: Side, input: &[u8], looked: usize) -> Verdict {
        let budget = SCAN_LIMIT.saturating_sub(looked);
        let found = input.windows(HEADER).take(budget).position(|window| self.plausible_bytes(window));
        if let Some(offset) = found {
            self.phase = Phase::Unconfirmed(0);
            self.unsure = true;
            return if offset == 0 { self.frame(from, input) } else { skip(offset) };
        }
        let scanned = input.windows(HEADER).len().min(budget);
        if scanned == budget {
            self.phase = Phase::Done;
            return Verdict::Skip { bytes: u64::MAX };
        }
        self.phase = Phase::Lost(looked.saturating_add(scanned));
        if scanned == 0 { Verdict::Need { total: HEADER } } else { skip(scanned) }
    }

    fn plausible_bytes(&self, window: &[u8]) -> bool {
        Header::parse(window).is_ok_and(|(_, header)| self.plausible(&header))
    }

    /// The lengths agree, and the class is a public one or that of the last frame: by chance once in 2^29.
    fn plausible(&self, header: &Header) -> bool {
        let known = matches!(header.class, class::SESSION | class::SERVICE | class::TRANSACTION);
        let seen = self.before.is_some_and(|(_, _, class)| class == header.class);
        (known || seen) && header.payload_length > 0 && header.lengths_agree()
    }

    fn decode(&mut self, from: Side, frame: &[u8]) -> crate::Message {
        let header = Header::parse(frame).ok().map(|(_, header)| (header.sequence, header.function, header.class));
        let place = match (self.unsure, header) {
            (true, _) => Place::Unsure,
            (false, Some(_)) if header == self.before => Place::Continuation,
            _ => Place::First,
        };
        let message: Message = frame::decode(from, frame, place);
        self.before = header;
        self.unsure = header.is_none();
        crate::Message::Nrpc(message)
    }

    /// What can be told from the beginning of a frame.
    fn partial(&mut self, from: Side, pending: &[u8]) -> Option<crate::Message> {
        let in_step = matches!(self.phase, Phase::InStep | Phase::Unconfirmed(_));
        (in_step && !pending.is_empty()).then(|| self.decode(from, pending))
    }

    /// `missing` bytes behind `pending` are gone.
    fn lose(&mut self, pending: &[u8], missing: u64) {
        let remainder = match self.phase {
            Phase::Done => return,
            Phase::Remainder(bytes) => Some(bytes),
            Phase::Lost(_) => None,
            Phase::InStep | Phase::Unconfirmed(_) => unread(pending),
        };
        let beyond = remainder.and_then(|remainder| remainder.checked_sub(missing));
        self.phase = match beyond {
            Some(0) => Phase::InStep,
            Some(bytes) => Phase::Remainder(bytes),
            None => Phase::Lost(0),
        };
    }
}

/// Bytes of the frame that are not in `pending`; `None` if its length field is not.
fn unread(pending: &[u8]) -> Option<u64> {
    if pending.is_empty() {
        return Some(0);
    }
    let length = length(pending).filter(|&length| length >= MIN_LENGTH)?;
    u64::try_from(frame_size(length).saturating_sub(pending.len())).ok()
}

fn length(input: &[u8]) -> Option<u16> {
    input.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

fn skip(bytes: usize) -> Verdict {
    Verdict::Skip { bytes: u64::try_from(bytes).unwrap_or(u64::MAX) }
}
