//! Logins by an identity provider.

pub(super) mod circle;
pub(super) mod cookie_lost;
pub(super) mod refused;
