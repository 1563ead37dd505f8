//! NRPC messages as bytes.
//!
//! The layout is the one that public captures and tools agree on: the sample capture `hcl_notes.pcapng` of nDPI, the
//! NotesRPC probe and the nrpc library of nmap, and check_lotus.pl of the Nagios plugins. All integers are
//! little-endian. What these sources do not show (function numbers of ordinary transactions, the modern
//! authentication messages, refusals before authentication) is marked "invented" here.

use crate::time::DAY;
use crate::wire::len16;

/// Class of session-layer messages.
pub const CLASS_SESSION: u16 = 0x4000;
/// Class of the request that starts a service.
pub const CLASS_START: u16 = 0x8000;
/// Class of ordinary transactions.
pub const CLASS_TRANSACTION: u16 = 1;

/// Message type of a session request.
pub const TYPE_REQUEST: u16 = 2;
/// Message type of a session response.
pub const TYPE_RESPONSE: u16 = 3;
/// Message type of the client's authentication message.
pub const TYPE_AUTH: u16 = 0x13;
/// Message type this crate gives the server's authentication message; invented.
pub const TYPE_AUTH_REPLY: u16 = 0x14;
/// Function number of the request that starts a service.
pub const FUNCTION_START: u16 = 1;
/// Function number of the ID-file lookup of nmap's nrpc library.
pub const FUNCTION_ID_LOOKUP: u16 = 0x4f;
/// A function number for ordinary work in stories; invented.
pub const FUNCTION_WORK: u16 = 0x20;

/// Size of the fixed part of session messages, and offset of the name.
const FIXED: usize = 47;

/// One frame: length, sequence, payload length, `handle`, type, class, payload, and a zero byte after an odd payload.
pub fn frame(sequence: u16, handle: u16, kind: u16, class: u16, payload: &[u8]) -> Vec<u8> {
    let pad = payload.len() % 2;
    let mut out = Vec::with_capacity(12 + payload.len() + pad);
    for field in [len16(10 + payload.len() + pad), sequence, len16(payload.len()), handle, kind, class] {
        out.extend(field.to_le_bytes());
    }
    out.extend(payload);
    out.extend(vec![0; pad]);
    out
}

/// A Notes TIMEDATE in GMT of a time in nanoseconds since 1970: hundredths of a second since midnight, then the Julian day.
pub fn timedate(at: u64) -> [u8; 8] {
    timedate_in_zone(at, 0)
}

/// A TIMEDATE with a zone byte (0x80 daylight saving, 0x40 east of GMT, low four bits the hours).
pub fn timedate_in_zone(at: u64, zone: u8) -> [u8; 8] {
    const JULIAN_DAY_OF_1970: u64 = 2_440_588;
    let hundredths = (at % DAY / 10_000_000) as u32;
    let day = (at / DAY + JULIAN_DAY_OF_1970) as u32 | u32::from(zone) << 24;
    let mut out = [0; 8];
    out[..4].copy_from_slice(&hundredths.to_le_bytes());
    out[4..].copy_from_slice(&day.to_le_bytes());
    out
}

/// One item of the list that follows the name: type, length, value.
pub type Tlv = (u16, Vec<u8>);

/// The generation of Notes a session message looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// Notes and Domino R5: few TLVs, no clock, no wanted name.
    R5,
    /// Current releases.
    Modern,
}

/// What request and response have in common; the fields follow the order of the wire.
#[derive(Debug, Clone)]
pub struct SessionMessage {
    /// [`TYPE_REQUEST`] or [`TYPE_RESPONSE`].
    pub kind: u16,
    /// Flag word at payload offset 3.
    pub flags: u16,
    /// Feature word at payload offset 5.
    pub features: u16,
    /// The five identifying bytes of the LICENSEID.
    pub license: [u8; 5],
    /// The sender's own name: a server's distinguished name, nothing for a workstation.
    pub own_name: Vec<u8>,
    /// Buffer size offered, in bytes.
    pub buffer: u16,
    /// Sixteen bytes that look random.
    pub nonce: [u8; 16],
    /// A zero byte between a name of odd length and the TLVs. Published names are all even, so which form is right is not known.
    pub pad_odd_name: bool,
    /// The TLVs.
    pub tlvs: Vec<Tlv>,
}

impl SessionMessage {
    /// The whole frame.
    pub fn encode(&self) -> Vec<u8> {
        frame(0, 0, self.kind, CLASS_SESSION, &self.payload())
    }

