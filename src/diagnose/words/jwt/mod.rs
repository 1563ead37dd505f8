//! What rules about JSON web tokens say.

pub(crate) mod audience;
pub(crate) mod expired;
pub(crate) mod not_yet;
mod tokens;

pub(crate) use tokens::{Tokens, at};
