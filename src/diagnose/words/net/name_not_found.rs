//! What is said of names of sign-on hosts that DNS has no address for.

use crate::diagnose::words::{Failure, Words};
use serde::Serialize;

/// DNS has no address for a host that others sign on at.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NamesNotFound {
    /// The questions: their clients, the resolver, and what came of them.
    #[serde(flatten)]
    pub failure: Failure,
}

impl NamesNotFound {
    fn name(&self) -> &str {
        self.failure.asked.as_deref().unwrap_or("a host of the sign-on")
    }
}

impl Words for NamesNotFound {
    fn title(&self) -> String {
        format!("DNS has no address for {}: {}", self.name(), self.failure.outcome)
    }

    fn explanation(&self) -> String {
        format!(
            "{} to find {} at the resolver {}: {}.{} The capture shows that people sign on at a host of that name; whoever \
             does not find it does not get there.",
            self.failure.attempts(),
            self.name(),
            self.failure.server,
            self.failure.outcome,
            self.failure.aftermath(),
        )
    }
}
