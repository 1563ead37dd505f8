//! SAML 2.0 messages as browsers carry them (OASIS saml-bindings-2.0): from whom, for whom and for when. Whether a signature holds is
//! not judged, and nothing is expanded: a document with a type of its own (DTD) is not read.

use crate::date::parse_iso;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::DeflateDecoder;
use std::io::Read;

/// Bytes of a document that are read.
const MAX_XML: usize = 64 * 1024;
/// Characters of a value that are kept.
const MAX_TEXT: usize = 512;
/// Values of one kind that are kept.
const LIMIT: usize = 16;
/// Elements that are looked at: assertions have some dozens.
const ELEMENTS: usize = 4096;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Saml {
    /// Name of the outermost element: `Response`, `AuthnRequest`.
    pub kind: String,
    /// Its ID.
    pub id: Option<String>,
    /// The ID of the request that it answers.
    pub in_response_to: Option<String>,
    /// Address that it is sent to.
    pub destination: Option<String>,
    /// Where a request wants its answer.
    pub consumer: Option<String>,
    /// Who wrote it: the entity id of the identity provider, or of the application in a request.
    pub issuer: Option<String>,
    /// Status codes, the outer one first, without what all of them begin with: `Responder`, `AuthnFailed`.
    pub status: Vec<String>,
    /// Beginning of the assertion in seconds since 1970-01-01 UTC.
    pub not_before: Option<i64>,
    /// Its end, the earliest of several, in the same unit.
    pub not_on_or_after: Option<i64>,
    /// Addresses at which it may be shown.
    pub recipients: Vec<String>,
    /// Entity ids that it is for.
    pub audiences: Vec<String>,
    /// Whom it names.
    pub name: Option<String>,
    /// The assertion is encrypted: what is in it cannot be read.
    pub is_encrypted: bool,
}

impl Saml {
    /// Reads a field of a form (SAMLRequest, SAMLResponse): base64 of XML. One that is cut is read as far as it goes.
    pub fn of_form(value: &str) -> Option<Self> {
        read(&base64(value)?)
    }

    /// Reads a parameter of an address: base64 of raw deflate of XML.
    pub fn of_query(value: &str) -> Option<Self> {
        let mut xml = Vec::new();
        let bound = u64::try_from(MAX_XML).unwrap_or(u64::MAX);
        // What is inflated before an error counts.
        let _ = DeflateDecoder::new(base64(value)?.as_slice()).take(bound).read_to_end(&mut xml);
        read(&xml)
    }

    /// It says that the login succeeded.
    pub fn is_success(&self) -> bool {
        self.status.first().is_some_and(|status| status == "Success")
    }

    fn take(&mut self, element: &Element<'_>) {
        let attribute = |name: &str| element.attribute(name);
        match element.name {
            "Issuer" if self.issuer.is_none() => self.issuer = text(element.text),
            "StatusCode" => {
                push(&mut self.status, attribute("Value").map(|v| v.rsplit(':').next().unwrap_or_default().to_owned()));
            }
            "Conditions" => {
                self.not_before = self.not_before.or(attribute("NotBefore").as_deref().and_then(parse_iso));
                self.ends(attribute("NotOnOrAfter").as_ref());
            }
            "SubjectConfirmationData" => {
                push(&mut self.recipients, attribute("Recipient"));
                self.ends(attribute("NotOnOrAfter").as_ref());
            }
            "Audience" => push(&mut self.audiences, text(element.text)),
            "NameID" | "NameIdentifier" if self.name.is_none() => self.name = text(element.text),
            "EncryptedAssertion" => self.is_encrypted = true,
            _ => {}
        }
    }

    fn ends(&mut self, at: Option<&String>) {
        let at = at.map(String::as_str).and_then(parse_iso);
        self.not_on_or_after = match (self.not_on_or_after, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

fn push(list: &mut Vec<String>, value: Option<String>) {
    if list.len() < LIMIT {
        list.extend(value);
    }
}

fn read(xml: &[u8]) -> Option<Saml> {
    let xml = String::from_utf8_lossy(xml.get(..xml.len().min(MAX_XML)).unwrap_or_default());
    let mut elements = Elements(&xml).take(ELEMENTS);
    let outer = elements.next().filter(|outer| xml.contains("urn:oasis:names:tc:SAML:") && !outer.is_typed)?;
    let mut saml = Saml {
        kind: kept(outer.name),
        id: outer.attribute("ID"),
        in_response_to: outer.attribute("InResponseTo"),
        destination: outer.attribute("Destination"),
        consumer: outer.attribute("AssertionConsumerServiceURL"),
        ..Saml::default()
    };
    elements.for_each(|element| saml.take(&element));
    Some(saml)
}

/// A start of an element, and the text behind it.
struct Element<'x> {
    /// Without its namespace.
    name: &'x str,
    attributes: &'x str,
    text: &'x str,
    /// The document has a type of its own.
    is_typed: bool,
}

/// The starts of all elements, in order.
struct Elements<'x>(&'x str);

impl<'x> Iterator for Elements<'x> {
    type Item = Element<'x>;

    fn next(&mut self) -> Option<Element<'x>> {
        let mut is_typed = false;
        loop {
            let (_, rest) = self.0.split_once('<')?;
            let (tag, behind) = rest.split_once('>')?;
            self.0 = behind;
            is_typed |= tag.starts_with("!DOCTYPE") || tag.starts_with("!ENTITY");
            if tag.starts_with(['/', '!', '?']) {
                continue;
            }
            let tag = tag.strip_suffix('/').unwrap_or(tag);
            let (name, attributes) = tag.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((tag, ""));
            let name = name.rsplit(':').next().unwrap_or(name);
            let text = behind.split('<').next().unwrap_or_default();
            return Some(Element { name, attributes, text, is_typed });
        }
    }
}

