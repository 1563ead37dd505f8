//! Assertions of SAML.

pub(super) mod audience;
pub(super) mod time;
