//! What rules about single sign-on say.

pub mod cookie_stripped;
pub mod name_unmapped;
pub mod not_loaded;
