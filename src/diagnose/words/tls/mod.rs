//! What rules about TLS say.

pub mod cert_expired;
pub mod cipher;
pub mod client_cert;
mod handshakes;
pub mod hello_blackhole;
pub mod name_mismatch;
pub mod silent_close;
pub mod unknown_ca;
pub mod version;

pub use handshakes::{CertificateNames, CipherSuites, Handshakes, SentAlert, given_up};
