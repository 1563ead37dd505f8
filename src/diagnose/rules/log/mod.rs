//! Rules about what single lines of logs tell by themselves: the catalogue of lines says which, and of what cause.

pub(super) mod access_denied;
pub(super) mod account_refused;
pub(super) mod not_reached;
pub(super) mod sign_on_refused;
pub(super) mod tls_refused;
