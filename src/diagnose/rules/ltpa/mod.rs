//! Sign-on tokens and the cookies that carry them.

pub(super) mod clock_skew;
pub(super) mod dn_mismatch;
pub(super) mod domain_narrow;
pub(super) mod domain_wide;
pub(super) mod duplicate;
pub(super) mod expired;
pub(super) mod foreign_format;
pub(super) mod httponly_script;
pub(super) mod key_mismatch;
pub(super) mod name_not_expected;
pub(super) mod not_returned;
pub(super) mod realm;
pub(super) mod samesite;
pub(super) mod secure_on_http;
pub(super) mod shortname_url;
pub(super) mod undefined_sip;
pub(super) mod version_mismatch;
pub(super) mod wrong_identity;
