//! What rules about sign-on tokens say.

pub mod clock_skew;
pub mod expired;
pub mod foreign_format;
pub mod key_mismatch;
mod logged;
pub mod realm;
mod verifier;
pub mod version_mismatch;

pub use logged::LoggedToken;
pub use verifier::{TokenKind, Verifier};
