//! Certificates (RFC 5280): the few facts by which a client decides. Read with x509-parser; nothing is verified.

use super::cursor::Cursor;
use super::names::{self, cut, distinguished};
use crate::{calendar, text};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use x509_parser::extensions::{GeneralName, SubjectAlternativeName};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Certificates of a chain that are read; further ones are counted.
pub(super) const READ: usize = 16;
/// Names of one certificate that are kept.
const NAMES: usize = 256;
/// The largest certificate that is read.
const LARGEST: usize = 65_536;
/// Certificates that are remembered, so that the same bytes need not be read again.
const REMEMBERED: usize = 64;
/// The largest of them.
const LARGEST_REMEMBERED: usize = 8_192;

thread_local! {
    /// Certificates that were read last, the latest first. Servers show the same one to everybody: this saves the reading, and
    /// the room for a copy in every conversation; what is read does not depend on it.
    static READ_LAST: RefCell<VecDeque<ReadCertificate>> = const { RefCell::new(VecDeque::new()) };
}

/// The bytes of a certificate, and what they say.
type ReadCertificate = (Box<[u8]>, Arc<Certificate>);

/// A chain as it was sent, the sender's own certificate first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    /// The first certificates, 16 at most.
    pub certificates: Vec<Arc<Certificate>>,
    /// How many were sent, as far as they are there.
    pub count: usize,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// Subject, as `CN=…, O=…`.
    pub subject: String,
    /// Issuer, the same.
    pub issuer: String,
    /// Names that it is good for: DNS names and addresses of the subject alternative names.
    pub names: Vec<String>,
    /// Common name of the subject.
    pub common_name: Option<String>,
    /// It has names that could not be read, or more than are kept: whom it is not for cannot be told.
    pub has_unread_names: bool,
    /// Valid from, in seconds since 1970-01-01 UTC.
    pub not_before: i64,
    /// Valid until, the same.
    pub not_after: i64,
    /// Subject and issuer are the same.
    pub self_issued: bool,
    /// It may issue others.
    pub is_ca: bool,
    /// First 12 hexadecimal digits of its SHA-256.
    pub fingerprint: String,
    /// Bytes.
    pub length: usize,
    /// It could be read; if not, only `length` and `fingerprint` say something.
    pub readable: bool,
}

impl Chain {
    /// Reads the body of a Certificate message (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2). The second value is false if it
    /// is cut or its lengths contradict.
    pub(super) fn parse(body: &[u8], tls13: bool) -> (Self, bool) {
        let mut chain = Self::default();
        let whole = chain.read(Cursor::new(body), tls13).is_some();
        (chain, whole)
    }

    fn read(&mut self, mut body: Cursor<'_>, tls13: bool) -> Option<()> {
        if tls13 {
            body.vector8()?;
        }
        let length = body.u24()?;
        let part = body.part(Some(length));
        let mut list = Cursor::new(part);
        while !list.is_empty() {
            let der = list.vector24()?;
            self.count = self.count.saturating_add(1);
            if self.certificates.len() < READ {
                self.certificates.push(Certificate::remembered(der));
            }
            if tls13 {
                list.vector16()?;
            }
        }
        (part.len() == length && body.is_empty()).then_some(())
    }

    /// The sender's own certificate.
    pub fn own(&self) -> Option<&Certificate> {
        self.certificates.first().map(Arc::as_ref)
    }
}

impl Certificate {
    /// Reads a certificate in DER.
    pub fn parse(der: &[u8]) -> Self {
        let fingerprint = text::hex(Sha256::digest(der).get(..6).unwrap_or_default());
        let unread = Self { fingerprint, length: der.len(), ..Self::default() };
        if der.len() > LARGEST {
            return unread;
        }
        match X509Certificate::from_der(der) {
            Ok((_, certificate)) => Self { readable: true, ..unread.filled(&certificate) },
            Err(_) => unread,
        }
    }

    /// A certificate that is read only once for the same bytes, as long as they are remembered.
    fn remembered(der: &[u8]) -> Arc<Self> {
        READ_LAST.with_borrow_mut(|read| {
            if let Some(place) = read.iter().position(|(bytes, _)| **bytes == *der)
                && let Some((bytes, certificate)) = read.remove(place)
            {
                read.push_front((bytes, Arc::clone(&certificate)));
                return certificate;
            }
            let certificate = Arc::new(Self::parse(der));
            if der.len() <= LARGEST_REMEMBERED {
                read.push_front((der.into(), Arc::clone(&certificate)));
                read.truncate(REMEMBERED);
            }
            certificate
        })
    }

    fn filled(self, certificate: &X509Certificate<'_>) -> Self {
        let (subject, issuer) = (certificate.subject(), certificate.issuer());
        let common = || subject.iter_common_name().map(|name| names::text(name.attr_value()));
        let alternative = certificate.subject_alternative_name();
        let (names, all_read) =
            alternative_names(alternative.as_ref().ok().and_then(Option::as_ref).map(|san| san.value));
        Self {
            subject: distinguished(subject),
            issuer: distinguished(issuer),
            has_unread_names: alternative.is_err() || !all_read || common().any(|name| name.is_none()),
            names,
            common_name: common().flatten().next(),
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            self_issued: subject.as_raw() == issuer.as_raw(),
            is_ca: certificate.is_ca(),
            ..self
        }
    }

