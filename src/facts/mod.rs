//! What the conversations of a capture and the lines of its logs come to: who tried what, and what became of it.
//!
//! One folder a subject. Rules ask the [`Case`], which lends all of it; what is found out here is found out once, in the same
//! way for every rule. Nothing here knows a rule, a finding or how something is said.

pub(crate) mod attempts;
mod case;
mod clock;
mod dissected;
pub(crate) mod dns;
pub(crate) mod grouping;
pub(crate) mod http;
pub(crate) mod ldap;
pub(crate) mod logs;
pub(crate) mod media;
pub(crate) mod names;
pub(crate) mod network;
pub(crate) mod nrpc;
pub(crate) mod peers;
pub(crate) mod sametime;
mod settings;
pub(crate) mod sip;
pub(crate) mod statistics;
pub(crate) mod tls;
pub(crate) mod tokens;

pub(crate) use case::Case;
pub(crate) use dissected::Dissected;
pub(crate) use dns::Lookup;
pub(crate) use nrpc::Talk;
pub(crate) use peers::SignOnPeers;
pub use settings::{ExpectedServer, Settings, Thresholds};
