//! What rules about signing on at web servers say.

mod answer;
pub(crate) mod login_loop;
mod unsent;

pub(crate) use answer::Answer;
pub(crate) use unsent::{Reach, Unsent};