    /// The payload of the frame.
    pub fn payload(&self) -> Vec<u8> {
        let mut out = vec![0x02, 0x0f, 0x00];
        out.extend(self.flags.to_le_bytes());
        out.extend(self.features.to_le_bytes());
        out.extend(license_id(self.license));
        for field in [0, 2, FIXED as u16, len16(self.own_name.len()), 0, 0, 0, self.buffer] {
            out.extend(field.to_le_bytes());
        }
        out.extend(self.nonce);
        out.extend(&self.own_name);
        if self.pad_odd_name && self.own_name.len() % 2 == 1 {
            out.push(0);
        }
        for (kind, value) in &self.tlvs {
            out.extend(kind.to_le_bytes());
            out.extend(len16(value.len()).to_le_bytes());
            out.extend(value);
        }
        out
    }

    /// Replaces the TLV of this type, or adds it at the end.
    #[must_use]
    pub fn tlv(mut self, kind: u16, value: impl Into<Vec<u8>>) -> Self {
        let value = value.into();
        match self.tlvs.iter_mut().find(|(known, _)| *known == kind) {
            Some(found) => found.1 = value,
            None => self.tlvs.push((kind, value)),
        }
        self
    }

    /// Removes the TLV of this type.
    #[must_use]
    pub fn without(mut self, kind: u16) -> Self {
        self.tlvs.retain(|(known, _)| *known != kind);
        self
    }
}

/// Builds the session request of a Notes client.
#[derive(Debug, Clone)]
pub struct SessionRequest {
    /// The server it wants (TLV 0x13); `None` sends no such TLV.
    pub wanted: Option<Vec<u8>>,
    /// What kind of client.
    pub generation: Generation,
    /// Its clock (TLV 0x09), nanoseconds since 1970.
    pub clock: u64,
    /// Creation of its certificate (TLV 0x0C and 0x0D), nanoseconds since 1970.
    pub created: u64,
    /// End of its certificate (TLV 0x02 and 0x03), nanoseconds since 1970.
    pub expires: u64,
    /// LICENSEID.
    pub license: [u8; 5],
    /// Nonce.
    pub nonce: [u8; 16],
    /// The value of TLV 0x04.
    pub ticket: [u8; 16],
}

impl SessionRequest {
    /// A current client with a certificate of two years that ends in 2026.
    pub fn new(wanted: &str, clock: u64) -> Self {
        Self {
            wanted: Some(wanted.as_bytes().to_vec()),
            generation: Generation::Modern,
            clock,
            created: crate::time::utc(2024, 5, 6),
            expires: crate::time::utc(2026, 5, 6),
            license: [0x11, 0x22, 0x33, 0x44, 0x55],
            nonce: [0x5a; 16],
            ticket: [0xa5; 16],
        }
    }

    /// The message, for changes the fields here do not offer.
    pub fn message(&self) -> SessionMessage {
        let modern = self.generation == Generation::Modern;
        SessionMessage {
            kind: TYPE_REQUEST,
            flags: if modern { 0x003f } else { 0x0007 },
            features: if modern { 0x2539 } else { 0x0539 },
            license: self.license,
            own_name: Vec::new(),
            buffer: if modern { 8100 } else { 8000 },
            nonce: self.nonce,
            pad_odd_name: false,
            tlvs: if modern { self.modern_tlvs() } else { self.r5_tlvs() },
        }
    }

    /// The whole frame.
    pub fn encode(&self) -> Vec<u8> {
        self.message().encode()
    }

    fn modern_tlvs(&self) -> Vec<Tlv> {
        let (created, expires) = (timedate(self.created).to_vec(), timedate(self.expires).to_vec());
        let mut out = vec![
            (0x05, capabilities(&[0xcd, 0x85, 0x03, 0x0e, 0x01])),
            (0x09, timedate(self.clock).to_vec()),
            (0x0f, b"corp".to_vec()),
            (0x12, vec![8, 0]),
        ];
        out.extend(self.wanted.iter().map(|name| (0x13, name.clone())));
        out.extend([
            (0x04, self.ticket.to_vec()),
            (0x08, vec![0; 16]),
            (0x0c, created.clone()),
            (0x02, expires.clone()),
            (0x0d, created),
            (0x03, expires),
        ]);
        out
    }

    fn r5_tlvs(&self) -> Vec<Tlv> {
        let expires = timedate(self.expires).to_vec();
        let mut out = vec![(0x05, capabilities(&[0x0d])), (0x02, expires), (0x08, vec![0; 16])];
        out.extend(self.wanted.iter().map(|name| (0x13, name.clone())));
        out.push((0x04, self.ticket.to_vec()));
        out
    }
}

/// Builds the session response of a Domino server.
#[derive(Debug, Clone)]
pub struct SessionResponse {
    /// The server's distinguished name.
    pub name: Vec<u8>,
    /// What kind of server.
    pub generation: Generation,
    /// Its clock (TLV 0x09), nanoseconds since 1970.
    pub clock: u64,
    /// LICENSEID.
    pub license: [u8; 5],
    /// Nonce.
    pub nonce: [u8; 16],
}

