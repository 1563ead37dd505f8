//! What rules about the sound of meetings say.

pub(crate) mod dtls_unfinished;
pub(crate) mod relay_refused;
pub(crate) mod unanswered;
