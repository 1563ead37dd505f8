//! What rules about single sign-on say.

pub(crate) mod cookie_stripped;
pub(crate) mod name_unmapped;
pub(crate) mod not_loaded;
