//! The capture itself: what cannot be judged from it.

pub(crate) mod ambiguous;
pub(super) mod clock_back;
pub(super) mod drops;
pub(super) mod duplicates;
pub(super) mod encrypted;
pub(super) mod midstream;
pub(super) mod offload;
pub(super) mod oneway;
pub(crate) mod others;
mod properties;
pub(super) mod truncated;
pub(crate) mod wrong_place;

pub(crate) use properties::properties;
