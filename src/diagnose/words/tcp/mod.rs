//! What rules about TCP say.

pub mod loss;
pub mod mtu_blackhole;
pub mod zero_window;
