//! What rules about directories say.

pub(crate) mod bind_refused;
