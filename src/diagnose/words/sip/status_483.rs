//! What is said of SIP requests that were handed on too often.

use super::RefusedRequests;
use crate::diagnose::words::Words;
use serde::Serialize;

/// More proxies handed a request on than it allows.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HandedOnTooOften {
    /// The requests that were refused.
    #[serde(flatten)]
    pub refused: RefusedRequests,
    /// Max-Forwards of the requests that were seen.
    #[serde(flatten)]
    pub hops: Option<HopsLeft>,
}

/// How far Max-Forwards came down in the capture.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct HopsLeft {
    /// The highest.
    pub max_forwards: u32,
    /// The lowest.
    pub max_forwards_least: u32,
}

impl HopsLeft {
    /// A sentence with a blank in front.
    fn told(self) -> String {
        let Self { max_forwards: most, max_forwards_least: least } = self;
        if least < most {
            format!(" In the capture Max-Forwards comes down from {most} to {least}.")
        } else {
            format!(" The request came with Max-Forwards {most}; on which way that was used up is not in the capture.")
        }
    }
}

impl Words for HandedOnTooOften {
    fn title(&self) -> String {
        format!("{} is handed on too often", self.refused.requests)
    }

    fn explanation(&self) -> String {
        let Self { refused, hops } = self;
        format!(
            "{} got 483 from {}: more proxies handed the request on than it allows, which happens where they send it in a \
             circle.{}{}",
            refused.requests,
            refused.server,
            hops.map_or_else(String::new, HopsLeft::told),
            refused.aftermath(),
        )
    }
}

/// The sender itself allows few.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FewHops {
    /// The requests that were refused.
    #[serde(flatten)]
    pub refused: RefusedRequests,
    /// Max-Forwards with which the first request began.
    pub max_forwards: u32,
}

impl Words for FewHops {
    fn title(&self) -> String {
        format!("{} allows {} hops only", self.refused.requests, self.max_forwards)
    }

    fn explanation(&self) -> String {
        format!(
            "{} began with Max-Forwards {} and got 483. A path test does so on purpose; a telephone should begin with 70.",
            self.refused.requests, self.max_forwards,
        )
    }
}
