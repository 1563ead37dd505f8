//! What rules about directories say.

pub(crate) mod bind_refused;
pub(crate) mod login_bind_refused;
pub(crate) mod nobody_found;
pub(crate) mod search_refused;
mod sign_on;
pub(crate) mod starttls_refused;

pub(crate) use sign_on::SignOn;
