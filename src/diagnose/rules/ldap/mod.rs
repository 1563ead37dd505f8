//! Directories.

pub(super) mod bind_refused;
