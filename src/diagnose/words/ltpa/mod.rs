//! What rules about sign-on tokens say.

pub mod clock_skew;
pub mod dn_mismatch;
pub mod domain_narrow;
pub mod domain_wide;
pub mod duplicate;
pub mod expired;
pub mod foreign_format;
pub mod httponly_script;
pub mod key_mismatch;
mod logged;
mod name_difference;
pub mod name_not_expected;
pub mod not_returned;
pub mod realm;
pub mod samesite;
pub mod secure_on_http;
pub mod shortname_url;
pub mod undefined_sip;
mod verifier;
pub mod version_mismatch;
pub mod wrong_identity;

pub use logged::LoggedToken;
pub use name_difference::NameDifference;
pub use verifier::{TokenKind, Verifier};
