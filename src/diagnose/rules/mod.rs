//! The rule catalogue: one rule, one file. A new rule is a file here and a line in [`RULES`].

mod nrpc_accept_then_close;
mod nrpc_auth_rejected;
mod nrpc_clock_skew;
mod nrpc_cluster_failover;
mod nrpc_early_close;
mod nrpc_hello_unanswered;
mod nrpc_id_expired;
mod nrpc_name_mismatch_alias;
mod nrpc_name_mismatch_other_server;
mod nrpc_not_nrpc;
mod nrpc_port_encryption_mandate;
mod nrpc_port_map;
mod nrpc_refused_status;
mod nrpc_server_renamed;
mod nrpc_sprayer_inconsistent;

use super::Rule;

/// Every rule, in the order in which `nrpcsniff rules` lists them.
pub static RULES: &[&dyn Rule] = &[
    &nrpc_name_mismatch_alias::NameMismatchAlias,
    &nrpc_name_mismatch_other_server::NameMismatchOtherServer,
    &nrpc_server_renamed::ServerRenamed,
    &nrpc_sprayer_inconsistent::SprayerInconsistent,
    &nrpc_port_map::PortMap,
    &nrpc_hello_unanswered::HelloUnanswered,
    &nrpc_accept_then_close::AcceptThenClose,
    &nrpc_refused_status::RefusedStatus,
    &nrpc_auth_rejected::AuthRejected,
    &nrpc_id_expired::IdExpired,
    &nrpc_clock_skew::ClockSkew,
    &nrpc_port_encryption_mandate::PortEncryptionMandate,
    &nrpc_cluster_failover::ClusterFailover,
    &nrpc_not_nrpc::NotNrpc,
    &nrpc_early_close::EarlyClose,
];

/// The rule of that id.
pub fn rule(id: &str) -> Option<&'static dyn Rule> {
    RULES.iter().copied().find(|rule| rule.about().id == id)
}
