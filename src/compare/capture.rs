//! What is compared.

use crate::diagnose::Case;
use crate::model::Finding;

/// A capture and what the rules say of it.
#[derive(Clone, Copy)]
pub struct Capture<'c, 'a> {
    /// What was read, with its indices.
    pub case: &'c Case<'a>,
    /// What is wrong with it.
    pub findings: &'c [Finding],
}
