//! ClientHello and ServerHello (RFC 8446 section 4.1, RFC 5246 section 7.4.1): what each side can and what they agreed on.

use super::cursor::{Cursor, numbers};
use super::suites;
use crate::text;

/// TLS 1.3.
pub const TLS13: u16 = 0x0304;
/// TLS 1.2.
pub const TLS12: u16 = 0x0303;

/// Names or protocols that are kept of one list; no client offers so many.
const LIST: usize = 32;
/// Characters of a name that are kept.
const NAME: usize = 255;

/// Random of a ServerHello that asks for another ClientHello: SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
const RETRY: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11,
    0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// Numbers of extensions (IANA registry "TLS ExtensionType Values").
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const ALPN: u16 = 16;
    pub(super) const ENCRYPT_THEN_MAC: u16 = 22;
    pub(super) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(super) const SESSION_TICKET: u16 = 35;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const EARLY_DATA: u16 = 42;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xFE0D;
}

/// What a client offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientHello {
    /// The version field; clients of TLS 1.3 write 0x0303 and name the rest in `versions`.
    pub version: u16,
    /// Random, by which key logs name the connection.
    pub random: [u8; 32],
    /// Session that it wants to resume (in TLS 1.3 a value without meaning).
    pub session_id: Vec<u8>,
    /// Cipher suites, in the order of its preference.
    pub suites: Vec<u16>,
    /// Host that it wants (server_name).
    pub sni: Option<String>,
    /// Protocols that it would speak inside (ALPN).
    pub alpn: Vec<String>,
    /// Versions of the extension, without the reserved ones.
    pub versions: Vec<u16>,
    /// Session ticket (TLS 1.2) that it wants to resume; empty if it would only like one.
    pub ticket: Option<Vec<u8>>,
    /// It offers a pre-shared key: in TLS 1.3 a session that it wants to resume.
    pub pre_shared_key: bool,
    /// It sends data before the server has answered.
    pub early_data: bool,
    /// The true name is in an encrypted hello; `sni` is that of the provider.
    pub encrypted_hello: bool,
    /// Types of all extensions, in order.
    pub extensions: Vec<u16>,
    /// It has the form of SSL 2.0: versions from 3.0 on are wanted all the same.
    pub is_old_form: bool,
}

/// What a server chose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerHello {
    /// The version that counts from here on: that of the extension, else of the field.
    pub version: u16,
    /// Random.
    pub random: [u8; 32],
    /// Session: the client's own if it is resumed (TLS 1.2).
    pub session_id: Vec<u8>,
    /// The cipher suite.
    pub suite: u16,
    /// Protocol that is spoken inside; in TLS 1.3 the encrypted extensions say so.
    pub alpn: Option<String>,
    /// It asks for another ClientHello.
    pub retry: bool,
    /// The master secret covers the handshake (RFC 7627).
    pub extended_master_secret: bool,
    /// MACs cover what is encrypted (RFC 7366).
    pub encrypt_then_mac: bool,
    /// A pre-shared key was accepted: the session is resumed.
    pub pre_shared_key: bool,
    /// Types of all extensions, in order.
    pub extensions: Vec<u16>,
}

impl ClientHello {
    /// Reads the body; the second value is false if it is cut or its lengths contradict, and what was read counts.
    pub fn parse(body: &[u8]) -> (Self, bool) {
        let mut hello = Self::default();
        let whole = hello.read(body).is_some();
        (hello, whole)
    }

    fn read(&mut self, body: &[u8]) -> Option<()> {
        let mut body = Cursor::new(body);
        self.version = body.u16()?;
        self.random = body.array()?;
        self.session_id = body.vector8()?.to_vec();
        let length = body.u16().map(usize::from);
        let suites = body.part(length);
        self.suites = numbers(suites);
        if length != Some(suites.len()) {
            return None;
        }
        body.vector8()?;
        extensions(body, |kind, data| {
            self.extensions.push(kind);
            self.extension(kind, Cursor::new(data))
        })
    }

    fn extension(&mut self, kind: u16, mut data: Cursor<'_>) -> Option<()> {
        match kind {
            extension::SERVER_NAME => self.sni = server_name(data),
            extension::ALPN => self.alpn = protocols(data),
            extension::SUPPORTED_VERSIONS => {
                self.versions = numbers(data.vector8()?).into_iter().filter(|&v| !suites::is_grease(v)).collect();
            }
            extension::SESSION_TICKET => self.ticket = Some(data.rest().to_vec()),
            extension::PRE_SHARED_KEY => self.pre_shared_key = true,
            extension::EARLY_DATA => self.early_data = true,
            extension::ENCRYPTED_CLIENT_HELLO => self.encrypted_hello = true,
            _ => {}
        }
        Some(())
    }