impl Element<'_> {
    /// The value of an attribute, which has no namespace.
    fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            let (name, behind) = rest.split_once('=')?;
            let behind = behind.trim_ascii_start();
            let quote = behind.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let (value, behind) = behind.strip_prefix(quote)?.split_once(quote)?;
            if name.trim_ascii() == wanted {
                return text(value);
            }
            rest = behind;
        }
    }
}

/// A value without what XML writes in place of some characters; `None` if it is empty.
fn text(raw: &str) -> Option<String> {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    let plain = pairs.into_iter().fold(kept(raw.trim_ascii()), |text, (written, meant)| text.replace(written, meant));
    Some(plain).filter(|text| !text.is_empty())
}

fn kept(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// Bytes out of base64, line ends and what a cut left over passed by.
fn base64(value: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let mut plain: String =
        value.chars().filter(|c| !c.is_ascii_whitespace()).take(MAX_XML.saturating_mul(2)).collect();
    if plain.trim_end_matches('=').len() % 4 == 1 {
        plain.pop();
    }
    GeneralPurpose::new(&STANDARD, config).decode(plain).ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use std::io::Write as _;

    const RESPONSE: &str = r#"<?xml version="1.0"?><samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r"
        Destination='https://mail.example.com/names.nsf?SAMLLogin&amp;x' InResponseTo="_q"><saml:Issuer>http://idp.example.org/trust</saml:Issuer>
        <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion>
        <saml:Issuer>other</saml:Issuer><saml:Subject><saml:NameID>ann@example.com</saml:NameID><saml:SubjectConfirmationData
        NotOnOrAfter="2026-11-30T04:22:40Z" Recipient="https://mail.example.com/names.nsf?SAMLLogin"/></saml:Subject><saml:Conditions
        NotBefore="2026-11-30T03:21:40.123Z" NotOnOrAfter="2026-11-30T04:00:00Z"><saml:Audience>https://mail.example.com</saml:Audience>
        </saml:Conditions></saml:Assertion></samlp:Response>"#;

    fn encoded(bytes: &[u8]) -> String {
        GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new()).encode(bytes)
    }

    #[test]
    fn a_response() {
        let read = Saml::of_form(&encoded(RESPONSE.as_bytes())).unwrap();
        assert_eq!(
            (read.kind.as_str(), read.id.as_deref(), read.in_response_to.as_deref()),
            ("Response", Some("_r"), Some("_q"))
        );
        assert_eq!(read.destination.as_deref(), Some("https://mail.example.com/names.nsf?SAMLLogin&x"));
        assert_eq!(
            (read.issuer.as_deref(), read.name.as_deref()),
            (Some("http://idp.example.org/trust"), Some("ann@example.com"))
        );
        assert!(read.is_success() && !read.is_encrypted);
        assert_eq!((read.not_before, read.not_on_or_after), (Some(1_796_008_900), Some(1_796_011_200)));
        assert_eq!(read.recipients, ["https://mail.example.com/names.nsf?SAMLLogin"]);
        assert_eq!(read.audiences, ["https://mail.example.com"]);
    }

    #[test]
    fn a_request_in_an_address() {
        let xml = r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_q"
            AssertionConsumerServiceURL="https://mail.example.com/names.nsf?SAMLLogin"><saml:Issuer>https://mail.example.com</saml:Issuer>"#;
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
        deflated.write_all(xml.as_bytes()).unwrap();
        let read = Saml::of_query(&encoded(&deflated.finish().unwrap())).unwrap();
        assert_eq!((read.kind.as_str(), read.issuer.as_deref()), ("AuthnRequest", Some("https://mail.example.com")));
        assert_eq!(read.consumer.as_deref(), Some("https://mail.example.com/names.nsf?SAMLLogin"));
    }

    #[test]
    fn every_cut_is_read_as_far_as_it_goes() {
        let whole = encoded(RESPONSE.as_bytes());
        let full = Saml::of_form(&whole).unwrap();
        for length in 0..whole.len() {
            let Some(cut) = Saml::of_form(&whole[..length]) else { continue };
            assert!(
                cut.kind == "Response"
                    && (cut.issuer.is_none()
                        || cut.issuer == full.issuer
                        || full.issuer.as_deref().is_some_and(|i| i.starts_with(cut.issuer.as_deref().unwrap())))
            );
        }
    }

    #[test]
    fn what_is_not_read() {
        let typed = RESPONSE.replacen("<samlp:Response", "<!DOCTYPE x [<!ENTITY a \"b\">]><samlp:Response", 1);
        for value in [
            "",
            "====",
            "AAAA",
            &encoded(b"<html></html>"),
            &encoded(typed.as_bytes()),
            &encoded(b"<a b='urn:oasis:names:tc:SAML:'"),
        ] {
            assert_eq!(Saml::of_form(value), None, "{value}");
        }
        assert_eq!(Saml::of_query("fZJ"), None);
        assert_eq!(
            ["2026-11-30", "2026-11-30T03:22:40", "2026-13-30T03:22:40Z", "T:Z", "2026-11-30T03:22Z"].map(parse_iso),
            [None; 5]
        );
        let long = format!("<Response xmlns='urn:oasis:names:tc:SAML:2.0'>{}", "<Audience>a</Audience>".repeat(9_000));
        assert_eq!(Saml::of_form(&encoded(long.as_bytes())).unwrap().audiences.len(), LIMIT);
    }
}
