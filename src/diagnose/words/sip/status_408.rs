//! What is said of SIP requests that nobody answers in time.

use super::requests::aftermath;
use super::{RefusedRequests, Requests};
use crate::diagnose::words::{Words, shown, span, times};
use crate::model::Endpoint;
use serde::Serialize;
use std::net::IpAddr;

/// A proxy says that the next server did not answer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct HandedOn {
    /// The requests that were not answered.
    #[serde(flatten)]
    pub refused: RefusedRequests,
}

impl Words for HandedOn {
    fn title(&self) -> String {
        format!("What {} hands on gets no answer: {}", self.refused.server, self.refused.answer())
    }

    fn explanation(&self) -> String {
        let Self { refused } = self;
        format!(
            "{} answered {} {}: something behind it did not answer in time.{}",
            refused.server,
            refused.requests,
            refused.how_often(),
            refused.aftermath(),
        )
    }
}

/// No final response came at all.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoAnswer {
    /// The server that was asked.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// The requests: their method, whom they are for, and by whom.
    #[serde(flatten)]
    pub requests: Requests,
    /// Number of requests.
    pub count: usize,
    /// The fate of the first of them.
    #[serde(flatten)]
    pub fate: RequestFate,
    /// Seconds within which an answer should have come; nothing, if it was known at once that none would.
    pub waited_s: Option<f64>,
    /// Every client got what it had asked for later.
    pub recovered: bool,
}

/// The fate of a request without an answer.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum RequestFate {
    /// The client repeated it until its timer ran out.
    Repeated {
        /// Number of repetitions.
        repetitions: usize,
    },
    /// TCP delivered it.
    Delivered,
    /// It did not arrive.
    Rejected {
        /// Sender of the ICMP error that says so.
        rejected_by: IpAddr,
        /// Meaning of what it says.
        meaning: Option<&'static str>,
    },
}

impl Words for NoAnswer {
    fn title(&self) -> String {
        format!("{} does not answer {}", self.server, self.requests)
    }

    fn explanation(&self) -> String {
        let fate = match self.fate {
            RequestFate::Repeated { repetitions } => format!("repeated it {} in vain", times(repetitions)),
            RequestFate::Delivered => "delivered it, and nothing came back".to_owned(),
            RequestFate::Rejected { rejected_by, meaning } => {
                let meaning = meaning.map_or_else(String::new, |meaning| format!(" ({meaning})"));
                format!("was told at once by {rejected_by} by ICMP that it was not delivered{meaning}")
            }
        };
        let waited = self
            .waited_s
            .map_or_else(String::new, |time| format!("; the time of {} for an answer was over", span(time)));
        let crowd = self.requests.crowd(self.count).map_or_else(String::new, |crowd| format!(" ({crowd} in all)"));
        format!(
            "{} got no answer from {}: the client {fate}{waited}{crowd}.{}",
            self.requests,
            self.server,
            aftermath(self.recovered),
        )
    }
}
