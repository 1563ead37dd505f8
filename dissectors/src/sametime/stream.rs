//! One conversation: messages out of bytes, in each direction on its own, through keep-alives, gaps and nonsense.
//!
//! At the boundary of two messages any byte with its top bit set stands alone: 0x80 keeps the connection alive, the others
//! ("series bytes") are passed over. A direction is in step while each message begins where the one before ended. A header
//! that cannot be true puts it out of step, as does a gap that swallows an unread length; then bytes are scanned for a
//! header that can be true, once each and at most as far as a message can reach, and two in a row put it back.

use super::frame::{self, HEADER, Header, LENGTH, MAX_LENGTH};
use crate::{Dissector, Problem, Side, Verdict};

/// The byte that keeps a connection alive.
const KEEP_ALIVE: u8 = 0x80;
/// Bytes scanned for a header: the longest message and a header more.
const SCAN_LIMIT: usize = MAX_LENGTH as usize + LENGTH + HEADER;
/// A message of a type that is not known is passed over by its length up to this one.
const MAX_UNKNOWN: u32 = 1 << 16;

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
    /// A message was read.
    begun: bool,
    /// How many series bytes were passed over since the last message, and the last four of them.
    series: (u8, u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// The next byte begins a message.
    #[default]
    InStep,
    /// The next byte seems to begin a message: this many were read since a header was found.
    Unconfirmed(u8),
    /// This many bytes belong to a message that was reported already.
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
        let message = direction.partial(pending);
        direction.lose(pending, missing);
        message
    }

    fn end(&mut self, from: Side, pending: &[u8]) -> Option<crate::Message> {
        self.direction(from).partial(pending)
    }
}

