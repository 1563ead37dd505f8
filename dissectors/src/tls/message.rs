//! What a TLS conversation says about itself: handshake messages and alerts.

use super::alert::Alert;
use super::certificate::{Certificate, Chain};
use super::hello::{ClientHello, ServerHello, version_name};
use super::protect::Why;
use super::suites;
use crate::{Fields, Presentation, Problem, Protocol, Reading, Value, problem, text};

/// Types of handshake messages (IANA registry "TLS HandshakeType").
pub mod handshake {
    /// The server would like to negotiate again.
    pub const HELLO_REQUEST: u8 = 0;
    /// What the client offers.
    pub const CLIENT_HELLO: u8 = 1;
    /// What the server chose.
    pub const SERVER_HELLO: u8 = 2;
    /// A ticket to resume the session with.
    pub const NEW_SESSION_TICKET: u8 = 4;
    /// The client's early data end here (TLS 1.3).
    pub const END_OF_EARLY_DATA: u8 = 5;
    /// What the server adds under protection (TLS 1.3).
    pub const ENCRYPTED_EXTENSIONS: u8 = 8;
    /// A chain of certificates.
    pub const CERTIFICATE: u8 = 11;
    /// The server's share of the key exchange.
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    /// The server wants a certificate of the client.
    pub const CERTIFICATE_REQUEST: u8 = 13;
    /// The server has said all.
    pub const SERVER_HELLO_DONE: u8 = 14;
    /// Proof of the certificate's key.
    pub const CERTIFICATE_VERIFY: u8 = 15;
    /// The client's share of the key exchange.
    pub const CLIENT_KEY_EXCHANGE: u8 = 16;
    /// The handshake is what both saw.
    pub const FINISHED: u8 = 20;
    /// Other keys from here on (TLS 1.3).
    pub const KEY_UPDATE: u8 = 24;
}

/// A handshake message or an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What it says.
    pub body: Body,
    /// It travelled under protection, and was opened.
    pub opened: bool,
    /// It is not in the capture to its end.
    pub incomplete: bool,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// On a hello: why what followed could not be read, known once the conversation is over.
    pub why_opaque: Option<Why>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// What the client offers.
    ClientHello(Box<ClientHello>),
    /// What the server chose, or its wish for another ClientHello.
    ServerHello(Box<ServerHello>),
    /// A chain of certificates; an empty one if a client has none.
    Certificate(Box<Chain>),
    /// The server wants a certificate of the client.
    CertificateRequest {
        /// Issuers that it accepts, 32 at most; none if any.
        authorities: Vec<String>,
    },
    /// What the server adds under protection (TLS 1.3).
    EncryptedExtensions {
        /// Protocol that is spoken inside.
        alpn: Option<String>,
    },
    /// A ticket to resume the session with.
    Ticket {
        /// For how many seconds it is good.
        lifetime: u32,
    },
    /// Another handshake message.
    Handshake {
        /// Its type.
        kind: u8,
        /// Bytes of its body.
        length: usize,
    },
    /// An alert.
    Alert(Alert),
    /// An alert that cannot be read. In TLS 1.3 it is told by its length alone.
    SealedAlert {
        /// Only its length says that it is one.
        inferred: bool,
    },
    /// Bytes that should be records and are not: see the problems.
    Malformed,
}

impl From<Body> for Message {
    fn from(body: Body) -> Self {
        Self { body, opened: false, incomplete: false, problems: Vec::new(), why_opaque: None }
    }
}

