//! One conversation: messages out of bytes, in each direction on its own, through keep-alives, gaps and nonsense.
//!
//! At the boundary of two messages any byte with its top bit set stands alone: 0x80 keeps the connection alive, the others
//! ("series bytes") are passed over. By the protocol's draft (draft-houri-sametime-community-client-00) one stands before each message
//! and counts from 0x81 to 0xFF; no capture at hand shows a client that does. Where two messages have one each, a step that is
//! left out is noted at the second: a message between them is missing.

use super::frame::{self, HEADER, Header, LENGTH, MAX_LENGTH};
use super::kind;
use super::probe;
use crate::framed::{self, Begins, Framing, Standing};
use crate::{Dissector, Probe, Problem, Side};

/// The byte that keeps a connection alive.
const KEEP_ALIVE: u8 = 0x80;
/// The first of the series bytes, which follows the last, 0xFF.
const FIRST_OF_SERIES: u8 = 0x81;
/// A message of a type that is not known is passed over by its length up to this one.
const MAX_UNKNOWN: u32 = 1 << 16;

pub(super) fn open() -> Box<dyn Dissector> {
    framed::open(|from| Messages { from, series: (0, 0), counter: None })
}

/// The messages of one direction.
struct Messages {
    from: Side,
    /// How many series bytes were passed over since the last message, and the last four of them.
    series: (u8, u32),
    /// The series byte of the last message, if it had one.
    counter: Option<u8>,
}

impl Framing for Messages {
    const SEARCH: usize = MAX_LENGTH as usize + LENGTH + HEADER;

    fn judge(&mut self, input: &[u8], standing: Standing) -> Begins {
        match input.first() {
            Some(&byte) if byte >= KEEP_ALIVE => self.lone_byte(byte),
            _ => self.message(input, standing),
        }
    }

    /// Handshakes stand at the beginning of a stream, and zeros look like one.
    fn header(&self, input: &[u8]) -> Probe {
        match Header::of(input) {
            Some(header) if header.is_plausible_midstream() => Probe::Yes,
            Some(_) => Probe::No,
            None => Probe::Need(HEADER),
        }
    }

    fn size(&self, input: &[u8]) -> Option<usize> {
        let length = length(input).filter(|length| (1..=MAX_LENGTH).contains(length))?;
        Some(usize::try_from(length).ok()?.saturating_add(LENGTH))
    }

    fn read(&mut self, message: &[u8], _: bool) -> Option<crate::Message> {
        let gap = self.counted();
        self.series = (0, 0);
        let mut message = frame::decode(message);
        message.problems.extend(gap);
        Some(wrap(message))
    }

    fn lost(&mut self) {
        (self.series, self.counter) = ((0, 0), None);
    }
}

impl Messages {
    /// What the series byte of this message says, after that of the one before.
    fn counted(&mut self) -> Option<Problem> {
        let (count, bytes) = self.series;
        let byte = u8::try_from(bytes).ok().filter(|_| count == 1);
        let last = std::mem::replace(&mut self.counter, byte)?;
        let next = last.checked_add(1).unwrap_or(FIRST_OF_SERIES);
        let byte = byte.filter(|&byte| byte != next)?;
        let what = format!("series byte 0x{byte:02x} where 0x{next:02x} was to come: a message before it is missing");
        Some(Problem::new(what, 0))
    }

    fn lone_byte(&mut self, byte: u8) -> Begins {
        if byte == KEEP_ALIVE {
            return Begins::Between(1, Some(wrap(frame::keep_alive())));
        }
        let (count, bytes) = self.series;
        self.series = (count.saturating_add(1), bytes << 8 | u32::from(byte));
        Begins::Between(1, None)
    }

    /// The length is judged first, then the header.
    fn message(&mut self, input: &[u8], standing: Standing) -> Begins {
        if let (4.., length) = self.series {
            return self.after_series(input, length, standing);
        }
        let Some(length) = length(input) else { return Begins::Need(LENGTH) };
        if length == 0 && standing.in_step {
            return Begins::Between(LENGTH, None);
        }
        let Some(header) = Header::of(input) else { return Begins::Need(HEADER) };
        // Zeros look like a handshake.
        if !standing.in_step && header.is_handshake() {
            match probe::opening(self.from, input) {
                Probe::Yes => {}
                Probe::Need(total) => return Begins::Need(total),
                Probe::No => return nothing(HEADER, Problem::new("no handshake", 0)),
            }
        }
        let unit = Begins::Unit { size: header.size(), read: header.size(), is_known: header.is_known() };
        match header.fault() {
            None => unit,
            Some(_) if may_be_newer(&header, standing) => unit,
            Some(_) if self.is_another(&header, standing) => Begins::NotMine,
            Some(fault) => nothing(HEADER, fault),
        }
    }

    /// Nothing of the client was a message yet, and more than the length is wrong with the first.
    fn is_another(&self, header: &Header, standing: Standing) -> bool {
        !standing.begun && self.from == Side::Client && !header.is_plausible_but_for_length()
    }

    /// Four series bytes and more: were they the length of a message, one that no message can have?
    fn after_series(&mut self, input: &[u8], length: u32, standing: Standing) -> Begins {
        const REST: usize = HEADER - LENGTH;
        let Some(rest) = input.get(..REST) else { return Begins::Need(REST) };
        self.series = (0, 0);
        let header = Header::of(&[&length.to_be_bytes(), rest].concat());
        match header.filter(Header::is_plausible_but_for_length).and_then(|header| header.fault()) {
            Some(fault) => nothing(REST, fault),
            None => self.message(input, standing),
        }
    }
}

/// A type that is not known, with a length that may be true, between messages that were understood.
fn may_be_newer(header: &Header, standing: Standing) -> bool {
    let known = Header { kind: kind::LOGIN_CONTINUE, channel: 0, ..*header };
    standing.begun && standing.in_step && header.length <= MAX_UNKNOWN && !header.is_known() && known.is_plausible()
}

/// The bytes up to `used` begin no message.
fn nothing(used: usize, fault: Problem) -> Begins {
    Begins::Nothing { used, message: wrap(frame::malformed(fault)), search: true }
}

fn length(input: &[u8]) -> Option<u32> {
    input.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

fn wrap(message: super::Message) -> crate::Message {
    crate::Message::Sametime(Box::new(message))
}
