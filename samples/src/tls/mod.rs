//! TLS as rustls speaks it: a client and a server that are set up as a story wants, and a [`Tcp`] between them.
//!
//! The bytes are real, and so are the failures: who refuses does so because the library found a reason. What the library logs of
//! its secrets goes into the capture if its [`Format`](crate::Format) asks for it.
//!
//! ```
//! use nrpcsniff_samples::tls::Tls;
//! use nrpcsniff_samples::{Format, Network};
//!
//! let net = Network::new();
//! let tcp = net.connect(&net.host("10.1.0.50"), &net.host("10.1.0.22"), 443);
//! let inside = tcp.tls(&Tls::v13("meet.example.com"));
//! inside.client("GET / HTTP/1.1\r\nHost: meet.example.com\r\n\r\n").server("HTTP/1.1 204 No Content\r\n\r\n").client_fin();
//! let capture = net.write(&Format::pcapng().keys());
//! assert!(capture.windows(31).any(|bytes| bytes == b"CLIENT_HANDSHAKE_TRAFFIC_SECRET"));
//! ```

mod any_name;
mod named;
mod pki;
mod provider;
mod session;
mod suites;

use std::cell::RefCell;
use std::rc::Rc;

use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

pub use named::{StringType, flight as flight_of};
pub use pki::Presents;

use crate::tcp::{Side, Tcp};
pub(crate) use session::Session;

/// How a client and a server are set up.
#[derive(Debug, Clone)]
pub struct Tls {
    host: &'static str,
    versions: [&'static [&'static SupportedProtocolVersion]; 2],
    suites: [&'static [&'static SupportedCipherSuite]; 2],
    presents: Presents,
    wants_certificate: bool,
    may_have_none: bool,
    any_name: bool,
    has_certificate: bool,
    protocols: &'static [&'static str],
    large_hello: bool,
    names_nobody: bool,
}

const V12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
const V13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
const ALL: &[&SupportedCipherSuite] = &[&suites::TLS13_AES128, &suites::TLS12_AES128, &suites::TLS12_AES256];

impl Tls {
    /// TLS 1.2 with the server of that name, whose certificate is in order.
    pub const fn v12(host: &'static str) -> Self {
        Self::new(host, V12)
    }

    /// TLS 1.3 with the server of that name, whose certificate is in order.
    pub const fn v13(host: &'static str) -> Self {
        Self::new(host, V13)
    }

    const fn new(host: &'static str, versions: &'static [&'static SupportedProtocolVersion]) -> Self {
        Self {
            host,
            versions: [versions; 2],
            suites: [ALL; 2],
            presents: Presents::Good,
            wants_certificate: false,
            may_have_none: false,
            any_name: false,
            has_certificate: false,
            protocols: &[],
            large_hello: false,
            names_nobody: false,
        }
    }

    /// The server shows another certificate.
    #[must_use]
    pub const fn presents(mut self, presents: Presents) -> Self {
        self.presents = presents;
        self
    }

    /// The client knows TLS 1.3 only, the server TLS 1.2 only.
    #[must_use]
    pub const fn without_common_version(mut self) -> Self {
        self.versions = [V13, V12];
        self
    }

    /// The client knows AES-128 only, the server AES-256 only (TLS 1.2).
    #[must_use]
    pub const fn without_common_suite(mut self) -> Self {
        const AES128: &[&SupportedCipherSuite] = &[&suites::TLS12_AES128];
        const AES256: &[&SupportedCipherSuite] = &[&suites::TLS12_AES256];
        self.suites = [AES128, AES256];
        self
    }

    /// The server wants a certificate of the client.
    #[must_use]
    pub const fn wants_certificate(mut self) -> Self {
        self.wants_certificate = true;
        self
    }

    /// The server asks for a certificate of the client, and goes on without one.
    #[must_use]
    pub const fn asks_certificate(mut self) -> Self {
        (self.wants_certificate, self.may_have_none) = (true, true);
        self
    }

    /// The client does not compare the name in the server's certificate.
    #[must_use]
    pub const fn trusts_any_name(mut self) -> Self {
        self.any_name = true;
        self
    }

    /// The client has a certificate.
    #[must_use]
    pub const fn has_certificate(mut self) -> Self {
        self.has_certificate = true;
        self
    }

    /// The client begins with the key share of X25519MLKEM768, which makes its ClientHello larger than a segment. The server does
    /// not know it and asks for another. (The share is made of random bytes: nobody reckons with it.)
    #[must_use]
    pub const fn large_hello(mut self) -> Self {
        self.large_hello = true;
        self
    }

    /// The client does not say which host it wants (RFC 6066 section 3).
    #[must_use]
    pub const fn names_nobody(mut self) -> Self {
        self.names_nobody = true;
        self
    }

    /// Protocols that the client offers for the inside (ALPN, RFC 7301); the server takes the first.
    #[must_use]
    pub const fn protocols(mut self, names: &'static [&'static str]) -> Self {
        self.protocols = names;
        self
    }
}

impl Tcp {
    /// TLS begins, and succeeds: what this handle sends from now on travels inside.
    #[must_use]
    pub fn tls(&self, settings: &Tls) -> Self {
        let (session, refusal) = self.shake_hands(settings);
        assert!(refusal.is_none(), "a handshake that should have succeeded: {refusal:?}");
        Self { tls: Some(Rc::new(RefCell::new(session))), ..self.clone() }
    }

    /// TLS begins, and one side minds: it sends its alert and closes.
    pub fn tls_fails(&self, settings: &Tls) -> &Self {
        let (_, refusal) = self.shake_hands(settings);
        let (side, _) = refusal.expect("a handshake that should have failed");
        self.fin(side)
    }

    /// The ClientHello of a client that is set up so.
    pub fn tls_hello(&self, settings: &Tls) -> Vec<u8> {
        Session::new(self, settings).says(Side::Client)
    }

    /// What a server that is set up so answers to the ClientHello of its client.
    pub fn tls_flight(&self, settings: &Tls) -> Vec<u8> {
        let mut session = Session::new(self, settings);
        let hello = session.says(Side::Client);
        session.hears(Side::Server, &hello).expect("a ClientHello that the server takes");
        session.says(Side::Server)
    }

    /// The client sends these bytes, which the server minds: it answers with its alert and closes.
    pub fn tls_refuses(&self, bytes: impl AsRef<[u8]>, settings: &Tls) -> &Self {
        let (mut session, bytes) = (Session::new(self, settings), bytes.as_ref());
        self.client(bytes);
        session.hears(Side::Server, bytes).expect_err("bytes that a TLS server should have refused");
        self.wait(1).server(session.says(Side::Server)).server_fin()
    }

    /// Flight after flight, until nobody has anything to say or somebody minds.
    fn shake_hands(&self, settings: &Tls) -> (Session, Option<(Side, rustls::Error)>) {
        let mut session = Session::new(self, settings);
        let mut side = Side::Client;
        let mut silent = 0;
        let mut refusal = None;
        while silent < 2 {
            let flight = session.says(side);
            if flight.is_empty() {
                silent += 1;
            } else {
                silent = 0;
                self.wait_us(600).send(side, &flight);
                if refusal.is_none() {
                    refusal = session.hears(side.peer(), &flight).err().map(|error| (side.peer(), error));
                }
            }
            side = side.peer();
        }
        self.net.world().secrets.extend(session.secrets());
        (session, refusal)
    }
}