impl Presentation for Message {
    fn protocol(&self) -> &'static Protocol {
        &super::PROTOCOL
    }

    fn kind(&self) -> &'static str {
        match &self.body {
            Body::ClientHello(_) => "tls.client_hello",
            Body::ServerHello(hello) if hello.retry => "tls.hello_retry_request",
            Body::ServerHello(_) => "tls.server_hello",
            Body::Certificate(_) => "tls.certificate",
            Body::CertificateRequest { .. } => "tls.certificate_request",
            Body::EncryptedExtensions { .. } => "tls.encrypted_extensions",
            Body::Ticket { .. } => "tls.session_ticket",
            Body::Handshake { kind, .. } => handshake_name(*kind).1,
            Body::Alert(_) | Body::SealedAlert { .. } => "tls.alert",
            Body::Malformed => "tls.malformed",
        }
    }

    fn summary(&self) -> String {
        let mut text = match &self.body {
            Body::ClientHello(hello) => client_hello(hello),
            Body::ServerHello(hello) => {
                let what = if hello.retry { "HelloRetryRequest" } else { "ServerHello" };
                format!("{what}, {}, {}", version_name(hello.version), suites::shown(hello.suite))
            }
            Body::Certificate(chain) => certificate(chain),
            Body::CertificateRequest { .. } => "CertificateRequest: the server wants a certificate".to_owned(),
            Body::EncryptedExtensions { alpn: Some(alpn) } => format!("EncryptedExtensions, inside speaks {alpn}"),
            Body::EncryptedExtensions { alpn: None } => "EncryptedExtensions".to_owned(),
            Body::Ticket { lifetime } => format!("NewSessionTicket, good for {lifetime} s"),
            Body::Handshake { kind, .. } => match handshake_name(*kind) {
                (name, _) if !name.is_empty() => name.to_owned(),
                _ => format!("handshake message of type {kind}"),
            },
            Body::Alert(alert) => {
                format!("{} alert {}", if alert.is_fatal() { "fatal" } else { "warning" }, alert.shown())
            }
            // TLS 1.3 encrypts the type of a record as well: only its length betrays an alert.
            Body::SealedAlert { inferred: true } => "probably an alert (by its length), encrypted".to_owned(),
            Body::SealedAlert { inferred: false } => "an alert, encrypted".to_owned(),
            Body::Malformed => "not a TLS record".to_owned(),
        };
        if self.incomplete {
            text.push_str(" (cut)");
        }
        text
    }

    fn plainly(&self) -> Option<String> {
        Some(match &self.body {
            Body::ClientHello(hello) => {
                let host = hello.sni.as_ref().map(|sni| format!(" for {sni}")).unwrap_or_default();
                format!("TLS: hello{host}, up to {}", version_name(hello.highest()))
            }
            Body::ServerHello(hello) if hello.retry => return None,
            Body::ServerHello(hello) => format!("{} agreed", version_name(hello.version)),
            Body::Certificate(chain) => match chain.own() {
                None => "TLS: shows no certificate".to_owned(),
                Some(own) if own.readable => format!("TLS: shows the certificate of {}", own.subject),
                Some(_) => "TLS: shows a certificate that cannot be read".to_owned(),
            },
            Body::CertificateRequest { .. } => "TLS: wants a certificate".to_owned(),
            Body::Alert(alert) if alert.is_fatal() => format!("TLS: gives up, {}", alert.shown()),
            Body::SealedAlert { inferred: false } => "TLS: an alert, encrypted".to_owned(),
            Body::Malformed => "not a TLS record".to_owned(),
            Body::EncryptedExtensions { .. }
            | Body::Ticket { .. }
            | Body::Handshake { .. }
            | Body::Alert(_)
            | Body::SealedAlert { inferred: true } => return None,
        })
    }

    fn fields(&self, _: &Reading<'_>) -> Fields {
        let mut fields = match &self.body {
            Body::ClientHello(hello) => client_hello_fields(hello),
            Body::ServerHello(hello) => vec![
                ("versions", vec![version_name(hello.version).into()].into()),
                ("cipher", suites::shown(hello.suite).into()),
                ("alpn", hello.alpn.clone().into()),
                ("pre_shared_key", hello.pre_shared_key.into()),
            ],
            Body::Certificate(chain) => certificate_fields(chain),
            Body::CertificateRequest { authorities } => vec![("authorities", texts(authorities))],
            Body::EncryptedExtensions { alpn } => vec![("alpn", alpn.clone().into())],
            Body::Ticket { lifetime } => vec![("lifetime_s", (*lifetime).into())],
            Body::Handshake { kind, length } => {
                vec![("handshake_type", Value::Int(i64::from(*kind))), ("body_length", (*length).into())]
            }
            Body::Alert(alert) => vec![
                ("alert", alert.name().into()),
                ("code", Value::Int(i64::from(alert.code))),
                ("fatal", alert.is_fatal().into()),
            ],
            Body::SealedAlert { inferred } => vec![("alert", Value::Null), ("inferred", (*inferred).into())],
            Body::Malformed => Vec::new(),
        };
        // The hellos decide what can be opened later, so it stands with them why it cannot.
        if matches!(self.body, Body::ClientHello(_) | Body::ServerHello(_)) {
            fields.push(("why_opaque", self.why_opaque.map(Why::name).into()));
        }
        fields.push(("opened", self.opened.into()));
        if self.incomplete {
            fields.push(("incomplete", true.into()));
        }
        if !self.problems.is_empty() {
            fields.push(("problems", problem::values(&self.problems)));
        }
        fields
    }
}

