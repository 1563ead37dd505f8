//! The frame: a length, eight further bytes of header, a payload, and what they say together.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 2 | L: bytes that follow this field |
//! | 2 | 2 | sequence number, 0 in the session layer |
//! | 4 | 2 | P: length of the payload; L = 10 + P, plus one zero byte if P is odd |
//! | 6 | 2 | unknown, mostly 0 |
//! | 8 | 2 | function, which is the type of the message |
//! | 10 | 2 | class, see [`class`] |
//!
//! L frames the stream and P is a claim: nmap's `nrpc.lua` sends a P that does not fit.

use super::{Auth, Session, Transaction, auth};
use crate::Side;

/// Bytes of L and the rest of the header.
pub(super) const HEADER: usize = 12;
/// Bytes that L counts beside the payload.
pub(super) const HEADER_BEHIND_LENGTH: u16 = 10;
/// Bytes kept of a frame that cannot be read.
const HEAD_KEPT: usize = 32;

/// Classes that public captures show.
pub mod class {
    /// Session request, session response and authentication.
    pub const SESSION: u16 = 0x4000;
    /// Opens a service.
    pub const SERVICE: u16 = 0x8000;
    /// A transaction on an open service.
    pub const TRANSACTION: u16 = 0x0001;
}

/// Functions of [`class::SESSION`].
pub(super) mod function {
    pub(crate) const SESSION_REQUEST: u16 = 0x02;
    pub(crate) const SESSION_RESPONSE: u16 = 0x03;
    pub(crate) const AUTH: u16 = 0x13;
}

/// One NRPC frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    /// Length field L: bytes that follow it.
    pub length: u16,
    /// Sequence number.
    pub sequence: u16,
    /// Function (message type).
    pub function: u16,
    /// Class, see [`class`].
    pub class: u16,
    /// What the frame says.
    pub body: Body,
    /// Length of the payload as claimed (P).
    pub payload_length: u16,
    /// Header field at offset 6, of unknown meaning.
    pub field_6: u16,
    /// L and P disagree.
    pub length_mismatch: bool,
    /// Bytes of the frame that were read, header included.
    pub captured: usize,
    /// The end of the frame is missing from the capture.
    pub incomplete: bool,
}

/// What a frame says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Session request (type 2).
    SessionRequest(Session),
    /// Session response (type 3).
    SessionResponse(Session),
    /// Authentication message (type 0x13).
    Auth(Auth),
    /// Ordinary transaction.
    Transaction(Transaction),
    /// Encrypted or unknown.
    Opaque(Opaque),
}

impl Default for Body {
    fn default() -> Self {
        Self::Opaque(Opaque::default())
    }
}

/// Bytes that fit no known layout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Opaque {
    /// Why they are opaque.
    pub why: &'static str,
    /// The header is in clear (L and P agree), only the payload is not known.
    pub framed: bool,
    /// First bytes of the frame, at most 32; none if the payload may hold key material.
    pub head: Vec<u8>,
    /// Distinguished name found in clear in a message of the client.
    pub user: Option<String>,
}

/// The twelve bytes in front of every payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub length: u16,
    pub sequence: u16,
    pub payload_length: u16,
    pub field_6: u16,
    pub function: u16,
    pub class: u16,
}

impl Header {
    /// The header and what stands behind it; `None` where it is cut. Read for every frame, more than once, and for every offset
    /// where a frame is looked for: without a parser's detours.
    pub(super) fn parse(input: &[u8]) -> Option<(Self, &[u8])> {
        let (header, rest) = input.split_first_chunk::<HEADER>()?;
        let [length, sequence, payload_length, field_6, function, class] = *header.as_chunks().0.first_chunk()?;
        let header = Self {
            length: u16::from_le_bytes(length),
            sequence: u16::from_le_bytes(sequence),
            payload_length: u16::from_le_bytes(payload_length),
            field_6: u16::from_le_bytes(field_6),
            function: u16::from_le_bytes(function),
            class: u16::from_le_bytes(class),
        };
        Some((header, rest))
    }

    /// L = 10 + P + pad.
    pub(super) fn lengths_agree(&self) -> bool {
        let padded = self.payload_length.checked_add(self.payload_length & 1);
        padded.and_then(|padded| padded.checked_add(HEADER_BEHIND_LENGTH)) == Some(self.length)
    }
}

/// Size of a whole frame whose length field is `length`.
pub(super) fn frame_size(length: u16) -> usize {
    usize::from(length).saturating_add(2)
}

/// Reads a frame. `frame` begins with L and may be cut; `reply` says what is known of the place of a server's frame in
/// its reply.
pub(super) fn decode(from: Side, frame: &[u8], reply: Place) -> Message {
    let Some((header, rest)) = Header::parse(frame) else {
        return headless(frame);
    };
    let incomplete = frame.len() < frame_size(header.length);
    let agree = header.lengths_agree();
    let payload = rest.get(..usize::from(header.payload_length)).unwrap_or(rest);
    let body = match (header.class, header.function) {
        (class::SESSION, function::SESSION_REQUEST) => Body::SessionRequest(Session::request(payload, incomplete)),
        (class::SESSION, function::SESSION_RESPONSE) => Body::SessionResponse(Session::response(payload, incomplete)),
        (class::SESSION, function::AUTH) => Body::Auth(Auth::parse(from, payload, header.payload_length)),
        (class::SESSION, _) => Body::Opaque(unknown_session_function(from, payload, agree)),
        (class::SERVICE | class::TRANSACTION, _) => Body::Transaction(Transaction::parse(from, &header, rest, reply)),
        // Two lengths that agree are no chance: it is a frame, of a class that nobody has described.
        _ if agree => Body::Transaction(Transaction::parse(from, &header, rest, reply)),
        _ => Body::Opaque(Opaque {
            why: "no known class, and the lengths disagree",
            head: head(frame),
            ..Opaque::default()
        }),
    };
    Message {
        length: header.length,
        sequence: header.sequence,
        function: header.function,
        class: header.class,
        body,
        payload_length: header.payload_length,
        field_6: header.field_6,
        length_mismatch: !agree,
        captured: frame.len(),
        incomplete,
    }
}

