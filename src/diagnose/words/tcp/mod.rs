//! What rules about TCP say.

pub(crate) mod loss;
pub(crate) mod mtu_blackhole;
pub(crate) mod never_acknowledged;
pub(crate) mod reset_together;
pub(crate) mod zero_window;
