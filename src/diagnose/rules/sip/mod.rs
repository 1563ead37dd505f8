//! Registrations and calls.

pub(super) mod ack_lost;
pub(super) mod answer_lost;
pub(super) mod call_failed;
pub(super) mod contact_tls;
pub(super) mod contact_unreachable;
pub(super) mod credentials_malformed;
pub(super) mod flow_lost;
pub(super) mod lapsed;
pub(super) mod media_blocked;
pub(super) mod nat_contact;
pub(super) mod nonce_refused;
pub(super) mod register_failed;
pub(super) mod stale_nonce;
pub(super) mod status_401_loop;
pub(super) mod status_403;
pub(super) mod status_404;
pub(super) mod status_407;
pub(super) mod status_408;
pub(super) mod status_423;
pub(super) mod status_482;
pub(super) mod status_483;
pub(super) mod status_5xx;
pub(super) mod transport_mismatch;
pub(super) mod wrong_realm;
