//! Session request (type 2) and session response (type 3): one layout for both, the first message of each side.
//!
//! A fixed part of 47 bytes (its size stands at p+19), the sender's name (its length stands at p+21), then a list of
//! [`Tlv`]. All published names but one have an even length, and strings elsewhere are padded to even, so a list that does
//! not end with the payload is tried again one byte further on.

use super::tlv::{self, List, Tlv, kind};
use super::{TimeDate, lmbcs};
use nom::bytes::complete::take;
use nom::number::complete::{le_u16, u8};
use nom::{IResult, Parser};

/// Size of the fixed part in every frame that is public.
const FIXED_SIZE: usize = 47;

/// Session request or response, one layout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Session {
    /// Name of the server that the sender wants to reach: TLV 0x13, else the name in a request's fixed place.
    pub wanted_server: Option<String>,
    /// `wanted_server` was not sent as TLV 0x13 but taken from the place of the sender's name: in a call from one server to
    /// another it may be the caller's own.
    pub wanted_server_inferred: bool,
    /// Sender's own name.
    pub own_name: Option<String>,
    /// That name as sent, in LMBCS.
    pub own_name_raw: Vec<u8>,
    /// Sender's clock (TLV 0x09).
    pub clock: Option<TimeDate>,
    /// Certificate created (TLV 0x0C or 0x0D).
    pub certificate_created: Option<TimeDate>,
    /// Certificate expires (TLV 0x02 or 0x03).
    pub certificate_expires: Option<TimeDate>,
    /// The fixed part; `None` if it is cut.
    pub fixed: Option<Box<Fixed>>,
    /// All entries of the list, in wire order; 256 at most.
    pub tlvs: Vec<Tlv>,
    /// What is wrong with the message, if anything is.
    pub damage: Option<Box<Damage>>,
}

/// What is wrong with a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Damage {
    /// Where reading ended.
    pub why: &'static str,
    /// Bytes from there to the end of the payload.
    pub rest: Vec<u8>,
}

/// A pair of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    /// Created.
    pub created: Option<TimeDate>,
    /// Expires.
    pub expires: Option<TimeDate>,
}

/// The fixed part. Values are evidenced, most meanings are not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fixed {
    /// p+0: 2 wherever seen.
    pub version: u8,
    /// p+1: 0x000F wherever seen.
    pub constant: u16,
    /// p+3: flags of unknown meaning.
    pub flags: u16,
    /// p+5: flags of unknown meaning; 0x2000 is set by releases of 2025 and by a scanner's probe of 2003 (Nessus 11410), not by R5.
    pub features: u16,
    /// p+7: the sender's licence.
    pub license: LicenseId,
    /// p+15 and p+17: 0 and 2 wherever seen.
    pub words: [u16; 2],
    /// p+19: size of the fixed part.
    pub fixed_size: u16,
    /// p+21: length in bytes of the sender's name, which follows the fixed part.
    pub name_length: u16,
    /// p+23: zero wherever seen.
    pub reserved: [u16; 3],
    /// p+29: largest message the sender takes, in bytes (inferred).
    pub buffer_size: u16,
    /// p+31: two nonces of eight bytes (inferred). Not for display.
    pub nonces: [[u8; 8]; 2],
}

/// A LICENSEID of the HCL C API: five bytes of id, the product, two bytes of check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct LicenseId(pub [u8; 8]);

impl LicenseId {
    /// The eight bytes in hexadecimal.
    pub fn hex(&self) -> String {
        super::fields::hex(&self.0)
    }

    /// Kind of product: 3 wherever seen.
    pub const fn product(&self) -> u8 {
        self.0[5]
    }
}

impl Session {
    /// Reads the payload of a session request. `cut` if the capture lacks its end.
    pub(super) fn request(payload: &[u8], cut: bool) -> Self {
        let mut session = Self::parse(payload, cut);
        if session.wanted_server.is_none() && session.own_name.is_some() {
            session.wanted_server.clone_from(&session.own_name);
            session.wanted_server_inferred = true;
        }
        session
    }

