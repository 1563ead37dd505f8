//! Segments: lost, too large, not wanted.

pub(super) mod loss;
pub(super) mod mtu_blackhole;
pub(super) mod never_acknowledged;
pub(super) mod reset_together;
pub(super) mod zero_window;
