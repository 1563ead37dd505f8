//! Signing on at web servers.

pub(super) mod login_loop;