    /// Reads the payload of a session response.
    pub(super) fn response(payload: &[u8], cut: bool) -> Self {
        Self::parse(payload, cut)
    }

    /// The sender's licence.
    pub fn license_id(&self) -> Option<LicenseId> {
        self.fixed.as_ref().map(|fixed| fixed.license)
    }

    /// The wanted server's name as sent, in LMBCS.
    pub fn wanted_server_raw(&self) -> Option<&[u8]> {
        let name = self.find(kind::WANTED_SERVER).map(Tlv::value).filter(|name| !name.is_empty());
        name.or_else(|| self.wanted_server_inferred.then_some(self.own_name_raw.as_slice()))
    }

    /// The two pairs of dates as sent: TLV 0x0C and 0x02, then 0x0D and 0x03.
    pub fn validities(&self) -> [Validity; 2] {
        [
            Validity { created: self.time(kind::CREATED), expires: self.time(kind::EXPIRES) },
            Validity { created: self.time(kind::CREATED_2), expires: self.time(kind::EXPIRES_2) },
        ]
    }

    /// Largest message the sender takes, in bytes.
    pub fn buffer_size(&self) -> Option<u16> {
        self.fixed.as_ref().map(|fixed| fixed.buffer_size)
    }

    fn parse(payload: &[u8], cut: bool) -> Self {
        let mut session = Self::default();
        let Ok((_, fixed)) = fixed(payload) else {
            session.set_damage("the fixed part is cut", payload);
            return session;
        };
        let start = usize::from(fixed.fixed_size);
        let end = start.saturating_add(usize::from(fixed.name_length));
        session.fixed = Some(Box::new(fixed));
        if start < FIXED_SIZE {
            let rest = payload.get(FIXED_SIZE..).unwrap_or_default();
            session.set_damage("the fixed part is said to be shorter than 47 bytes", rest);
        } else if let Some(name) = payload.get(start..end) {
            session.set_name(name);
            session.set_list(best_list(payload, end), payload, cut);
        } else {
            session.set_damage("the sender's name is cut", payload.get(start..).unwrap_or_default());
        }
        session
    }

    fn set_damage(&mut self, why: &'static str, rest: &[u8]) {
        self.damage = Some(Box::new(Damage { why, rest: rest.to_vec() }));
    }

    fn set_name(&mut self, name: &[u8]) {
        if !name.is_empty() {
            self.own_name = Some(lmbcs::decode(name));
            self.own_name_raw = name.to_vec();
        }
    }

    fn set_list(&mut self, list: List, payload: &[u8], cut: bool) {
        let rest = payload.get(list.end..).unwrap_or_default();
        if cut {
            self.set_damage("the message is cut", rest);
        } else if !rest.is_empty() {
            self.set_damage("the list does not end with the message", rest);
        }
        self.tlvs = list.tlvs;
        self.wanted_server = self.wanted_server_raw().map(lmbcs::decode);
        self.clock = self.time(kind::CLOCK);
        let [first, second] = self.validities();
        self.certificate_created = first.created.or(second.created);
        self.certificate_expires = first.expires.or(second.expires);
    }

    /// The first entry of that type.
    fn find(&self, kind: u16) -> Option<&Tlv> {
        self.tlvs.iter().find(|tlv| tlv.kind == kind)
    }

    fn time(&self, kind: u16) -> Option<TimeDate> {
        self.find(kind).and_then(Tlv::time)
    }
}

/// The list behind a name that ends at `offset`, with or without a pad byte between: the one that ends with the payload,
/// else the one with more entries of known types.
fn best_list(payload: &[u8], offset: usize) -> List {
    let plain = tlv::walk(payload, offset);
    if plain.end == payload.len() {
        return plain;
    }
    let padded = tlv::walk(payload, offset.saturating_add(1));
    let known = |list: &List| list.tlvs.iter().filter(|tlv| tlv.name().is_some()).count();
    let padded_ends = padded.end == payload.len() && payload.get(offset) == Some(&0);
    if padded_ends || known(&padded) > known(&plain) { padded } else { plain }
}

