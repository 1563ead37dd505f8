//! What is said of names and connections of machines that have to do with signing on.

pub(crate) mod name_not_found;
