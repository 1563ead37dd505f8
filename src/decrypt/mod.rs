//! TLS records opened with what the user, or the capture itself, gives: key logs (NSS format), pcapng decryption secrets, and
//! private RSA keys.
//!
//! A [`Session`] is the [`Opener`](nrpcsniff_dissectors::tls::Opener) of one conversation. It is shown the handshake, derives
//! the keys, and opens record by record. Every tag and every MAC is checked: what does not fit is not opened, so that a wrong
//! key never becomes garbage in a dissector. Where records were lost, a bounded number of sequence numbers is tried.
mod derive;
mod direction;
mod keylog;
mod keys;
mod master;
mod pem;
mod protection;
mod session;
mod suite;

pub(crate) use keylog::{LogReport, MOST_LINES_NAMED, secrets_of_log};
pub use keys::Keys;
pub(crate) use keys::SecretStore;
pub(crate) use session::Session;
