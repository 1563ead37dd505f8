//! What rules about SIP say.

pub(crate) mod ack_lost;
pub(crate) mod answer_lost;
pub(crate) mod call_failed;
pub(crate) mod contact_tls;
pub(crate) mod contact_unreachable;
pub(crate) mod credentials_malformed;
pub(crate) mod flow_lost;
pub(crate) mod lapsed;
pub(crate) mod media_blocked;
pub(crate) mod nat_contact;
pub(crate) mod nonce_refused;
pub(crate) mod register_failed;
mod requests;
pub(crate) mod stale_nonce;
pub(crate) mod status_401_loop;
pub(crate) mod status_403;
pub(crate) mod status_404;
pub(crate) mod status_407;
pub(crate) mod status_408;
pub(crate) mod status_423;
pub(crate) mod status_482;
pub(crate) mod status_483;
pub(crate) mod status_5xx;
pub(crate) mod transport_mismatch;
pub(crate) mod wrong_realm;

pub(crate) use requests::{ClientEndpoint, FailedCalls, RefusedRequests, Requests, called, preposition};
