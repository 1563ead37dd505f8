//! What the conversations of a capture and the lines of its logs come to: who tried what, and what became of it.
//!
//! One folder a subject. Rules ask the [`Case`], which lends all of it; what is found out here is found out once, in the same
//! way for every rule. Nothing here knows a rule, a finding or how something is said.

mod attempts;
mod case;
mod dissected;
pub mod dns;
pub mod grouping;
pub mod http;
pub mod logs;
pub mod names;
pub mod network;
pub mod nrpc;
pub mod peers;
pub mod sametime;
mod settings;
pub mod sip;
pub mod statistics;
pub mod tls;
pub mod tokens;

pub use case::Case;
pub use dissected::Dissected;
pub use dns::Lookup;
pub use nrpc::Talk;
pub use peers::SignOnPeers;
pub use settings::{ExpectedServer, Settings, Thresholds};
