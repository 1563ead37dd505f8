//! What rules about Windows sign-on say.

pub(crate) mod ntlm;
pub(crate) mod ticket_refused;
