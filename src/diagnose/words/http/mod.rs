//! What rules about signing on at web servers say.

mod answer;
pub mod login_loop;
mod unsent;

pub use answer::Answer;
pub use unsent::{Reach, Unsent};