fn client_hello(hello: &ClientHello) -> String {
    let host = hello.sni.as_ref().map(|sni| format!(" for {sni}")).unwrap_or_default();
    let form = if hello.is_old_form { ", in the form of SSL 2.0" } else { "" };
    format!("ClientHello{host}, up to {}{form}", version_name(hello.highest()))
}

fn client_hello_fields(hello: &ClientHello) -> Fields {
    vec![
        ("sni", hello.sni.clone().into()),
        ("versions", hello.offered().into_iter().map(|v| version_name(v).into()).collect::<Vec<_>>().into()),
        ("ciphers", hello.real_suites().map(|suite| suites::shown(suite).into()).collect::<Vec<_>>().into()),
        ("alpn", texts(&hello.alpn)),
        ("random", text::hex(&hello.random).into()),
        ("resumes", (hello.pre_shared_key || hello.ticket.as_ref().is_some_and(|ticket| !ticket.is_empty())).into()),
        ("early_data", hello.early_data.into()),
        ("encrypted_hello", hello.encrypted_hello.into()),
    ]
}

fn certificate(chain: &Chain) -> String {
    match chain.own() {
        None => "Certificate, none".to_owned(),
        Some(own) if !own.readable => format!("Certificate that cannot be read, {} bytes", own.length),
        Some(own) => format!("Certificate of {}, issued by {}, until {}", own.subject, own.issuer, own.ends()),
    }
}

fn certificate_fields(chain: &Chain) -> Fields {
    let own = chain.own().filter(|own| own.readable);
    let text = |take: fn(&Certificate) -> String| Value::from(own.map(take));
    vec![
        ("subject", text(|own| own.subject.clone())),
        ("names", texts(own.map_or(&[], |own| &own.names))),
        ("issuer", text(|own| own.issuer.clone())),
        ("not_before", text(Certificate::begins)),
        ("not_after", text(Certificate::ends)),
        ("self_issued", own.map(|own| own.self_issued).into()),
        ("fingerprint", chain.own().map(|own| own.fingerprint.clone()).into()),
        ("chain_length", chain.count.into()),
        ("chain", chain.certificates.iter().skip(1).map(|one| one.subject.as_str().into()).collect::<Vec<_>>().into()),
    ]
}

fn texts(texts: &[String]) -> Value {
    texts.iter().map(|text| text.as_str().into()).collect::<Vec<_>>().into()
}

/// Name of a handshake message in the RFCs, and as a report types it.
const fn handshake_name(kind: u8) -> (&'static str, &'static str) {
    match kind {
        handshake::HELLO_REQUEST => ("HelloRequest", "tls.hello_request"),
        handshake::END_OF_EARLY_DATA => ("EndOfEarlyData", "tls.end_of_early_data"),
        handshake::SERVER_KEY_EXCHANGE => ("ServerKeyExchange", "tls.server_key_exchange"),
        handshake::SERVER_HELLO_DONE => ("ServerHelloDone", "tls.server_hello_done"),
        handshake::CERTIFICATE_VERIFY => ("CertificateVerify", "tls.certificate_verify"),
        handshake::CLIENT_KEY_EXCHANGE => ("ClientKeyExchange", "tls.client_key_exchange"),
        handshake::FINISHED => ("Finished", "tls.finished"),
        22 => ("CertificateStatus", "tls.certificate_status"),
        handshake::KEY_UPDATE => ("KeyUpdate", "tls.key_update"),
        25 => ("CompressedCertificate", "tls.compressed_certificate"),
        _ => ("", "tls.handshake"),
    }
}

/// Is that the type of a handshake message that somebody sends?
pub(super) const fn is_handshake(kind: u8) -> bool {
    matches!(kind, 0..=6 | 8 | 11..=16 | 20..=25 | 67)
}
