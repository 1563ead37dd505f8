//! What `--version` says: which program this is, of which source, for which machine, and what it can do.

/// Version, commit, target, features and libpcap, as the build script found them.
pub(super) const BUILD: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit:   ",
    env!("NRPCSNIFF_BUILD_COMMIT"),
    "\ntarget:   ",
    env!("NRPCSNIFF_BUILD_TARGET"),
    "\nfeatures: ",
    env!("NRPCSNIFF_BUILD_FEATURES"),
    "\nlibpcap:  ",
    env!("NRPCSNIFF_BUILD_LIBPCAP"),
);
