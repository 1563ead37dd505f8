//! Rules about what single lines of logs tell by themselves: the catalogue of lines says which, and of what cause.

pub(super) mod access_denied;
pub(super) mod account_refused;
#[cfg(test)]
mod catalogue_tests;
pub(super) mod not_reached;
mod remedies;
pub(super) mod sign_on_refused;
pub(super) mod tls_refused;

use crate::diagnose::evidence::told::told;
use crate::diagnose::{About, Case, Rule, Testimony};
use crate::model::LoggedCause;

/// A rule that makes findings of lines with these causes; what to do is said by the cause.
pub(crate) struct ByCause {
    about: &'static About,
    causes: &'static [LoggedCause],
}

impl Rule for ByCause {
    fn about(&self) -> &'static About {
        self.about
    }

    fn testimonies(&self, case: &Case<'_>) -> Vec<Testimony> {
        told(case, self.about, self.causes, remedies::of)
    }
}