fn fixed(input: &[u8]) -> IResult<&[u8], Fixed> {
    let (input, (version, constant, flags, features)) = (u8, le_u16, le_u16, le_u16).parse(input)?;
    let (input, license) = eight(input)?;
    let (input, (word_15, word_17, fixed_size, name_length)) = (le_u16, le_u16, le_u16, le_u16).parse(input)?;
    let (input, (a, b, c, buffer_size)) = (le_u16, le_u16, le_u16, le_u16).parse(input)?;
    let (input, (first, second)) = (eight, eight).parse(input)?;
    let fixed = Fixed {
        version,
        constant,
        flags,
        features,
        license: LicenseId(license),
        words: [word_15, word_17],
        fixed_size,
        name_length,
        reserved: [a, b, c],
        buffer_size,
        nonces: [first, second],
    };
    Ok((input, fixed))
}

/// Eight bytes as they stand.
pub(super) fn eight(input: &[u8]) -> IResult<&[u8], [u8; 8]> {
    take(8usize).map(|bytes: &[u8]| bytes.try_into().unwrap_or_default()).parse(input)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A session payload from the field table.
    pub(crate) struct Build {
        pub name: &'static [u8],
        pub pad: bool,
        pub tlvs: Vec<(u16, Vec<u8>)>,
    }

    impl Build {
        pub(crate) fn payload(&self) -> Vec<u8> {
            let mut bytes = vec![2, 0x0F, 0, 0x3F, 0, 0x39, 0x25];
            bytes.extend([0xC0, 0xFF, 0xEE, 0x12, 0x34, 3, 0, 0]);
            for word in [0, 2, 47, u16::try_from(self.name.len()).unwrap(), 0, 0, 0, 8100] {
                bytes.extend(u16::to_le_bytes(word));
            }
            bytes.extend([0x11; 8]);
            bytes.extend([0x22; 8]);
            bytes.extend(self.name);
            bytes.extend(vec![0; usize::from(self.pad)]);
            for (kind, value) in &self.tlvs {
                bytes.extend(kind.to_le_bytes());
                bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
                bytes.extend(value);
            }
            bytes
        }
    }

    pub(crate) fn time(ticks: u32, day: u32) -> Vec<u8> {
        [ticks.to_le_bytes(), day.to_le_bytes()].concat()
    }

    /// A request as current clients send it.
    pub(crate) fn request() -> Build {
        let tlvs = vec![
            (0x05, vec![1; 16]),
            (0x09, time(100, 2_460_788)),
            (0x0F, b"home".to_vec()),
            (0x13, b"CN=Mail01/O=Acme".to_vec()),
            (0x04, vec![9; 16]),
            (0x0C, time(200, 2_460_000)),
            (0x02, time(300, 2_461_000)),
            (0x0D, time(400, 2_460_001)),
            (0x03, time(500, 2_461_001)),
        ];
        Build { name: b"", pad: false, tlvs }
    }

    #[test]
    fn a_request_says_whom_it_wants() {
        let session = Session::request(&request().payload(), false);
        assert_eq!(session.wanted_server.as_deref(), Some("CN=Mail01/O=Acme"));
        assert!(!session.wanted_server_inferred);
        assert_eq!(session.own_name, None);
        assert_eq!(session.clock, Some(TimeDate { ticks: 100, day: 2_460_788 }));
        assert_eq!(session.certificate_created.unwrap().ticks, 200);
        assert_eq!(session.certificate_expires.unwrap().ticks, 300);
        assert_eq!(session.validities()[1].created.unwrap().ticks, 400);
        assert_eq!(session.license_id().unwrap().hex(), "c0ffee1234030000");
        assert_eq!(session.license_id().unwrap().product(), 3);
        assert_eq!(session.buffer_size(), Some(8100));
        assert_eq!(session.damage, None);
        assert_eq!(session.wanted_server_raw(), Some(b"CN=Mail01/O=Acme".as_slice()));
        let fixed = session.fixed.unwrap();
        assert_eq!((fixed.version, fixed.constant, fixed.flags, fixed.features), (2, 15, 0x3F, 0x2539));
        assert_eq!((fixed.words, fixed.fixed_size, fixed.nonces), ([0, 2], 47, [[0x11; 8], [0x22; 8]]));
    }

    #[test]
    fn the_second_pair_of_dates_stands_in_for_the_first() {
        let mut build = request();
        build.tlvs.retain(|(kind, _)| !matches!(kind, 0x0C | 0x02));
        let session = Session::request(&build.payload(), false);
        assert_eq!(session.certificate_created.unwrap().ticks, 400);
        assert_eq!(session.certificate_expires.unwrap().ticks, 500);
    }

    #[test]
    fn a_response_names_its_sender_odd_or_even_padded_or_not() {
        for name in [b"CN=Mail01/O=Acme".as_slice(), b"CN=Mail1/O=Acme"] {
            for pad in [false, true] {
                let build = Build { name: name.to_vec().leak(), pad, tlvs: vec![(5, vec![7; 16]), (0x12, vec![8, 0])] };
                let session = Session::response(&build.payload(), false);
                assert_eq!(session.own_name_raw, name);
                assert_eq!(session.tlvs.len(), 2, "{pad} {}", name.len());
                assert_eq!((session.damage, session.wanted_server), (None, None));
            }
        }
    }

    #[test]
    fn names_are_lmbcs() {
        let build = Build { name: b"CN=M\x81ller/O=\x14\x4E\x2D", pad: false, tlvs: vec![] };
        let session = Session::response(&build.payload(), false);
        assert_eq!(session.own_name.as_deref(), Some("CN=Müller/O=中"));
        assert_eq!(session.own_name_raw, build.name);
    }

    #[test]
    fn without_a_wanted_server_the_name_of_a_request_is_offered_with_a_mark() {
        let build = Build { name: b"CN=Hub/O=Acme", pad: false, tlvs: vec![(5, vec![0; 16])] };
        let session = Session::request(&build.payload(), false);
        assert_eq!(session.wanted_server, session.own_name);
        assert!(session.wanted_server_inferred);
        let r5 = Build { name: b"", ..build };
        assert_eq!(Session::request(&r5.payload(), false).wanted_server, None);
    }

    #[test]
    fn every_cut_keeps_what_was_read() {
        let payload = request().payload();
        let whole = Session::request(&payload, false);
        for length in 0..payload.len() {
            let session = Session::request(&payload[..length], true);
            let rest = session.damage.as_ref().unwrap().rest.len();
            assert_eq!(session.fixed.is_some(), length >= FIXED_SIZE);
            assert_eq!(session.tlvs, whole.tlvs[..session.tlvs.len()], "{length}");
            let read = session.tlvs.last().map_or(0, |tlv| tlv.offset + 4 + tlv.length());
            assert_eq!(rest + read.max(if length < 47 { 0 } else { 47 }), length);
        }
    }

    #[test]
    fn a_damaged_list_keeps_the_rest() {
        let mut payload = request().payload();
        let last = payload.len() - 10;
        payload[last] = 0xFF; // length of the last entry
        let session = Session::request(&payload, false);
        let damage = session.damage.unwrap();
        assert_eq!(damage.why, "the list does not end with the message");
        assert_eq!((session.tlvs.len(), damage.rest.len()), (8, 12));
        assert_eq!(session.wanted_server.as_deref(), Some("CN=Mail01/O=Acme"));
    }

    #[test]
    fn lengths_that_lie() {
        let mut payload = request().payload();
        payload[19] = 3;
        assert!(Session::request(&payload, false).damage.is_some());
        payload[19] = 47;
        payload[22] = 0xFF;
        let damage = Session::request(&payload, false).damage.unwrap();
        assert_eq!((damage.why, damage.rest.as_slice()), ("the sender's name is cut", &payload[47..]));
    }
}
