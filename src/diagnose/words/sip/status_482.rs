//! What is said of SIP requests that run in a circle.

use super::RefusedRequests;
use crate::diagnose::words::Words;
use serde::Serialize;

/// A request came back to a proxy that had seen it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Circle {
    /// The requests that were refused.
    #[serde(flatten)]
    pub refused: RefusedRequests,
    /// The proxy that it passed, if its Via headers show that.
    #[serde(flatten)]
    pub passed: Option<Passed>,
}

/// A proxy that stands in the Via headers of one request too often.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Passed {
    /// Its name or address there.
    pub host: String,
    /// How often it stands there.
    pub rounds: usize,
}

impl Words for Circle {
    fn title(&self) -> String {
        format!("{} runs in a circle", self.refused.requests)
    }

    fn explanation(&self) -> String {
        let Self { refused, passed } = self;
        let passed = passed
            .as_ref()
            .map_or_else(String::new, |Passed { host, rounds }| format!(" It passed {host} {rounds} times."));
        format!(
            "{} got \"{}\" from {}: the request came back to a proxy that had seen it already.{passed}{}",
            refused.requests,
            refused.answer(),
            refused.server,
            refused.aftermath(),
        )
    }
}
