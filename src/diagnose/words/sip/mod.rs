//! What rules about SIP say.

pub mod ack_lost;
pub mod flow_lost;
pub mod media_blocked;
pub mod nat_contact;
mod requests;
pub mod stale_nonce;
pub mod status_401_loop;
pub mod status_403;
pub mod status_404;
pub mod status_407;
pub mod status_408;
pub mod status_423;
pub mod status_482;
pub mod status_483;
pub mod status_5xx;
pub mod transport_mismatch;
pub mod wrong_realm;

pub use requests::{ClientEndpoint, FailedCalls, RefusedRequests, Requests, called, preposition};
