//! What rules about TLS say.

pub(crate) mod cert_expired;
pub(crate) mod cipher;
pub(crate) mod client_cert;
pub(crate) mod handshake_failed;
mod handshakes;
pub(crate) mod hello_blackhole;
pub(crate) mod name_mismatch;
pub(crate) mod silent_close;
pub(crate) mod sni_missing;
pub(crate) mod unknown_ca;
pub(crate) mod version;

pub(crate) use handshakes::{CertificateNames, CipherSuites, Handshakes, SentAlert, given_up};
