//! Requests and responses.

use crate::auth::{Challenge, Credentials};
use crate::cookie::{Cookie, SetCookie};
use crate::{Problem, Secret};

use super::cors::{Cors, Preflight};
use super::login_form::LoginForm;
use super::url::{Parameter, Url};

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

impl Message {
    /// The request that it is.
    pub fn request(&self) -> Option<&Request> {
        match &self.body {
            Body::Request(request) => Some(request),
            _ => None,
        }
    }

    /// The response that it is.
    pub fn response(&self) -> Option<&Response> {
        match &self.body {
            Body::Response(response) => Some(response),
            _ => None,
        }
    }
}

/// A request (RFC 9112 section 3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// Method, as sent.
    pub method: String,
    /// Target, as sent.
    pub target: Secret,
    /// Host with port if one was sent: of the absolute form, else of the Host header.
    pub host: Option<String>,
    /// Path without the query, as sent, but for the values of parameters (`;jsessionid=…`), which are masked.
    pub path: String,
    /// Query.
    pub query: Vec<Parameter>,
    /// `1.1` is `(1, 1)`; `(0, 0)` where the request was cut before it.
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
    /// Sec-WebSocket-Key: a WebSocket is wanted, whatever became of Upgrade on the way.
    pub websocket_key: Option<String>,
    /// It asks whether a script from another origin may send a request.
    pub preflight: Option<Box<Preflight>>,
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
    /// What it says of scripts from other origins.
    pub cors: Option<Box<Cors>>,
    /// Whether the page that it brings asks for a login, as far as its first 4 KB say.
    pub login_form: LoginForm,
}

/// Fields that name the user of a login, the surest first.
const USER_NAMES: [&str; 5] = ["username", "j_username", "user", "login", "uid"];

impl Request {
    /// The value of a field of the form, else of the query; case does not count.
    pub fn parameter(&self, name: &str) -> Option<&Secret> {
        let mut all = self.form.iter().chain(&self.query);
        all.find(|parameter| parameter.name.eq_ignore_ascii_case(name)).map(|parameter| &parameter.value)
    }

    /// The user that a login names: of a form, a query or credentials.
    pub fn user(&self) -> Option<&str> {
        let named = |name| self.parameter(name).map(Secret::expose).filter(|user| !user.is_empty());
        let claimed = || self.credentials.iter().find_map(|credentials| credentials.user.as_deref());
        USER_NAMES.into_iter().find_map(named).or_else(claimed)
    }
}
