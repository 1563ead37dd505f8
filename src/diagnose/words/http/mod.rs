//! What rules about signing on at web servers say.

mod unsent;

pub use unsent::{Reach, Unsent};
