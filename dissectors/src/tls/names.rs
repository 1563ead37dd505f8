//! Distinguished names of certificates (RFC 5280 section 4.1.2.4), in every string type that authorities have ever used for them.
//!
//! A name that is written in a type of long ago is as good as one in UTF-8: clients compare both. Old types are read as clients
//! read them: an 8-bit string that is no UTF-8 as ISO 8859-1, whatever T.61 says about accents.

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::{FromDer, X509Name};
use x509_parser::x509::AttributeTypeAndValue;

/// Characters of a name that are kept.
const LONGEST: usize = 512;

/// A name in its order on the wire, as `O=…, CN=…`. A value that is no text stands there as hexadecimal digits.
pub(super) fn distinguished(name: &X509Name<'_>) -> String {
    let parts = name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join(" + "));
    cut(&parts.collect::<Vec<_>>().join(", "))
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let kind = attribute.attr_type();
    let short = oid2abbrev(kind, oid_registry()).map_or_else(|_| format!("{kind:?}"), str::to_owned);
    let value = text(attribute.attr_value()).unwrap_or_else(|| crate::text::hex(attribute.as_slice()).to_uppercase());
    format!("{short}={value}")
}

/// Names of issuers in a `CertificateRequest`, as DER.
pub(super) fn authority(der: &[u8]) -> Option<String> {
    X509Name::from_der(der).ok().map(|(_, name)| distinguished(&name))
}

/// The text of an attribute; none, if it is of no string type or no text of its own type.
pub(super) fn text(value: &Any<'_>) -> Option<String> {
    let units =
        |width: usize| value.data.chunks(width).map(|unit| unit.iter().fold(0, |all, &b| all << 8 | u32::from(b)));
    match value.tag() {
        Tag::Utf8String => std::str::from_utf8(value.data).ok().map(cut),
        Tag::NumericString
        | Tag::PrintableString
        | Tag::T61String
        | Tag::Ia5String
        | Tag::VisibleString
        | Tag::GeneralString
        | Tag::GraphicString
        | Tag::VideotexString
        | Tag::ObjectDescriptor => Some(eight_bits(value.data)),
        Tag::BmpString if value.data.len().is_multiple_of(2) => {
            let units = units(2).map(|unit| u16::try_from(unit).unwrap_or_default());
            char::decode_utf16(units).take(LONGEST).collect::<Result<_, _>>().ok()
        }
        Tag::UniversalString if value.data.len().is_multiple_of(4) => {
            units(4).take(LONGEST).map(char::from_u32).collect()
        }
        _ => None,
    }
}

fn eight_bits(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => cut(text),
        Err(_) => bytes.iter().take(LONGEST).map(|&byte| char::from(byte)).collect(),
    }
}

/// The beginning of a long name.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: Tag, bytes: &[u8]) -> Option<String> {
        text(&Any::from_tag_and_data(tag, bytes))
    }

    #[test]
    fn a_name_is_read_in_every_string_type() {
        let ascii = [
            Tag::Utf8String,
            Tag::PrintableString,
            Tag::T61String,
            Tag::Ia5String,
            Tag::VisibleString,
            Tag::GeneralString,
            Tag::NumericString,
        ];
        for tag in ascii {
            assert_eq!(read(tag, b"*.acme.example").as_deref(), Some("*.acme.example"), "{tag:?}");
        }
        assert_eq!(read(Tag::BmpString, b"\0a\0.\0b\x20\xAC").as_deref(), Some("a.b€"));
        assert_eq!(read(Tag::UniversalString, b"\0\0\0a\0\x01\xF6\x00").as_deref(), Some("a😀"));
        assert_eq!(read(Tag::T61String, b"M\xFCller").as_deref(), Some("Müller"));
        assert_eq!(read(Tag::T61String, "Müller".as_bytes()).as_deref(), Some("Müller"));
    }

    #[test]
    fn what_is_no_text_is_not_read() {
        for (tag, bytes) in [
            (Tag::Utf8String, &b"M\xFC"[..]),
            (Tag::BmpString, b"\0a\0"),
            (Tag::BmpString, b"\xD8\0\0a"),
            (Tag::UniversalString, b"\0\0\0"),
            (Tag::UniversalString, b"\0\x11\0\0"),
            (Tag::Integer, b"1"),
        ] {
            assert_eq!(read(tag, bytes), None, "{tag:?} {bytes:?}");
        }
    }

    #[test]
    fn a_value_that_is_no_text_is_shown_in_digits() {
        // O=é in a TeletexString, CN=INTEGER 10
        let name = [
            &[0x30, 0x19, 0x31, 0x0A, 0x30, 0x08, 6, 3, 0x55, 4, 0x0A, 0x14, 1, 0xE9][..],
            &[0x31, 0x0B, 0x30, 0x09, 6, 3, 0x55, 4, 3, 2, 2, 0, 0x0A],
        ]
        .concat();
        assert_eq!(authority(&name).as_deref(), Some("O=é, CN=000A"));
    }
}
