//! Names and connections of machines that have to do with signing on, whatever they are for.

pub(super) mod connect_failed;
pub(super) mod name_not_found;
