//! The cookies of sign-on that a browser keeps (RFC 6265 section 5.3), as far as the capture shows them being set.
//!
//! Only cookies that matter for sign-on are followed: see [`nrpcsniff_dissectors::cookie::is_sign_on`]. What a browser had before the capture began is
//! unknown, so that a cookie which is sent and was never set is no contradiction.

use super::exchange::HttpExchange;
use super::id::{BrowserId, ExchangeId};
use super::origin;
use crate::facts::Dissected;
use crate::model::{ConversationId, Stamp, Timestamp};
use nrpcsniff_dissectors::cookie::{Cookie, SetCookie, is_blank, is_token};
use nrpcsniff_dissectors::http;
use nrpcsniff_dissectors::ltpa::Token;

/// Cookies of sign-on that one browser may hold at a time; the oldest goes first.
pub(super) const LIMIT: usize = 32;

/// A cookie that some response set.
#[derive(Debug, Clone)]
pub(crate) struct JarCookie<'a> {
    /// The browser that was told to keep it.
    pub browser: BrowserId,
    /// Exchange that set it.
    pub by: ExchangeId,
    /// Conversation of that exchange.
    pub(super) conversation: ConversationId,
    /// When it was set.
    pub at: Stamp,
    /// As it was set.
    pub cookie: &'a SetCookie,
    /// Domain that it is for, without a leading dot; the host itself if `host_only`.
    pub domain: String,
    /// It was set without a domain: for this host alone.
    pub host_only: bool,
    /// Path that it is for.
    pub path: String,
    /// Browsers do not keep it, and why.
    pub refused: Option<CookieRefusal>,
    /// When it ends by its own attributes.
    pub until: Option<Timestamp>,
    /// Exchange that deleted or replaced it.
    pub ended_by: Option<ExchangeId>,
}

/// Why browsers do not keep a cookie (RFC 6265 section 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CookieRefusal {
    /// The domain is a public suffix: anybody can register a name below it.
    PublicSuffix,
    /// The domain does not cover the host that sets it.
    ForeignDomain,
}

/// Why a browser does not send a cookie to some place, or that it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CookieMatch {
    /// It is sent.
    Sent,
    /// Its domain does not cover the host.
    OtherHost,
    /// Its path does not cover the path.
    OtherPath,
    /// It is for https only, and this is http.
    NeedsHttps,
    /// It has ended.
    Expired,
}

/// The LTPA tokens that a request carries, empty ones left out.
pub(crate) fn tokens_sent(request: &http::Request) -> impl Iterator<Item = &Cookie> {
    request
        .cookies
        .iter()
        .filter(|cookie| is_token(&cookie.name, cookie.token.as_ref()) && !is_blank(cookie.value.expose()))
}

/// The LTPA tokens that a response sets; deletions, and what is no token though it is called one, left out.
pub(crate) fn tokens_set<'a>(
    response: &Dissected<'a, http::Response>,
) -> impl Iterator<Item = &'a SetCookie> + use<'a> {
    let now = response.at().time.whole_seconds();
    response.content.set_cookies.iter().filter(move |cookie| cookie.gives_token(now))
}

/// `undefined` and the like: what a script made of a value that it could not read.
fn is_junk(token: Option<&Token>) -> bool {
    token.is_some_and(|token| token.class.is_word())
}

