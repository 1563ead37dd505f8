//! What is said of names and connections of machines that have to do with signing on.

pub(crate) mod connect_failed;
pub(crate) mod name_not_found;
