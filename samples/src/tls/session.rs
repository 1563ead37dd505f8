//! The two ends of one TLS connection.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, Connection, Error, KeyLog, ServerConfig, ServerConnection};

use super::any_name::AnyName;
use super::provider::{drawing, provider};
use super::{Tls, pki};
use crate::rng::SplitMix64;
use crate::tcp::{Side, Tcp};
use crate::text::hex;

/// Client and server of a connection, and what they draw by chance.
#[derive(Debug)]
pub(crate) struct Session {
    ends: [Connection; 2],
    rng: SplitMix64,
    log: Arc<Log>,
}

impl Session {
    /// Both ends, before anything is said, with the clocks of the two hosts.
    pub(crate) fn new(tcp: &Tcp, settings: &Tls) -> Self {
        let mut rng = SplitMix64::new(u64::from_le_bytes(tcp.net.nonce()));
        let log = Arc::new(Log::default());
        let clock = |side| Arc::new(Clock(tcp.host(side).clock()));
        let ends = drawing(&mut rng, || {
            let client = client(settings, clock(Side::Client), log.clone());
            let name = ServerName::try_from(settings.host).expect("a host name");
            let client = ClientConnection::new(Arc::new(client), name).expect("a client");
            let server = ServerConnection::new(Arc::new(server(settings, clock(Side::Server)))).expect("a server");
            [Connection::Client(client), Connection::Server(server)]
        });
        Self { ends, rng, log }
    }

    /// The records in which `side` sends these bytes. The other side has read them.
    pub(crate) fn seal(&mut self, side: Side, bytes: &[u8]) -> Vec<u8> {
        let end = &mut self.ends[side as usize];
        end.set_buffer_limit(None);
        end.writer().write_all(bytes).expect("there is no limit");
        let records = self.says(side);
        self.hears(side.peer(), &records).expect("records of the same library");
        records
    }

    /// The record in which `side` says that it sends nothing more (RFC 8446 section 6.1).
    pub(crate) fn farewell(&mut self, side: Side) -> Vec<u8> {
        self.ends[side as usize].send_close_notify();
        self.says(side)
    }

    /// All that `side` has to say.
    pub(crate) fn says(&mut self, side: Side) -> Vec<u8> {
        let end = &mut self.ends[side as usize];
        let mut out = Vec::new();
        drawing(&mut self.rng, || {
            while end.wants_write() {
                end.write_tls(&mut out).expect("memory takes all");
            }
        });
        out
    }

    /// `side` hears these bytes, and may mind.
    pub(crate) fn hears(&mut self, side: Side, mut bytes: &[u8]) -> Result<(), Error> {
        let end = &mut self.ends[side as usize];
        drawing(&mut self.rng, || {
            while !bytes.is_empty() {
                end.read_tls(&mut bytes).expect("memory gives all");
                end.process_new_packets()?;
                let mut read = Vec::new();
                let _ = end.reader().read_to_end(&mut read); // it would block once all is read
            }
            Ok(())
        })
    }

    /// What was logged so far: lines of a key log.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.log.0.lock().expect("nobody panicked").clone()
    }
}

fn client(settings: &Tls, clock: Arc<Clock>, log: Arc<Log>) -> ClientConfig {
    let suites = suites(settings, Side::Client);
    let config = ClientConfig::builder_with_details(suites.clone(), clock)
        .with_protocol_versions(settings.versions[0])
        .expect("a suite for each version");
    let config = if settings.any_name {
        config.dangerous().with_custom_certificate_verifier(AnyName::new(suites))
    } else {
        config.with_root_certificates(pki::roots())
    };
    let mut config = if settings.has_certificate {
        config.with_client_auth_cert(vec![pki::client()], pki::key()).expect("key and certificate")
    } else {
        config.with_no_client_auth()
    };
    config.resumption = Resumption::disabled();
    config.key_log = log;
    config.enable_sni = !settings.names_nobody;
    config.alpn_protocols = protocols(settings);
    config
}

fn server(settings: &Tls, clock: Arc<Clock>) -> ServerConfig {
    let suites = suites(settings, Side::Server);
    let config = ServerConfig::builder_with_details(suites.clone(), clock)
        .with_protocol_versions(settings.versions[1])
        .expect("a suite for each version");
    let config = if settings.wants_certificate {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(pki::roots()), suites);
        let verifier = if settings.may_have_none { verifier.allow_unauthenticated() } else { verifier };
        config.with_client_cert_verifier(verifier.build().expect("there is a root"))
    } else {
        config.with_no_client_auth()
    };
    let mut config = config.with_single_cert(settings.presents.chain(), pki::key()).expect("key and certificate");
    config.alpn_protocols = protocols(settings);
    config
}

fn suites(settings: &Tls, side: Side) -> Arc<CryptoProvider> {
    let large_share = settings.large_hello && side == Side::Client;
    provider(settings.suites[side as usize].iter().map(|suite| **suite).collect(), large_share)
}

fn protocols(settings: &Tls) -> Vec<Vec<u8>> {
    settings.protocols.iter().map(|name| name.as_bytes().to_vec()).collect()
}

/// A clock that stands at nanoseconds since 1970.
#[derive(Debug)]
struct Clock(u64);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_nanos(self.0)))
    }
}

/// Secrets as lines of a key log (draft-ietf-tls-keylogfile).
#[derive(Debug, Default)]
struct Log(Mutex<Vec<String>>);

impl KeyLog for Log {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!("{label} {} {}", hex(client_random), hex(secret));
        self.0.lock().expect("nobody panicked").push(line);
    }
}
