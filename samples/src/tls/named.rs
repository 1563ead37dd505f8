//! Certificates whose common name is written in a string type of long ago: no library makes them any more, and servers of long ago
//! still show them. They are signed by nobody, which a passive observer cannot tell.

/// String types of X.520 names (RFC 5280 section 4.1.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringType {
    /// UTF8String.
    Utf8,
    /// PrintableString.
    Printable,
    /// TeletexString (T61String), read as ISO 8859-1.
    Teletex,
    /// IA5String.
    Ia5,
    /// BMPString: two bytes a character.
    Bmp,
    /// UniversalString: four bytes a character.
    Universal,
    /// Not a string at all: nothing that a client could compare.
    OctetString,
}

impl StringType {
    fn encode(self, text: &str) -> Vec<u8> {
        let wide =
            |width: usize| text.chars().flat_map(move |c| u32::from(c).to_be_bytes()[4 - width..].to_vec()).collect();
        let (tag, bytes) = match self {
            Self::Utf8 => (12, text.as_bytes().to_vec()),
            Self::Printable => (19, text.as_bytes().to_vec()),
            Self::Teletex => (20, text.chars().map(|c| u8::try_from(c).expect("a character of ISO 8859-1")).collect()),
            Self::Ia5 => (22, text.as_bytes().to_vec()),
            Self::Bmp => (30, wide(2)),
            Self::Universal => (28, wide(4)),
            Self::OctetString => (4, text.as_bytes().to_vec()),
        };
        der(tag, &bytes)
    }
}

/// What a server of TLS 1.2 says that shows such a certificate: ServerHello, Certificate, ServerHelloDone, each in a record.
pub fn flight(common_name: &str, kind: StringType) -> Vec<u8> {
    let hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2f, 0]].concat();
    let certificate = vector(&vector(&certificate(common_name, kind)));
    [record(2, &hello), record(11, &certificate), record(14, &[])].concat()
}

/// A certificate of a server in `O=Example`, valid as the others are, without alternative names.
fn certificate(common_name: &str, kind: StringType) -> Vec<u8> {
    let sequence = |parts: &[&[u8]]| der(0x30, &parts.concat());
    let attribute = |last: u8, value: &[u8]| der(0x31, &sequence(&[&[6, 3, 0x55, 4, last], value]));
    let organisation = attribute(10, &StringType::Utf8.encode("Example"));
    let issuer = sequence(&[&organisation, &attribute(3, &StringType::Utf8.encode("Example Root CA"))]);
    let subject = sequence(&[&organisation, &attribute(3, &kind.encode(common_name))]);
    let validity = sequence(&[&der(0x17, b"240506000000Z"), &der(0x17, b"260506000000Z")]);
    let rsa = sequence(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0]]);
    let signed = sequence(&[&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0]]);
    let bits = der(3, &[0; 33]);
    let body = sequence(&[&[2, 1, 9], &signed, &issuer, &validity, &subject, &sequence(&[&rsa, &bits])]);
    sequence(&[&body, &signed, &bits])
}

/// Tag, length and content of DER.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a short value").to_be_bytes();
    let length = if content.len() < 128 { vec![length[1]] } else { [&[0x82][..], &length].concat() };
    [&[tag][..], &length, content].concat()
}

/// A vector with a length of three bytes.
fn vector(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("a short vector").to_be_bytes()[1..], bytes].concat()
}

/// A handshake message in a record of its own.
fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let message = [&[kind][..], &vector(body)].concat();
    let length = u16::try_from(message.len()).expect("a short message").to_be_bytes();
    [&[22, 3, 3][..], &length, &message].concat()
}
