//! What is compared.

use crate::diagnose::Case;
use crate::model::{Finding, Verdict};

/// A capture and what the rules say of it.
#[derive(Clone, Copy)]
pub(crate) struct Capture<'c, 'a> {
    /// The capture as rules see it, with its indices.
    pub case: &'c Case<'a>,
    /// Findings of the capture, in order.
    pub findings: &'c [Finding],
    /// What all of it comes to.
    pub verdict: &'c Verdict,
}
