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
pub(super) mod overwritten;
pub(super) mod realm;
pub(super) mod samesite;
pub(super) mod secure_on_http;
pub(super) mod shortname_url;
pub(super) mod undefined_http;
pub(super) mod undefined_sip;
pub(super) mod version_mismatch;
pub(super) mod wrong_identity;

use super::{http, sip, st};
use crate::model::RuleId;

/// Rules whose findings follow from a token that is not accepted, whatever the reason.
pub(super) const EFFECTS: [RuleId; 6] = [
    st::token_refused::ID,
    st::token_expired::ID,
    sip::status_401_loop::ID,
    sip::status_403::ID,
    sip::status_5xx::ID,
    http::login_loop::ID,
];
