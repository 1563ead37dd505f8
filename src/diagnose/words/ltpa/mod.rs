//! What rules about sign-on tokens say.

pub(crate) mod clock_skew;
pub(crate) mod dn_mismatch;
pub(crate) mod domain_narrow;
pub(crate) mod domain_wide;
pub(crate) mod duplicate;
pub(crate) mod expired;
pub(crate) mod foreign_format;
pub(crate) mod httponly_script;
pub(crate) mod key_mismatch;
mod logged;
mod name_difference;
pub(crate) mod name_not_expected;
pub(crate) mod not_returned;
pub(crate) mod overwritten;
pub(crate) mod realm;
pub(crate) mod samesite;
pub(crate) mod secure_on_http;
pub(crate) mod shortname_url;
pub(crate) mod undefined_http;
pub(crate) mod undefined_sip;
mod verifier;
pub(crate) mod version_mismatch;
pub(crate) mod wrong_identity;

pub(crate) use logged::LoggedToken;
pub(crate) use name_difference::NameDifference;
pub(crate) use verifier::{TokenKind, Verifier};