impl SessionResponse {
    /// A current server.
    pub fn new(name: &str, clock: u64) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            generation: Generation::Modern,
            clock,
            license: [0x66, 0x77, 0x88, 0x99, 0xaa],
            nonce: [0xc3; 16],
        }
    }

    /// The message, for changes the fields here do not offer.
    pub fn message(&self) -> SessionMessage {
        let modern = self.generation == Generation::Modern;
        SessionMessage {
            kind: TYPE_RESPONSE,
            flags: if modern { 0x0027 } else { 0x0005 },
            features: if modern { 0x253d } else { 0x053d },
            license: self.license,
            own_name: self.name.clone(),
            buffer: if modern { 8096 } else { 8000 },
            nonce: self.nonce,
            pad_odd_name: false,
            tlvs: if modern { self.modern_tlvs() } else { vec![(0x05, capabilities(&[0x09]))] },
        }
    }

    /// The whole frame.
    pub fn encode(&self) -> Vec<u8> {
        self.message().encode()
    }

    fn modern_tlvs(&self) -> Vec<Tlv> {
        vec![
            (0x05, capabilities(&[0xc9, 0x17, 0x02, 0x08, 0x01])),
            (0x09, timedate(self.clock).to_vec()),
            (0x0f, b"corp".to_vec()),
            (0x12, vec![8, 0]),
        ]
    }
}

/// The TLV 0x05: sixteen bytes, of which the first are given.
fn capabilities(first: &[u8]) -> Vec<u8> {
    let mut out = first.to_vec();
    out.resize(16, 0);
    out
}

/// LICENSEID: five bytes, product 3, two check bytes that were zero in every capture seen.
fn license_id(license: [u8; 5]) -> [u8; 8] {
    let mut out = [0; 8];
    out[..5].copy_from_slice(&license);
    out[5] = 3;
    out
}

/// The authentication message of an R5 client: certificate times, public key, and the user's name in clear.
#[derive(Debug, Clone)]
pub struct Auth {
    /// The user's distinguished name, `CN=Ada Reed/O=Example`.
    pub user: Vec<u8>,
    /// LICENSEID, the same as in the session request.
    pub license: [u8; 5],
    /// Creation of the certificate, nanoseconds since 1970.
    pub created: u64,
    /// End of the certificate, nanoseconds since 1970.
    pub expires: u64,
    /// The modulus of the public key.
    pub modulus: [u8; 80],
    /// The eight bytes of the key item `MA`.
    pub check: [u8; 8],
}

impl Auth {
    /// A message for this user with a certificate from 2024 to 2026.
    pub fn new(user: &str) -> Self {
        Self {
            user: user.as_bytes().to_vec(),
            license: [0x11, 0x22, 0x33, 0x44, 0x55],
            created: crate::time::utc(2024, 5, 6),
            expires: crate::time::utc(2026, 5, 6),
            modulus: [0x3c; 80],
            check: [0x69; 8],
        }
    }

    /// The whole frame.
    pub fn encode(&self) -> Vec<u8> {
        let key = self.key_object();
        let mut out = 1u16.to_le_bytes().to_vec();
        out.extend(license_id(self.license));
        out.extend([0, 0, 2, 0]);
        out.extend(timedate(self.created));
        out.extend(timedate(self.expires));
        for field in [0, len16(key.len()), len16(2 + self.user.len()), 40, 0] {
            out.extend(field.to_le_bytes());
        }
        out.extend(key);
        out.extend(len16(self.user.len()).to_le_bytes());
        out.extend(&self.user);
        frame(0, 0, TYPE_AUTH, CLASS_SESSION, &out)
    }

    /// Tagged items (two letters, length, value), then their length and the kind of key.
    fn key_object(&self) -> Vec<u8> {
        let items: [(&[u8; 2], &[u8]); 7] = [
            (b"BV", b"1.0\0"),
            (b"BC", &[3]),
            (b"BA", &[0x30]),
            (b"BL", &630u16.to_le_bytes()),
            (b"NN", &self.modulus),
            (b"EN", &65_537u32.to_le_bytes()),
            (b"MA", &self.check),
        ];
        let mut out = Vec::new();
        for (tag, value) in items {
            out.extend(tag);
            out.extend(len16(value.len()).to_le_bytes());
            out.extend(value);
        }
        out.extend(len16(out.len()).to_le_bytes());
        out.extend(b"PURSAF");
        out
    }
}

/// An authentication message of a current release: the header in clear, `opaque` behind it. The captured ones are
/// 386 bytes (client) and 396 bytes (server) as a whole, which is 374 and 384 bytes here.
pub fn modern_auth(kind: u16, opaque: &[u8]) -> Vec<u8> {
    frame(0, 0, kind, CLASS_SESSION, opaque)
}

