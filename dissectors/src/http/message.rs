//! Requests and responses.

use crate::auth::{Challenge, Credentials};
use crate::cookie::{Cookie, SetCookie};
use crate::{Fields, Problem, Reading, Secret, problem};

/// One message of an HTTP conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Number of the exchange in its conversation, from 1: a response has that of the request it answers. `None` if the
    /// request was not captured, or cannot be told behind a gap.
    pub exchange: Option<u32>,
    /// What it says.
    pub body: Body,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A request.
    Request(Box<Request>),
    /// A response; 1xx as well.
    Response(Box<Response>),
    /// Bytes that should be a message and are none, or one too large to be read: see the problems.
    Malformed {
        /// The first line, as far as it is text.
        line: String,
    },
}

/// A request (RFC 9112 section 3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Method, as sent.
    pub method: String,
    /// Host with port if one was sent: of the absolute form, else of the Host header.
    pub host: Option<String>,
    /// Path without the query, as sent.
    pub path: String,
    /// Query.
    pub query: Vec<Parameter>,
    /// `1.1` is `(1, 1)`.
    pub version: (u8, u8),
    /// Cookies, in order, of all Cookie headers.
    pub cookies: Vec<Cookie>,
    /// Fields of a form body, or the top level of a JSON body, if it was small enough to wait for.
    pub form: Vec<Parameter>,
    /// Authorization and Proxy-Authorization.
    pub credentials: Vec<Credentials>,
    /// User-Agent.
    pub user_agent: Option<String>,
    /// Referer.
    pub referer: Option<Url>,
    /// Origin.
    pub origin: Option<String>,
    /// Sec-Fetch-Site: `same-origin`, `same-site`, `cross-site`, `none`.
    pub fetch_site: Option<String>,
    /// X-Forwarded-Proto: what the browser spoke to the proxy before this host.
    pub forwarded_proto: Option<String>,
    /// X-Forwarded-For, as sent.
    pub forwarded_for: Option<String>,
    /// Content-Type.
    pub content_type: Option<String>,
    /// Content-Length, if it is a number.
    pub content_length: Option<u64>,
    /// Upgrade.
    pub upgrade: Option<String>,
}

/// A response (RFC 9112 section 4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// `1.1` is `(1, 1)`.
    pub version: (u8, u8),
    /// Status code.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Location.
    pub location: Option<Url>,
    /// Set-Cookie headers, in order.
    pub set_cookies: Vec<SetCookie>,
    /// WWW-Authenticate and Proxy-Authenticate.
    pub challenges: Vec<Challenge>,
    /// Date header in seconds since 1970-01-01 UTC.
    pub date: Option<i64>,
    /// Server.
    pub server: Option<String>,
    /// Via: a proxy on the way.
    pub via: Option<String>,
    /// Content-Type.
    pub content_type: Option<String>,
    /// Content-Length, if it is a number.
    pub content_length: Option<u64>,
    /// Upgrade.
    pub upgrade: Option<String>,
}

/// A name and a value of a query or form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Name, decoded.
    pub name: String,
    /// Value, decoded.
    pub value: Secret,
}

/// A URL whose query is out of sight. `Display` writes it with values masked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Url {
    /// `http`, `https`; empty in a relative one.
    pub scheme: String,
    /// Host with port if one was written; empty in a relative one.
    pub host: String,
    /// Path without the query.
    pub path: String,
    /// Query.
    pub query: Vec<Parameter>,
}

impl Message {
    pub(crate) fn kind(&self) -> &'static str {
        match self.body {
            Body::Request(_) => "http.request",
            Body::Response(_) => "http.response",
            Body::Malformed { .. } => "http.malformed",
        }
    }

    pub(crate) fn is_notable(&self) -> bool {
        false
    }

    pub(crate) fn summary(&self) -> String {
        String::new()
    }

    pub(crate) fn fields(&self, reading: &Reading<'_>) -> Fields {
        let _ = reading;
        vec![("problems", problem::values(&self.problems))]
    }
}

impl Request {
    /// The user that a login names: of a form, a query or credentials.
    pub fn user(&self) -> Option<&str> {
        None
    }
}

impl std::fmt::Display for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)
    }
}
