//! Handshakes that come to nothing.

pub(super) mod cert_expired;
pub(super) mod cipher;
pub(super) mod client_cert;
pub(super) mod handshake_failed;
pub(super) mod hello_blackhole;
pub(super) mod name_mismatch;
pub(super) mod silent_close;
pub(super) mod sni_missing;
pub(super) mod unknown_ca;
pub(super) mod version;
