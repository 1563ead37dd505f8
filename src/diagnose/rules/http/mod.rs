//! Signing on at web servers.

pub(super) mod login_loop;
pub(super) mod login_refused;
pub(super) mod token_refused;
