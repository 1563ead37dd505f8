//! What rules about Sametime say.

pub mod auth_server_nrpc;
pub mod bad_password;
pub mod directory_down;
pub mod early_close;
pub mod elsewhere;
pub mod idle_drop;
pub mod lb_probe;
pub mod missing_token_relogin;
pub mod plain_vs_tls;
pub mod port_blocked;
pub mod redirect_fail;
pub mod server_full;
mod session;
pub mod token_expired;
pub mod token_ip;
pub mod token_refused;
pub mod two_servers;
pub mod untrusted_peer;
pub mod user_restricted;
pub mod version_or_encryption;

pub use session::{Aftermath, EndedSession, Person, Proof, ProofKind, Reason, TurnedAway};