impl Stream {
    const fn direction(&mut self, from: Side) -> &mut Direction {
        match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl Direction {
    fn next(&mut self, from: Side, input: &[u8]) -> Verdict {
        match (self.phase, input.first()) {
            (Phase::Done, _) => Verdict::Skip { bytes: u64::MAX },
            (Phase::Remainder(bytes), _) => {
                self.phase = Phase::InStep;
                Verdict::Skip { bytes }
            }
            (Phase::Lost(looked), _) => self.scan(from, input, looked),
            (_, Some(&byte)) if byte >= KEEP_ALIVE => self.lone_byte(byte),
            _ => self.message(from, input),
        }
    }

    fn lone_byte(&mut self, byte: u8) -> Verdict {
        if byte == KEEP_ALIVE {
            return message(1, frame::keep_alive());
        }
        let (count, bytes) = self.series;
        self.series = (count.saturating_add(1), bytes << 8 | u32::from(byte));
        Verdict::Skip { bytes: 1 }
    }

    /// The message that begins here. The length is judged first, then the header, then the whole: how the bytes were
    /// cut into chunks cannot change the answer.
    fn message(&mut self, from: Side, input: &[u8]) -> Verdict {
        if let (4.., length) = self.series {
            return self.after_series(from, input, length);
        }
        let Some(length) = length(input) else { return Verdict::Need { total: LENGTH } };
        if length == 0 && self.phase == Phase::InStep {
            return skip(LENGTH);
        }
        let Some(header) = Header::of(input) else { return Verdict::Need { total: HEADER } };
        match header.fault() {
            None => self.whole(&header, input),
            Some(_) if self.may_be_newer(&header) => self.whole(&header, input),
            Some(_) if !self.begun && from == Side::Client && !header.is_plausible_but_for_length() => Verdict::NotMine,
            Some(fault) => self.out_of_step(from, input, HEADER, fault),
        }
    }

    /// A type that is not known, with a length that may be true, between messages that were understood.
    fn may_be_newer(&self, header: &Header) -> bool {
        let known = Header { kind: frame::kind::LOGIN_CONTINUE, channel: 0, ..*header };
        self.begun
            && self.phase == Phase::InStep
            && header.length <= MAX_UNKNOWN
            && !header.is_known()
            && known.is_plausible()
    }

    fn whole(&mut self, header: &Header, input: &[u8]) -> Verdict {
        let Some(bytes) = input.get(..header.size()) else { return Verdict::Need { total: header.size() } };
        self.phase = match self.phase {
            _ if !header.is_known() => Phase::Unconfirmed(0),
            Phase::Unconfirmed(0) => Phase::Unconfirmed(1),
            _ => Phase::InStep,
        };
        self.begun = true;
        self.series = (0, 0);
        message(bytes.len(), frame::decode(bytes))
    }

    /// Four series bytes and more: were they the length of a message, one that no message can have?
    fn after_series(&mut self, from: Side, input: &[u8], length: u32) -> Verdict {
        const REST: usize = HEADER - LENGTH;
        let Some(rest) = input.get(..REST) else { return Verdict::Need { total: REST } };
        self.series = (0, 0);
        let header = Header::of(&[&length.to_be_bytes(), rest].concat());
        match header.filter(Header::is_plausible_but_for_length).and_then(|header| header.fault()) {
            Some(fault) => self.out_of_step(from, input, REST, fault),
            None => self.message(from, input),
        }
    }

    /// No message begins here: tell what is wrong with the bytes up to `used`, then look for one.
    fn out_of_step(&mut self, from: Side, input: &[u8], used: usize, fault: Problem) -> Verdict {
        let unsure = matches!(self.phase, Phase::Unconfirmed(_));
        self.phase = Phase::Lost(0);
        self.begun = true;
        if unsure { self.scan(from, input, 0) } else { message(used, frame::malformed(fault)) }
    }

    /// Every offset is judged once, by the same twelve bytes.
    fn scan(&mut self, from: Side, input: &[u8], looked: usize) -> Verdict {
        let budget = SCAN_LIMIT.saturating_sub(looked);
        let plausible = |window: &[u8]| Header::of(window).is_some_and(|header| header.is_plausible_midstream());
        if let Some(offset) = input.windows(HEADER).take(budget).position(plausible) {
            self.phase = Phase::Unconfirmed(0);
            return if offset == 0 { self.message(from, input) } else { skip(offset) };
        }
        let scanned = input.windows(HEADER).len().min(budget);
        if scanned == budget {
            self.phase = Phase::Done;
            return Verdict::Skip { bytes: u64::MAX };
        }
        self.phase = Phase::Lost(looked.saturating_add(scanned));
        if scanned == 0 { Verdict::Need { total: HEADER } } else { skip(scanned) }
    }

    /// What can be told from the beginning of a message.
    fn partial(&self, pending: &[u8]) -> Option<crate::Message> {
        let in_step = matches!(self.phase, Phase::InStep | Phase::Unconfirmed(_));
        (in_step && !pending.is_empty()).then(|| crate::Message::Sametime(Box::new(frame::decode(pending))))
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
        self.series = (0, 0);
        self.begun = true;
        self.phase = match beyond {
            Some(0) => Phase::InStep,
            Some(bytes) => Phase::Remainder(bytes),
            None => Phase::Lost(0),
        };
    }
}

/// Bytes of the message that are not in `pending`; `None` if its length is not, or cannot be true.
fn unread(pending: &[u8]) -> Option<u64> {
    if pending.is_empty() {
        return Some(0);
    }
    let length = length(pending).filter(|length| (1..=MAX_LENGTH).contains(length))?;
    let size = u64::from(length).saturating_add(u64::try_from(LENGTH).ok()?);
    Some(size.saturating_sub(u64::try_from(pending.len()).ok()?))
}

fn length(input: &[u8]) -> Option<u32> {
    input.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

fn message(used: usize, message: super::Message) -> Verdict {
    Verdict::Message { used, message: crate::Message::Sametime(Box::new(message)) }
}

fn skip(bytes: usize) -> Verdict {
    Verdict::Skip { bytes: u64::try_from(bytes).unwrap_or(u64::MAX) }
}
