//! What rules about signing on at web servers say.

mod answer;
pub(crate) mod cors_refused;
pub(crate) mod header_too_large;
pub(crate) mod login_loop;
pub(crate) mod login_refused;
pub(crate) mod token_refused;
mod unsent;
pub(crate) mod websocket_refused;
pub(crate) mod wrong_password;

pub(crate) use answer::Answer;
pub(crate) use unsent::{Reach, Unsent};
