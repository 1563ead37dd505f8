//! JSON web tokens.

pub(super) mod audience;
pub(super) mod expired;
pub(super) mod not_yet;
