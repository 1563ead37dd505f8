//! What stands between a login and its token.

pub(super) mod cookie_stripped;
pub(super) mod name_unmapped;
pub(super) mod not_loaded;
