//! One request and its response: who asked whom for what, by which name, and what came of it.

use super::id::{BrowserId, ExchangeId};
use super::origin;
use super::pages::PageAnswer;
use crate::facts::Dissected;
use crate::model::{Conversation, FrameRef, Side, Stamp};
use hashbrown::HashMap;
use nrpcsniff_dissectors::{Message as Body, http};
use std::cell::OnceCell;
use std::net::IpAddr;

/// A request with its response; one of them may be missing.
#[derive(Debug, Clone)]
pub(crate) struct HttpExchange<'a> {
    /// Its place in [`super::HttpIndex::exchanges`].
    pub id: ExchangeId,
    /// Conversation that carried it.
    pub conversation: &'a Conversation,
    /// The request, if it was captured.
    pub request: Option<Dissected<'a, http::Request>>,
    /// The final response, if one was captured.
    pub response: Option<Dissected<'a, http::Response>>,
    /// The browser that asked: see [`super::HttpIndex::browser`].
    pub browser: BrowserId,
    /// Host that was asked for: of the Host header without port, lower case; the server's address if none was sent.
    pub host: String,
    /// Cookies of sign-on that the browser had when it asked, whether they belong here or not: indices into
    /// [`super::HttpIndex::jar_cookies`].
    pub(super) had: Vec<usize>,
    /// See [`HttpExchange::page_answer`]: many ask.
    pub(super) answer: OnceCell<PageAnswer>,
}

impl<T> Dissected<'_, T> {
    /// Nothing is wrong with it: what is not in it was not sent.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(&self.message.body, Body::Http(message) if message.problems.is_empty())
    }
}

impl<'a> HttpExchange<'a> {
    /// Address of the client.
    pub(crate) fn client(&self) -> IpAddr {
        self.conversation.client.ip
    }

    /// The frame that completed the request, else the response.
    pub(crate) fn at(&self) -> Stamp {
        let request = self.request.map(|part| part.at());
        request.or_else(|| self.response.map(|part| part.at())).unwrap_or(self.conversation.first)
    }

    /// Frames that carried it.
    pub(crate) fn frames(&self) -> impl Iterator<Item = FrameRef> {
        [self.request.map(|part| part.at().frame), self.response.map(|part| part.at().frame)].into_iter().flatten()
    }

    /// Method; empty if the request is missing.
    pub(crate) fn method(&self) -> &'a str {
        self.request.map_or("", |request| request.content.method.as_str())
    }

    /// Path without query; empty if the request is missing.
    pub(crate) fn path(&self) -> &'a str {
        self.request.map_or("", |request| request.content.path.as_str())
    }

    /// Status of the response; 0 if it is missing.
    pub(crate) fn status(&self) -> u16 {
        self.response.map_or(0, |response| response.status)
    }

    /// User-Agent.
    pub(crate) fn user_agent(&self) -> Option<&'a str> {
        self.request.and_then(|request| request.content.user_agent.as_deref())
    }

    /// What the browser spoke, as far as it can be told: it is https over TLS, and if a proxy, the Origin or the Referer says so, though
    /// this leg may be in clear.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_https() { "https" } else { "http" }
    }

    fn is_https(&self) -> bool {
        let Some(request) = self.request else { return false };
        if let Some(proto) = request.forwarded_proto.as_deref() {
            return proto.trim().to_ascii_lowercase().starts_with("https");
        }
        let by_origin = request.origin.as_deref().and_then(origin::origin_of);
        let by_referer = request.referer.as_ref().map(|url| (url.scheme.as_str(), http::host_of(&url.host)));
        let here = |(scheme, host): (&str, String)| scheme.eq_ignore_ascii_case("https") && host == self.host;
        let secure = self.conversation.over_tls || self.conversation.server.port == 443;
        secure || by_origin.is_some_and(here) || by_referer.is_some_and(here)
    }

    /// For people: `http://host/path`, without the query.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.host, self.path())
    }

    /// For people: `GET http://host/path`.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method(), self.url())
    }

    /// Guard: a proxy handed it on, so that name and scheme of the browser may differ from what is seen here.
    pub(crate) fn is_forwarded(&self) -> bool {
        self.request.is_some_and(|request| request.forwarded_for.is_some() || request.forwarded_proto.is_some())
    }

    /// Guard G1: the response was read whole, and nothing of its conversation is missing: what is not there was not sent.
    pub(crate) fn is_well_captured(&self) -> bool {
        let c = self.conversation;
        let read = u64::try_from(c.messages.len()).unwrap_or(u64::MAX);
        let seen = c.messages_seen.client.saturating_add(c.messages_seen.server);
        let whole =
            self.request.is_some_and(|part| part.is_whole()) && self.response.is_some_and(|part| part.is_whole());
        whole && read >= seen && c.tcp.cut_frames == 0 && c.quality.gaps == 0 && c.given_up.is_none()
    }
}

/// Pairs requests and responses of one conversation by the number of their exchange, in order where there is none. A
/// response without a number answers the oldest open request, as HTTP/1.1 keeps their order.
pub(super) fn pair(conversation: &Conversation) -> Vec<HttpExchange<'_>> {
    let mut found: Vec<HttpExchange<'_>> = Vec::new();
    let mut numbered: HashMap<u32, usize> = HashMap::new();
    let mut open = std::collections::VecDeque::new();
    for message in &conversation.messages {
        let Body::Http(body) = &message.body else { continue };
        match &body.body {
            http::Body::Request(http) if message.from == Side::Client => {
                match body.exchange {
                    Some(number) => drop(numbered.insert(number, found.len())),
                    None => open.push_back(found.len()),
                }
                found.push(HttpExchange::asked(conversation, Dissected::new(message, http.as_ref())));
            }
            http::Body::Response(http) if message.from == Side::Server && is_final(http) => {
                let part = Dissected::new(message, http.as_ref());
                let place = match body.exchange {
                    Some(number) => numbered.remove(&number),
                    None => open.pop_front(),
                };
                match place.and_then(|at| found.get_mut(at)) {
                    Some(exchange) => exchange.response = Some(part),
                    None => found.push(HttpExchange::answered(conversation, part)),
                }
            }
            _ => {}
        }
    }
    found
}

/// Not one of the 1xx that come before another response.
fn is_final(response: &http::Response) -> bool {
    response.status >= 200 || response.status == 101
}

impl<'a> HttpExchange<'a> {
    fn new(conversation: &'a Conversation, host: String) -> Self {
        Self {
            id: ExchangeId::default(),
            conversation,
            request: None,
            response: None,
            browser: BrowserId::default(),
            host,
            had: Vec::new(),
            answer: OnceCell::new(),
        }
    }

    fn asked(conversation: &'a Conversation, request: Dissected<'a, http::Request>) -> Self {
        let host = request.host.as_deref().map(http::host_of).filter(|host| !host.is_empty());
        let host = host.unwrap_or_else(|| conversation.server.ip.to_string());
        Self { request: Some(request), ..Self::new(conversation, host) }
    }

    fn answered(conversation: &'a Conversation, response: Dissected<'a, http::Response>) -> Self {
        Self { response: Some(response), ..Self::new(conversation, conversation.server.ip.to_string()) }
    }
}
