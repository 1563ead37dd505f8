//! What rules about Sametime say.

pub(crate) mod auth_server_nrpc;
pub(crate) mod bad_password;
pub(crate) mod directory_down;
pub(crate) mod early_close;
pub(crate) mod elsewhere;
pub(crate) mod idle_drop;
pub(crate) mod lb_probe;
pub(crate) mod login_failed;
pub(crate) mod missing_token_relogin;
pub(crate) mod plain_vs_tls;
pub(crate) mod port_blocked;
pub(crate) mod redirect_fail;
pub(crate) mod server_full;
mod session;
pub(crate) mod token_expired;
pub(crate) mod token_ip;
pub(crate) mod token_refused;
pub(crate) mod two_servers;
pub(crate) mod untrusted_peer;
pub(crate) mod user_restricted;
pub(crate) mod version_or_encryption;

pub(crate) use session::{Aftermath, EndedSession, Person, Proof, ProofKind, Reason, TurnedAway};
