//! What rules about Sametime say.

pub mod auth_server_nrpc;
pub mod idle_drop;
pub mod lb_probe;
pub mod plain_vs_tls;
pub mod port_blocked;
pub mod untrusted_peer;
