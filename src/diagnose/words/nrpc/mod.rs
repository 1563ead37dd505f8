//! What rules about Notes sessions say.

pub mod name_mismatch_alias;
