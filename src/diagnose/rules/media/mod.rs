//! The sound of meetings: relays, ways and DTLS.

pub(super) mod dtls_unfinished;
pub(super) mod relay_refused;
pub(super) mod unanswered;
