//! What rules about assertions of SAML say.

pub(crate) mod audience;
pub(crate) mod time;