    /// Is it good for that host (RFC 6125 section 6.4)? A wildcard stands for one label, the first. The common name counts only
    /// where there are no other names. None: it cannot be told, as no name was read, or not every one, or one of them is not
    /// written as host names travel.
    pub fn is_for(&self, host: &str) -> Option<bool> {
        let host = host.trim_end_matches('.');
        let common = self.common_name.iter().filter(|_| self.names.is_empty());
        let mut names = self.names.iter().chain(common).map(|name| name.trim_end_matches('.')).peekable();
        let mut is_known = names.peek().is_some() && !self.has_unread_names;
        let fits = names.any(|name| {
            is_known &= name.is_ascii();
            matches(name, host)
        });
        (fits || is_known).then_some(fits)
    }

    /// When it ends, as a report shows it.
    pub fn ends(&self) -> String {
        calendar::utc(self.not_after)
    }

    /// When it begins.
    pub fn begins(&self) -> String {
        calendar::utc(self.not_before)
    }
}

fn matches(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(rest) => {
            host.split_once('.').is_some_and(|(label, parent)| !label.is_empty() && parent.eq_ignore_ascii_case(rest))
        }
        None => name.eq_ignore_ascii_case(host),
    }
}

/// DNS names and addresses, and whether every one was read.
fn alternative_names(san: Option<&SubjectAlternativeName<'_>>) -> (Vec<String>, bool) {
    let mut all_read = true;
    let mut names = Vec::new();
    for name in san.iter().flat_map(|san| &san.general_names) {
        let read = match name {
            GeneralName::DNSName(name) => Some(cut(name)),
            GeneralName::IPAddress(bytes) => address(bytes),
            GeneralName::Invalid(..) => None,
            _ => continue,
        };
        all_read &= read.is_some() && names.len() < NAMES;
        names.extend(read.filter(|_| names.len() < NAMES));
    }
    (names, all_read)
}

fn address(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => Some(std::net::Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).to_string()),
        16 => Some(std::net::Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str], common: Option<&str>) -> Certificate {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        Certificate { names, common_name: common.map(str::to_owned), ..Certificate::default() }
    }

    #[test]
    fn names_are_compared_as_browsers_do() {
        let wild = named(&["*.acme.example", "10.1.0.9"], Some("other.example"));
        for host in ["chat.acme.example", "CHAT.ACME.EXAMPLE", "10.1.0.9", "chat.acme.example."] {
            assert_eq!(wild.is_for(host), Some(true), "{host}");
        }
        for host in ["acme.example", "a.b.acme.example", "other.example", ".acme.example", ""] {
            assert_eq!(wild.is_for(host), Some(false), "{host}");
        }
        assert_eq!(named(&[], Some("old.example")).is_for("old.example"), Some(true));
    }

    #[test]
    fn what_was_not_read_is_not_known() {
        let host = "chat.acme.example";
        assert_eq!(named(&[], None).is_for(host), None);
        assert_eq!(named(&["müller.example"], None).is_for(host), None);
        let partly = |names| Certificate { has_unread_names: true, ..named(names, None) };
        assert_eq!((partly(&["a.example"]).is_for(host), partly(&[host]).is_for(host)), (None, Some(true)));
    }

    #[test]
    fn the_same_bytes_are_read_once() {
        let [one, again, other] = [&[0x30, 0][..], &[0x30, 0], &[0x30, 1]].map(Certificate::remembered);
        assert!(Arc::ptr_eq(&one, &again) && !Arc::ptr_eq(&one, &other));
        for number in 0..REMEMBERED {
            Certificate::remembered(&number.to_be_bytes());
        }
        assert!(!Arc::ptr_eq(&one, &Certificate::remembered(&[0x30, 0])), "it is let go");
        let large = [0; LARGEST_REMEMBERED + 1];
        assert!(!Arc::ptr_eq(&Certificate::remembered(&large), &Certificate::remembered(&large)));
    }

    #[test]
    fn a_chain_is_counted_and_its_head_read() {
        let one = [0, 0, 2, 0x30, 0];
        let list = one.repeat(10_000);
        let length = u32::try_from(list.len()).unwrap().to_be_bytes();
        let (chain, whole) = Chain::parse(&[&length[1..], &list].concat(), false);
        assert!(whole);
        assert_eq!((chain.count, chain.certificates.len(), chain.own().unwrap().readable), (10_000, READ, false));
        let (chain, whole) = Chain::parse(&[&length[1..], &list[..12]].concat(), false);
        assert_eq!((whole, chain.count), (false, 2));
        let (chain, whole) = Chain::parse(&[0, 0, 0, 7, 0, 0, 2, 0x30, 0, 0, 0], true);
        assert_eq!((whole, chain.count), (true, 1));
    }

    #[test]
    fn addresses_have_two_lengths() {
        assert_eq!(address(&[10, 1, 0, 9]).as_deref(), Some("10.1.0.9"));
        assert_eq!((address(&[0; 16]).as_deref(), address(&[0; 5])), (Some("::"), None));
    }
}