/// An ordinary request: `function` of a started service. The 24 bytes before `data` are invented.
pub fn transaction(function: u16, sequence: u16, data: &[u8]) -> Vec<u8> {
    let mut payload = vec![0, 5, 0, 0];
    payload.extend(len16(data.len()).to_le_bytes());
    payload.resize(24, 0);
    payload.extend(data);
    frame(sequence, 2, function, CLASS_TRANSACTION, &payload)
}

/// The request that starts a service on a session: its buffer size and its own fixed size are known, the rest is left zero.
pub fn start_service(sequence: u16) -> Vec<u8> {
    let mut payload = [0; 30];
    payload[16..18].copy_from_slice(&7976u16.to_le_bytes());
    payload[18..20].copy_from_slice(&30u16.to_le_bytes());
    frame(sequence, 0, FUNCTION_START, CLASS_START, &payload)
}

/// A reply: status, length of the data, and the data 22 bytes after the start of the payload.
pub fn reply(function: u16, sequence: u16, status: u16, data: &[u8]) -> Vec<u8> {
    let mut payload = status.to_le_bytes().to_vec();
    payload.extend(len16(data.len()).to_le_bytes());
    payload.resize(22, 0);
    payload.extend(data);
    frame(sequence, 2, function, CLASS_TRANSACTION, &payload)
}

/// The ID-file lookup as nmap's nrpc library sends it, for a name of any length (nmap's own payload length is right for 15
/// characters only).
pub fn id_lookup(sequence: u16, user: &str) -> Vec<u8> {
    let view = b"($Users)\0";
    let mut payload = vec![0, 5, 0, 0];
    payload.extend(len16(view.len()).to_le_bytes());
    payload.extend(len16(user.len() + 1).to_le_bytes());
    payload.resize(24, 0);
    payload.extend(view);
    payload.push(0);
    payload.extend(user.as_bytes());
    payload.push(0);
    frame(sequence, 2, FUNCTION_ID_LOOKUP, CLASS_TRANSACTION, &payload)
}

/// A frame under port encryption: only its length can be read. How much of the header stays clear is not published; invented.
pub fn sealed(opaque: &[u8]) -> Vec<u8> {
    let mut out = len16(opaque.len()).to_le_bytes().to_vec();
    out.extend(opaque);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{MILLISECOND, SECOND, utc};

    /// The lengths and fields that public captures show: 218 and 126 bytes for a 20-character name, 130-byte R5 hello.
    #[test]
    fn sizes_are_those_of_public_captures() {
        let name = "CN=TestServer/O=Test";
        assert_eq!(SessionRequest::new(name, 0).encode().len(), 218);
        assert_eq!(SessionResponse::new(name, 0).encode().len(), 126);
        let r5 = SessionRequest { generation: Generation::R5, wanted: None, ..SessionRequest::new("", 0) };
        assert_eq!(r5.encode().len(), 132);
        let r5 = SessionResponse { generation: Generation::R5, ..SessionResponse::new(&"x".repeat(38), 0) };
        assert_eq!(r5.encode().len(), 118);
        assert_eq!(Auth::new(&"x".repeat(34)).encode().len(), 0xde + 2);
        assert_eq!(modern_auth(TYPE_AUTH, &[0; 374]).len(), 386);
        assert_eq!(id_lookup(1, "Ada Ruth Sample").len(), 62);
    }

    #[test]
    fn timedate_is_that_of_the_documented_example() {
        let at = utc(2025, 4, 22) + (17 * 3600 + 48 * 60 + 19) * SECOND + 160 * MILLISECOND;
        assert_eq!(timedate(at), [0xbc, 0xce, 0x61, 0x00, 0x74, 0x8c, 0x25, 0x00]);
        assert_eq!(timedate_in_zone(0, 0x4a)[7], 0x4a);
    }

    #[test]
    fn lengths_agree_for_odd_and_even_payloads() {
        for len in 0..5 {
            let frame = frame(7, 0, 1, 1, &vec![1; len]);
            let total = usize::from(u16::from_le_bytes([frame[0], frame[1]]));
            assert_eq!(total + 2, frame.len());
            assert_eq!(total, 10 + len + len % 2);
        }
    }

    #[test]
    fn a_request_can_be_changed_tlv_by_tlv() {
        let message = SessionRequest::new("Mail01", 0).message().without(0x12).tlv(0x0f, "x").tlv(0x77, "y");
        let kinds: Vec<u16> = message.tlvs.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [0x05, 0x09, 0x0f, 0x13, 0x04, 0x08, 0x0c, 0x02, 0x0d, 0x03, 0x77]);
    }
}
