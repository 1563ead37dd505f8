//! What is said of a proxy that takes the token out of a message.

use crate::diagnose::words::http::Answer;
use crate::diagnose::words::{Words, shown};
use crate::model::Endpoint;
use serde::Serialize;

/// A proxy handed an answer on without the token that it set.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LostInAnswer {
    /// The proxy.
    #[serde(serialize_with = "shown")]
    pub proxy: Endpoint,
    /// The server behind it.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Name of the cookie.
    pub cookie: String,
    /// The browser that asked.
    pub browser: String,
    /// Its request: method and address without the query.
    pub answered_request: String,
    /// The first request that was turned away for want of the token.
    pub request: String,
}

impl Words for LostInAnswer {
    fn title(&self) -> String {
        format!("The proxy {} does not hand on {} to browsers", self.proxy, self.cookie)
    }

    fn explanation(&self) -> String {
        let Self { proxy, server, cookie, browser, answered_request, request } = self;
        format!(
            "The answer of {server} to {answered_request} sets {cookie}; the proxy {proxy} handed the answer on to {browser} \
             without it. The first request that should have carried it, {request}, was turned away."
        )
    }
}

/// A proxy handed a request on without the token that it carried.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LostInRequest {
    /// The proxy.
    #[serde(serialize_with = "shown")]
    pub proxy: Endpoint,
    /// The server behind it.
    #[serde(serialize_with = "shown")]
    pub server: Endpoint,
    /// Name of the cookie.
    pub cookie: String,
    /// The browser that asked.
    pub browser: String,
    /// Its request: method and address without the query.
    pub request: String,
    /// Answer of the server.
    #[serde(flatten)]
    pub answer: Answer,
}

impl Words for LostInRequest {
    fn title(&self) -> String {
        format!("The proxy {} does not hand on {} to {}", self.proxy, self.cookie, self.server)
    }

    fn explanation(&self) -> String {
        let Self { proxy, server, cookie, browser, request, answer } = self;
        format!(
            "{browser} sent {cookie} with {request}; the proxy {proxy} handed the request on to {server} without it, which turned \
             it away ({answer})."
        )
    }
}