    /// The highest version that it can.
    pub fn highest(&self) -> u16 {
        self.versions.iter().copied().max().unwrap_or(self.version)
    }

    /// All versions that it names, the highest first. Without the extension that is its highest only.
    pub fn offered(&self) -> Vec<u16> {
        if self.versions.is_empty() {
            return vec![self.version];
        }
        let mut versions = self.versions.clone();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        versions
    }

    /// Suites that are suites.
    pub fn real_suites(&self) -> impl Iterator<Item = u16> {
        self.suites.iter().copied().filter(|&suite| !suites::is_signal(suite))
    }
}

impl ServerHello {
    /// As [`ClientHello::parse`].
    pub fn parse(body: &[u8]) -> (Self, bool) {
        let mut hello = Self::default();
        let whole = hello.read(body).is_some();
        (hello, whole)
    }

    fn read(&mut self, body: &[u8]) -> Option<()> {
        let mut body = Cursor::new(body);
        self.version = body.u16()?;
        self.random = body.array()?;
        self.retry = self.random == RETRY;
        self.session_id = body.vector8()?.to_vec();
        self.suite = body.u16()?;
        body.u8()?;
        extensions(body, |kind, data| {
            self.extensions.push(kind);
            self.extension(kind, Cursor::new(data))
        })
    }

    fn extension(&mut self, kind: u16, mut data: Cursor<'_>) -> Option<()> {
        match kind {
            extension::ALPN => self.alpn = protocols(data).into_iter().next(),
            extension::SUPPORTED_VERSIONS => self.version = data.u16()?,
            extension::ENCRYPT_THEN_MAC => self.encrypt_then_mac = true,
            extension::EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
            extension::PRE_SHARED_KEY => self.pre_shared_key = true,
            _ => {}
        }
        Some(())
    }

    /// TLS 1.3 is spoken from here on.
    pub fn is_tls13(&self) -> bool {
        self.version >= TLS13
    }
}

/// Protocol that the encrypted extensions of TLS 1.3 name.
pub(super) fn encrypted_extensions(body: &[u8]) -> (Option<String>, bool) {
    let mut alpn = None;
    let read = extensions(Cursor::new(body), |kind, data| {
        if kind == extension::ALPN {
            alpn = protocols(Cursor::new(data)).into_iter().next();
        }
        Some(())
    });
    (alpn, read.is_some())
}

/// Walks through the extensions at the end of a hello; there may be none.
fn extensions<'a>(mut body: Cursor<'a>, mut take: impl FnMut(u16, &'a [u8]) -> Option<()>) -> Option<()> {
    if body.is_empty() {
        return Some(());
    }
    let length = body.u16().map(usize::from)?;
    let part = body.part(Some(length));
    let mut list = Cursor::new(part);
    while !list.is_empty() {
        let (kind, data) = (list.u16()?, list.vector16()?);
        take(kind, data)?;
    }
    (part.len() == length && body.is_empty()).then_some(())
}

/// The first host name of the list (RFC 6066 section 3).
fn server_name(mut data: Cursor<'_>) -> Option<String> {
    let mut list = Cursor::new(data.vector16()?);
    while !list.is_empty() {
        let (kind, name) = (list.u8()?, list.vector16()?);
        if kind == 0 {
            return Some(text::lenient(name.get(..NAME).unwrap_or(name)));
        }
    }
    None
}

/// A list of protocols (RFC 7301 section 3.1), without the reserved ones.
fn protocols(mut data: Cursor<'_>) -> Vec<String> {
    let mut list = Cursor::new(data.vector16().unwrap_or_default());
    let mut names = Vec::new();
    while let Some(name) = list.vector8().filter(|_| names.len() < LIST) {
        if !matches!(*name, [a, b] if suites::is_grease(u16::from_be_bytes([a, b]))) {
            names.push(text::lenient(name));
        }
    }
    names
}

