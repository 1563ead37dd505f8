//! Signing on at web servers.

pub(super) mod cors_refused;
pub(super) mod header_too_large;
pub(super) mod login_loop;
pub(super) mod login_refused;
pub(super) mod token_refused;
pub(super) mod websocket_refused;
pub(super) mod wrong_password;
