//! Directories.

pub(super) mod bind_refused;
pub(super) mod login_bind_refused;
pub(super) mod nobody_found;
pub(super) mod search_refused;
pub(super) mod starttls_refused;