/// `TLS 1.2`, or the number of a version that has no name.
pub fn version_name(version: u16) -> String {
    match version {
        0x0002 => "SSL 2.0".to_owned(),
        0x0300 => "SSL 3.0".to_owned(),
        0x0301 => "TLS 1.0".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        TLS12 => "TLS 1.2".to_owned(),
        TLS13 => "TLS 1.3".to_owned(),
        other => format!("0x{other:04X}"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A vector behind a length of two bytes.
    pub(crate) fn vector(data: &[u8]) -> Vec<u8> {
        [&u16::try_from(data.len()).unwrap().to_be_bytes()[..], data].concat()
    }

    pub(crate) fn ext(kind: u16, data: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &vector(data)].concat()
    }

    /// The body of a ClientHello with these extensions.
    pub(crate) fn client_hello(extensions: &[Vec<u8>]) -> Vec<u8> {
        let head =
            [&[3, 3][..], &[0x11; 32], &[2, 0xAA, 0xBB], &[0, 6, 0x1A, 0x1A, 0x13, 1, 0xC0, 0x30], &[1, 0]].concat();
        [head, vector(&extensions.concat())].concat()
    }

    /// The body of a ServerHello.
    pub(crate) fn server_hello(suite: u16, random: [u8; 32], extensions: &[Vec<u8>]) -> Vec<u8> {
        let head = [&[3, 3][..], &random, &[0], &suite.to_be_bytes(), &[0]].concat();
        [head, vector(&extensions.concat())].concat()
    }

    pub(crate) fn usual_extensions() -> Vec<Vec<u8>> {
        vec![
            ext(0x2A2A, &[]),
            ext(0, &vector(&[&[0][..], &vector(b"chat.acme.example")].concat())),
            ext(16, &vector(b"\x02\x1A\x1A\x02h2\x08http/1.1")),
            ext(35, &[9; 4]),
            ext(43, &[6, 0x2A, 0x2A, 3, 3, 3, 4]),
            ext(23, &[]),
        ]
    }

    #[test]
    fn a_client_hello_says_what_it_offers() {
        let (hello, whole) = ClientHello::parse(&client_hello(&usual_extensions()));
        assert!(whole);
        assert_eq!(hello.sni.as_deref(), Some("chat.acme.example"));
        assert_eq!(hello.alpn, ["h2", "http/1.1"]);
        assert_eq!((hello.highest(), hello.offered()), (TLS13, vec![TLS13, TLS12]));
        assert_eq!(hello.real_suites().collect::<Vec<_>>(), [0x1301, 0xC030]);
        assert_eq!((hello.ticket, hello.session_id, hello.random), (Some(vec![9; 4]), vec![0xAA, 0xBB], [0x11; 32]));
        assert_eq!(hello.extensions, [0x2A2A, 0, 16, 35, 43, 23]);
    }

    #[test]
    fn a_hello_without_extensions_is_whole() {
        let body = client_hello(&[]);
        let (hello, whole) = ClientHello::parse(&body[..body.len() - 2]);
        assert!(whole && hello.sni.is_none() && hello.offered() == [TLS12]);
    }

    #[test]
    fn every_truncation_tells_what_is_there() {
        let body = client_hello(&usual_extensions());
        let name = body.windows(4).position(|window| window == b"chat").unwrap() + 17;
        for length in 0..body.len() {
            let (hello, whole) = ClientHello::parse(&body[..length]);
            // Up to the end of the cipher suites and compression it could be a hello without extensions.
            assert_eq!(whole, length == 47, "{length}");
            assert_eq!(hello.sni.is_some(), length >= name, "{length}");
            assert_eq!(hello.random == [0x11; 32], length >= 34);
        }
        let body = server_hello(0x1302, [7; 32], &[ext(43, &[3, 4])]);
        for length in 0..body.len() {
            let (hello, whole) = ServerHello::parse(&body[..length]);
            assert_eq!((whole, hello.suite == 0x1302), (length == 38, length >= 37), "{length}");
        }
    }

    #[test]
    fn a_server_hello_says_what_counts() {
        let more = [ext(43, &[3, 4]), ext(22, &[]), ext(23, &[]), ext(41, &[0, 0]), ext(16, &vector(b"\x02h2"))];
        let (hello, whole) = ServerHello::parse(&server_hello(0x1302, [7; 32], &more));
        assert!(whole && hello.is_tls13() && !hello.retry && hello.pre_shared_key);
        assert!(hello.extended_master_secret && hello.encrypt_then_mac);
        assert_eq!((hello.suite, hello.alpn.as_deref()), (0x1302, Some("h2")));
        assert!(ServerHello::parse(&server_hello(0x1302, RETRY, &[])).0.retry);
    }

    #[test]
    fn lengths_that_contradict_are_seen() {
        let mut body = client_hello(&usual_extensions());
        body.push(0);
        assert!(!ClientHello::parse(&body).1);
        let (hello, whole) = ClientHello::parse(&client_hello(&[vec![0, 0, 0xFF, 0xFF, 1]]));
        assert!(!whole && hello.sni.is_none());
        assert_eq!(encrypted_extensions(&vector(&ext(16, &vector(b"\x02h2")))), (Some("h2".to_owned()), true));
        assert_eq!(encrypted_extensions(&[0, 9, 0]), (None, false));
    }

    #[test]
    fn versions_have_names() {
        assert_eq!([0x0300, 0x0304, 0x7F1C].map(version_name), ["SSL 3.0", "TLS 1.3", "0x7F1C"]);
    }
}