/// Change of a jar by a Set-Cookie.
pub(super) enum JarChange<'a> {
    /// It is kept, or refused.
    Keep(JarCookie<'a>),
    /// The one of this name, domain and path is forgotten.
    Forget(JarCookie<'a>),
}

impl<'a> JarCookie<'a> {
    /// Reads a Set-Cookie of the response to `exchange`.
    pub(super) fn read(exchange: &HttpExchange<'a>, at: Stamp, cookie: &'a SetCookie) -> JarChange<'a> {
        let domain = cookie.domain.as_deref().map(origin::domain).filter(|domain| !domain.is_empty());
        let host_only =
            domain.as_deref().is_none_or(|domain| *domain == exchange.host && origin::is_public_suffix(domain));
        let path = cookie.path.as_deref().filter(|path| path.starts_with('/'));
        let stored = Self {
            browser: exchange.browser,
            by: exchange.id,
            conversation: exchange.conversation.id,
            at,
            cookie,
            refused: if host_only {
                None
            } else {
                domain.as_deref().and_then(|domain| refusal(&exchange.host, domain))
            },
            domain: domain.unwrap_or_else(|| exchange.host.clone()),
            host_only,
            path: path.unwrap_or_else(|| origin::default_path(exchange.path())).to_owned(),
            until: end(cookie, at),
            ended_by: None,
        };
        if cookie.is_gone(at.time.whole_seconds()) { JarChange::Forget(stored) } else { JarChange::Keep(stored) }
    }

    /// Same name, domain and path: the newer one takes its place.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        self.cookie.name == other.cookie.name && self.domain == other.domain && self.path == other.path
    }

    /// Would the browser send it with this request?
    pub(crate) fn matching(&self, exchange: &HttpExchange<'_>) -> CookieMatch {
        let host = if self.host_only {
            exchange.host == self.domain
        } else {
            origin::domain_match(&exchange.host, &self.domain)
        };
        match () {
            () if self.until.is_some_and(|until| until <= exchange.at().time) => CookieMatch::Expired,
            () if !host => CookieMatch::OtherHost,
            () if !origin::path_match(exchange.path(), &self.path) => CookieMatch::OtherPath,
            () if self.cookie.secure && exchange.scheme() != "https" => CookieMatch::NeedsHttps,
            () => CookieMatch::Sent,
        }
    }

    /// It is an LTPA token.
    pub(crate) fn is_token(&self) -> bool {
        is_token(&self.cookie.name, self.cookie.token.as_ref()) && !is_junk(self.cookie.token.as_ref())
    }

    /// `SameSite=None; Secure`: sent from other sites as well.
    pub(crate) fn crosses_sites(&self) -> bool {
        self.cookie.same_site.as_deref().is_some_and(|policy| policy.eq_ignore_ascii_case("none")) && self.cookie.secure
    }

    /// For people: the attributes that decide where it goes, as sent; never the value.
    pub(crate) fn attributes(&self) -> String {
        let domain = self.cookie.domain.as_ref().map_or_else(|| "no Domain".to_owned(), |d| format!("Domain={d}"));
        let mut parts = vec![domain, format!("Path={}", self.path)];
        parts.extend(self.cookie.secure.then(|| "Secure".to_owned()));
        parts.extend(self.cookie.http_only.then(|| "HttpOnly".to_owned()));
        parts.extend(self.cookie.same_site.as_ref().map(|policy| format!("SameSite={policy}")));
        parts.join("; ")
    }
}

/// May that host set a cookie for that domain?
fn refusal(host: &str, domain: &str) -> Option<CookieRefusal> {
    if !origin::domain_match(host, domain) {
        // Both hold of a trimmed domain of another site; that nobody may set it is the stronger word.
        Some(if origin::is_public_suffix(domain) { CookieRefusal::PublicSuffix } else { CookieRefusal::ForeignDomain })
    } else if origin::is_public_suffix(domain) {
        Some(CookieRefusal::PublicSuffix)
    } else {
        None
    }
}

/// Max-Age counts from the response, and more than Expires; far ends count as none.
fn end(cookie: &SetCookie, at: Stamp) -> Option<Timestamp> {
    let seconds = match (cookie.max_age, cookie.expires) {
        (Some(age), _) => at.time.whole_seconds().checked_add(age)?,
        (None, Some(expires)) => expires,
        (None, None) => return None,
    };
    seconds.checked_mul(1_000_000_000).map(|nanos| Timestamp::new(nanos, 0))
}
