//! Connections that came about, that did not, and who only looks for open ports.

pub(crate) mod attempts;
pub(crate) mod probes;
pub(crate) mod refusals;
pub(crate) mod scans;
