//! What is said of two different tokens of one name in a request.

use crate::diagnose::words::{Browsers, Words, count};
use serde::Serialize;

/// Requests carry two cookies of one name with different tokens.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TwoTokens {
    /// Host that gets them.
    pub host: String,
    /// Name of the cookies.
    pub cookie: String,
    /// Tokens in the cookies of the first request: class, user, fingerprint.
    pub tokens: [String; 2],
    /// The browsers that sent them.
    #[serde(flatten)]
    pub browsers: Browsers,
    /// Number of such requests.
    pub count: usize,
    /// Requests that were turned away.
    pub failed_count: usize,
    /// The first of those: method and address without the query.
    pub request: Option<String>,
}

impl Words for TwoTokens {
    fn title(&self) -> String {
        format!("{} gets two different {} in one request", self.host, self.cookie)
    }

    fn explanation(&self) -> String {
        let Self { host, cookie, tokens: [one, two], browsers, .. } = self;
        let (requests, outcome) = (count(self.count, "request"), self.outcome());
        format!(
            "{browsers} sent {host} two cookies {cookie} with different tokens in {requests}: a {one}, and a {two}. The server \
             looks at one of them. {outcome}."
        )
    }
}

impl TwoTokens {
    fn outcome(&self) -> String {
        let were = if self.failed_count == 1 { "was" } else { "were" };
        match &self.request {
            Some(request) => {
                format!("{} of these requests {were} turned away, first {request}", self.failed_count)
            }
            None => "None of these requests was turned away so far".to_owned(),
        }
    }
}
