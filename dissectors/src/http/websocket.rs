//! WebSocket (RFC 6455), for the SIP that it may carry (RFC 7118). Other subprotocols are passed over.

use super::message::{Body, Message};
use crate::{Problem, Verdict, sip};

/// Bytes that a SIP message may have.
const MESSAGE: usize = 64 * 1024;
const CONTINUATION: u8 = 0;
/// The first opcode of a control frame.
const CONTROL: u8 = 8;

/// Frames of one direction.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// What was read of the message that is under way; `None` if it is passed over.
    begun: Option<Vec<u8>>,
    /// It was said that compressed messages are not read.
    said: bool,
    /// Bytes to pass over; `u64::MAX`: all that follow.
    remainder: u64,
}

/// The header of a frame (RFC 6455 section 5.2).
struct Header {
    last: bool,
    compressed: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Bytes of the header.
    length: usize,
    /// Bytes behind it.
    payload: u64,
}

impl Frames {
    /// Looks at what comes next.
    pub(super) fn next(&mut self, input: &[u8]) -> Verdict {
        if self.remainder > 0 {
            let all = self.remainder == u64::MAX;
            let bytes = if all { u64::MAX } else { std::mem::take(&mut self.remainder) };
            return Verdict::Skip { bytes };
        }
        let needed = header_length(input);
        match input.get(..needed).and_then(Header::parse) {
            Some(header) => self.frame(&header, input),
            None => Verdict::Need { total: needed },
        }
    }

    /// Frames of control may stand between those of a message, and are passed over without ending it.
    fn frame(&mut self, header: &Header, input: &[u8]) -> Verdict {
        // Lengths have 63 bits (RFC 6455 section 5.2): after one that has more, no next frame can be found.
        if i64::try_from(header.payload).is_err() {
            self.remainder = u64::MAX;
            return event(header.length, "a WebSocket frame of more bytes than there can be: the rest is not read");
        }
        if header.opcode >= CONTROL {
            return Verdict::Skip { bytes: header.whole() };
        }
        if header.opcode != CONTINUATION {
            self.begun = Some(Vec::new());
        }
        let Some(begun) = &self.begun else { return Verdict::Skip { bytes: header.whole() } };
        let size = usize::try_from(header.payload).unwrap_or(usize::MAX);
        if header.compressed && self.said {
            self.begun = None;
            return Verdict::Skip { bytes: header.whole() };
        }
        if header.compressed || begun.len().saturating_add(size) > MESSAGE {
            return self.refuse(header);
        }
        let used = header.length.saturating_add(size);
        match input.get(header.length..used) {
            Some(payload) => self.take(header, payload, used),
            None => Verdict::Need { total: used },
        }
    }

    /// Says that a message is not read.
    fn refuse(&mut self, header: &Header) -> Verdict {
        self.begun = None;
        self.remainder = header.payload;
        self.said |= header.compressed;
        let what = if header.compressed {
            "WebSocket messages are compressed (permessage-deflate): they are not read"
        } else {
            "a WebSocket message too large for SIP: it is not read"
        };
        event(header.length, what)
    }

    /// A whole frame of a message that may be SIP.
    fn take(&mut self, header: &Header, payload: &[u8], used: usize) -> Verdict {
        let begun = self.begun.get_or_insert_default();
        begun.extend(payload.iter().zip(header.mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        let message = header.last.then(|| self.begun.take().and_then(|bytes| sip_message(&bytes))).flatten();
        match message {
            Some(message) => Verdict::Message { used, message },
            None => Verdict::Skip { bytes: header.whole() },
        }
    }

    /// `missing` bytes behind `pending` are gone.
    pub(super) fn lose(&mut self, pending: &[u8], missing: u64) {
        let held = u64::try_from(pending.len()).unwrap_or(u64::MAX);
        let unread = match (self.remainder, pending.is_empty()) {
            (u64::MAX, _) => return,
            (0, true) => Some(0),
            (0, false) => {
                let header = pending.get(..header_length(pending)).and_then(Header::parse);
                header.map(|header| header.whole().saturating_sub(held))
            }
            (remainder, _) => Some(remainder),
        };
        self.begun = None;
        self.remainder = unread.and_then(|unread| unread.checked_sub(missing)).unwrap_or(u64::MAX);
    }
}

impl Header {
    /// Reads a header that is whole.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[first, second], behind) = bytes.split_first_chunk()?;
        let (payload, behind) = match second & 0x7F {
            126 => behind.split_first_chunk().map(|(size, rest)| (u64::from(u16::from_be_bytes(*size)), rest))?,
            127 => behind.split_first_chunk().map(|(size, rest)| (u64::from_be_bytes(*size), rest))?,
            size => (u64::from(size), behind),
        };
        let mask = if second & 0x80 == 0 { [0; 4] } else { *behind.first_chunk()? };
        let (last, compressed, opcode) = (first & 0x80 != 0, first & 0x40 != 0, first & 0x0F);
        Some(Self { last, compressed, opcode, mask, length: bytes.len(), payload })
    }

    /// Bytes of the frame.
    fn whole(&self) -> u64 {
        u64::try_from(self.length).unwrap_or(u64::MAX).saturating_add(self.payload)
    }
}

/// Bytes of the header that begins here, or as many as are needed to tell.
fn header_length(input: &[u8]) -> usize {
    let Some(second) = input.get(1) else { return 2 };
    let size = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    2_usize.saturating_add(size).saturating_add(mask)
}

fn sip_message(bytes: &[u8]) -> Option<crate::Message> {
    sip::parse(bytes, sip::Transport::Ws).map(|message| crate::Message::Sip(Box::new(message)))
}

fn event(used: usize, what: &'static str) -> Verdict {
    let body = Body::Malformed { line: String::new() };
    let message = Message { exchange: None, body, problems: vec![Problem::new(what, 0)] };
    Verdict::Message { used, message: crate::Message::Http(Box::new(message)) }
}
