//! One message: its header, and whether the header can be true.
//!
//! All integers are big-endian. Length of the rest (4 bytes), type (2), options (2), channel (4), attributes if the options
//! say so (4 + n), body. Sources: Meanwhile (`message.c`, `session.c`) and Wireshark's Sametime dissector (facts only).

use super::body;
use super::cursor::Cursor;
use super::kind;
use super::message::{Body, Message};
use crate::Problem;

/// Bytes of a header.
pub(super) const HEADER: usize = 12;
/// Bytes of the length.
pub(super) const LENGTH: usize = 4;
/// Header bytes that the length counts.
const COUNTED: u32 = 8;
/// The longest message that is read. Sametime's own limits lie far below.
pub(super) const MAX_LENGTH: u32 = 1 << 20;
/// Option: attributes stand in front of the body.
pub(super) const HAS_ATTRIBS: u16 = 0x8000;
/// Option: the body is encrypted.
pub(super) const ENCRYPT: u16 = 0x4000;

/// A header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Length of what follows the length.
    pub length: u32,
    pub kind: u16,
    pub options: u16,
    pub channel: u32,
}

impl Header {
    /// The header at the front of these bytes, if they are enough.
    pub(super) fn of(input: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(input);
        Some(Self { length: cursor.u32()?, kind: cursor.u16()?, options: cursor.u16()?, channel: cursor.u32()? })
    }

    /// Bytes of the whole message.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX).saturating_add(LENGTH)
    }

    /// The type is one that exists.
    pub(super) fn is_known(&self) -> bool {
        shortest(self.kind).is_some()
    }

    /// The first message of a side.
    pub(super) fn is_handshake(&self) -> bool {
        matches!(self.kind, kind::HANDSHAKE | kind::HANDSHAKE_ACK)
    }

    /// Could this be a message in the middle of a stream? Handshakes stand at its beginning, and zeros look like one.
    pub(super) fn is_plausible_midstream(&self) -> bool {
        self.kind != kind::HANDSHAKE && self.is_plausible()
    }

    /// Could this be a message? By chance once in 2^36 and less.
    pub(super) fn is_plausible(&self) -> bool {
        self.fault().is_none()
    }

    /// All but the length: type known, no option but the two, channel 0 where the type wants it.
    pub(super) fn is_plausible_but_for_length(&self) -> bool {
        Self { length: MAX_LENGTH, ..*self }.fault().is_none()
    }

    /// What cannot be true of it, and at which offset.
    pub(super) fn fault(&self) -> Option<Problem> {
        let Self { length, kind, options, channel } = *self;
        let Some(shortest) = shortest(kind) else {
            return Some(Problem::new(format!("message type 0x{kind:04x} is not one that exists"), LENGTH));
        };
        if length > MAX_LENGTH {
            Some(Problem::new(format!("a length of {length} bytes: more than a message can have"), 0))
        } else if length < shortest {
            Some(Problem::new(format!("a length of {length} bytes: less than a message of this type has"), 0))
        } else if options & !(HAS_ATTRIBS | ENCRYPT) != 0 {
            Some(Problem::new(format!("options 0x{options:04x} are not ones that exist"), 6))
        } else if channel != 0 && is_of_session(kind) {
            Some(Problem::new(format!("channel {channel} for a message that belongs to channel 0"), 8))
        } else {
            None
        }
    }
}

/// The least that the length field of a message of this type can say; `None` for a type that does not exist.
fn shortest(kind: u16) -> Option<u32> {
    let body = match kind {
        kind::HANDSHAKE => 18,
        kind::HANDSHAKE_ACK => 8,
        kind::LOGIN => 10,
        kind::LOGIN_ACK => 13,
        kind::CHANNEL_CREATE => 34,
        kind::CHANNEL_SEND => 6,
        kind::CHANNEL_ACCEPT => 16,
        kind::CHANNEL_DESTROY | kind::SENSE_SERVICE => 4,
        kind::SET_USER_STATUS | kind::SET_PRIVACY_LIST | kind::LOGIN_REDIRECT | kind::ADMIN | kind::ANNOUNCE => 2,
        kind::LOGIN_CONTINUE | kind::HANDSHAKE_SYN => 0,
        _ => return None,
    };
    COUNTED.checked_add(body)
}

/// Types that only the master channel carries.
fn is_of_session(kind: u16) -> bool {
    matches!(
        kind,
        kind::HANDSHAKE
            | kind::HANDSHAKE_ACK
            | kind::LOGIN
            | kind::LOGIN_ACK
            | kind::LOGIN_CONTINUE
            | kind::LOGIN_REDIRECT
    )
}

/// Reads a message, or what is there of it.
pub(super) fn decode(bytes: &[u8]) -> Message {
    let Some(header) = Header::of(bytes) else { return malformed(cut(bytes, None)) };
    let (body, problem) = match body_of(&header, bytes) {
        Some(body) if header.options & ENCRYPT == 0 => body::parse(header.kind, body),
        Some(_) => (Body::Other { kind: header.kind }, None),
        None => (Body::Other { kind: header.kind }, Some("the attributes are longer than the message")),
    };
    let problem = if header.size() > bytes.len() {
        Some(cut(bytes, Some(header.size())))
    } else {
        header.fault().or(problem.map(|what| Problem::new(what, HEADER)))
    };
    let problems = problem.into_iter().collect();
    Message { channel: header.channel, options: header.options, body, problems }
}

/// The body behind the attributes, if there are any.
fn body_of<'a>(header: &Header, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let mut cursor = Cursor::new(bytes.get(HEADER..)?);
    if header.options & HAS_ATTRIBS != 0 {
        cursor.opaque()?;
    }
    Some(cursor.rest())
}

/// Bytes that are no message.
pub(super) fn malformed(problem: Problem) -> Message {
    Message { channel: 0, options: 0, body: Body::Malformed, problems: vec![problem] }
}

/// The byte that keeps a connection alive.
pub(super) const fn keep_alive() -> Message {
    Message { channel: 0, options: 0, body: Body::KeepAlive, problems: Vec::new() }
}

fn cut(bytes: &[u8], size: Option<usize>) -> Problem {
    let held = bytes.len();
    let what = size.map_or_else(
        || format!("{held} bytes of a message whose header is not in the capture"),
        |size| format!("{held} of {size} bytes of the message are in the capture"),
    );
    Problem::new(what, held)
}
