//! What rules about Notes sessions say.

pub mod accept_then_close;
pub mod auth_rejected;
pub mod clock_skew;
pub mod cluster_failover;
pub mod early_close;
pub mod hello_unanswered;
pub mod id_expired;
pub mod name_mismatch_alias;
pub mod name_mismatch_other_server;
pub mod not_nrpc;
pub mod port_encryption_mandate;
pub mod port_map;
pub mod refused_status;
pub mod server_renamed;
pub mod sprayer_inconsistent;

use crate::model::Endpoint;

/// A server as people call it: by the name that it gave, else by its address and port.
fn called(name: Option<&str>, server: Endpoint) -> String {
    name.map_or_else(|| server.to_string(), str::to_owned)
}
