//! The record layer (RFC 5246 section 6.2, RFC 8446 section 5.1): type, version and length in front of every fragment.

/// Bytes in front of a fragment.
pub const HEADER: usize = 5;
/// The longest fragment: 2^14 bytes of content, and what protection may add (RFC 5246 section 6.2.3).
pub const LONGEST: usize = 16_384 + 2048;

/// What a record carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentType {
    /// From here on the other cipher counts (20).
    ChangeCipherSpec,
    /// An alert (21).
    Alert,
    /// Handshake messages, or a part of one (22).
    Handshake,
    /// Content; in TLS 1.3 everything that is protected (23).
    ApplicationData,
    /// A heartbeat (24, RFC 6520).
    Heartbeat,
}

impl ContentType {
    /// The type of that number.
    pub const fn of(number: u8) -> Option<Self> {
        Some(match number {
            20 => Self::ChangeCipherSpec,
            21 => Self::Alert,
            22 => Self::Handshake,
            23 => Self::ApplicationData,
            24 => Self::Heartbeat,
            _ => return None,
        })
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::ChangeCipherSpec => 20,
            Self::Alert => 21,
            Self::Handshake => 22,
            Self::ApplicationData => 23,
            Self::Heartbeat => 24,
        }
    }
}

/// What stands in front of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the fragment is.
    pub kind: ContentType,
    /// Version, such as 0x0303; what was negotiated only behind the ServerHello, and never in TLS 1.3.
    pub version: u16,
    /// Bytes of the fragment.
    pub length: usize,
}

impl Header {
    /// Reads the header at the front; `None` if no record begins there: another type, a version that is not 3.0 to 3.4, or
    /// a length that no record has. `input` should have [`HEADER`] bytes.
    pub fn parse(input: &[u8]) -> Option<Self> {
        let &[kind, major, minor, high, low] = input.first_chunk()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let plausible = major == 3 && minor <= 4 && length <= LONGEST;
        let kind = ContentType::of(kind).filter(|_| plausible)?;
        let empty_is_wrong = length == 0 && kind != ContentType::ApplicationData;
        (!empty_is_wrong).then(|| Self { kind, version: u16::from_be_bytes([major, minor]), length })
    }

    /// Could these bytes, fewer than a header, begin one?
    pub fn may_begin(input: &[u8]) -> bool {
        let kind = input.first().is_none_or(|&kind| ContentType::of(kind).is_some());
        let major = input.get(1).is_none_or(|&major| major == 3);
        let minor = input.get(2).is_none_or(|&minor| minor <= 4);
        kind && major && minor
    }

    /// Bytes of the record, header and all.
    pub const fn total(&self) -> usize {
        HEADER.saturating_add(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_at_every_length() {
        let bytes = [22, 3, 1, 0x02, 0x00, 1];
        for length in 0..HEADER {
            assert_eq!(Header::parse(&bytes[..length]), None);
            assert!(Header::may_begin(&bytes[..length]));
        }
        let header = Header::parse(&bytes).unwrap();
        assert_eq!((header.kind, header.version, header.length, header.total()), {
            (ContentType::Handshake, 0x0301, 512, 517)
        });
    }

    #[test]
    fn what_is_no_record_is_told() {
        for bytes in [
            [19, 3, 3, 0, 1],
            [25, 3, 3, 0, 1],
            [22, 2, 0, 0, 1],
            [22, 3, 5, 0, 1],
            [23, 3, 3, 0x48, 1],
            [22, 3, 3, 0, 0],
        ] {
            assert_eq!(Header::parse(&bytes), None, "{bytes:?}");
        }
        assert!(Header::parse(&[23, 3, 3, 0, 0]).is_some());
        assert!(!Header::may_begin(b"G") && !Header::may_begin(&[22, 2]) && !Header::may_begin(&[22, 3, 9]));
    }

    #[test]
    fn numbers_go_both_ways() {
        for number in 0..=255 {
            assert!(ContentType::of(number).is_none_or(|kind| kind.number() == number));
        }
    }
}