/// Place of a server's frame in its reply, as far as the direction's history tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The frame begins a reply: a status stands first in it.
    First,
    /// It goes on with a reply that began in the frame before.
    Continuation,
    /// Frames in front of it are missing.
    Unsure,
}

/// Two length bytes that cannot begin a frame: everything behind them is out of step.
pub(super) fn unframeable(frame: &[u8]) -> Message {
    let opaque = Opaque { why: "a length field below 10 is no frame", head: head(frame), ..Opaque::default() };
    Message { length: length(frame), captured: frame.len(), body: Body::Opaque(opaque), ..Message::default() }
}

/// A frame cut inside its header.
fn headless(frame: &[u8]) -> Message {
    let opaque = Opaque { why: "cut inside the header", head: head(frame), ..Opaque::default() };
    let body = Body::Opaque(opaque);
    Message { length: length(frame), captured: frame.len(), incomplete: true, body, ..Message::default() }
}

fn unknown_session_function(from: Side, payload: &[u8], framed: bool) -> Opaque {
    let name = auth::name_in_clear(payload).map(lmbcs_text).filter(|_| from == Side::Client);
    Opaque { why: "session layer, function not known", framed, head: Vec::new(), user: name }
}

fn lmbcs_text(bytes: &[u8]) -> String {
    super::lmbcs::decode(bytes)
}

fn length(frame: &[u8]) -> u16 {
    frame.first_chunk().map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

fn head(frame: &[u8]) -> Vec<u8> {
    frame.get(..HEAD_KEPT).unwrap_or(frame).to_vec()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A frame as the rules of this file make it.
    pub(crate) fn frame(sequence: u16, function: u16, class: u16, payload: &[u8]) -> Vec<u8> {
        let claimed = u16::try_from(payload.len()).unwrap();
        let mut bytes = Vec::new();
        for word in [10 + claimed + (claimed & 1), sequence, claimed, 0, function, class] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(payload);
        bytes.extend(vec![0; payload.len() % 2]);
        bytes
    }

    #[test]
    fn lengths() {
        for (payload, size) in [(0usize, 12usize), (1, 14), (2, 14), (85, 98), (212, 224)] {
            let bytes = frame(0, 2, class::SESSION, &vec![0; payload]);
            assert_eq!(bytes.len(), size);
            let (header, _) = Header::parse(&bytes).unwrap();
            assert!(header.lengths_agree());
            assert_eq!(frame_size(header.length), size);
        }
        let (header, _) = Header::parse(&[9, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]).unwrap();
        assert!(!header.lengths_agree());
    }

    #[test]
    fn an_unknown_class_with_right_lengths_is_a_transaction() {
        let message = decode(Side::Server, &frame(7, 0x21, 5, b"abcd"), Place::First);
        let Body::Transaction(transaction) = &message.body else { panic!("{message:?}") };
        assert_eq!(transaction.status, None);
        assert_eq!((message.sequence, message.function, message.class), (7, 0x21, 5));
    }

    #[test]
    fn an_unknown_class_with_wrong_lengths_is_opaque() {
        let mut bytes = frame(7, 0x21, 5, b"abcd");
        bytes[4] = 99;
        let message = decode(Side::Client, &bytes, Place::First);
        let Body::Opaque(opaque) = &message.body else { panic!("{message:?}") };
        assert!(!opaque.framed && message.length_mismatch && !message.incomplete);
        assert_eq!(opaque.head, bytes);
    }

    #[test]
    fn an_unknown_session_function_shows_no_payload() {
        let message = decode(Side::Client, &frame(0, 0x77, class::SESSION, b"\x01\0CN=A/O=B\0key"), Place::First);
        let Body::Opaque(opaque) = &message.body else { panic!("{message:?}") };
        assert!(opaque.framed && opaque.head.is_empty());
        assert_eq!(opaque.user.as_deref(), Some("CN=A/O=B"));
    }

    /// The pad byte belongs to the frame, not to the payload: the list ends in front of it.
    #[test]
    fn an_odd_payload_is_read_without_its_pad() {
        let mut build = super::super::session::tests::request();
        build.tlvs.push((0x0F, b"odd".to_vec()));
        let payloads = [build.payload(), super::super::session::tests::request().payload()];
        assert_ne!(payloads[0].len() % 2, payloads[1].len() % 2);
        for payload in payloads {
            let message = decode(Side::Client, &frame(0, 2, class::SESSION, &payload), Place::First);
            let Body::SessionRequest(session) = &message.body else { panic!("{message:?}") };
            assert_eq!(session.damage, None);
        }
    }

    #[test]
    fn cut_headers() {
        for length in 1..HEADER {
            let message = decode(Side::Client, &frame(0, 2, class::SESSION, b"")[..length], Place::First);
            assert!(message.incomplete && matches!(message.body, Body::Opaque(_)));
            assert_eq!((message.captured, message.length), (length, if length > 1 { 10 } else { 0 }));
        }
    }
}
