//! What a request is for and what a response means: logins and their outcome, login pages, denials, files of a page,
//! products.
//!
//! Bodies are not looked at: a page that asks for a name and a password with status 200 is told by its path alone, or not at
//! all.

use super::exchange::HttpExchange;
use super::origin;
use nrpcsniff_dissectors::cookie::is_token;
use nrpcsniff_dissectors::{Decision, http};

/// The end of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpLoginOutcome {
    /// The server took it.
    Accepted,
    /// The server did not: 4xx, 5xx, or the form again.
    Refused,
    /// No response was seen.
    Unknown,
}

/// Products that take part in LTPA sign-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Product {
    /// Sametime Proxy: web client, its API, audio and video.
    SametimeProxy,
    /// Sametime Meeting server.
    Meeting,
    /// Domino's HTTP task.
    Domino,
    /// WebSphere Application Server.
    WebSphere,
}

impl Product {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SametimeProxy => "Sametime Proxy",
            Self::Meeting => "Sametime Meeting server",
            Self::Domino => "Domino server",
            Self::WebSphere => "WebSphere server",
        }
    }
}

impl<'a> HttpExchange<'a> {
    /// It is a page or a call that a user's sign-on matters for: no file of a page, no preflight (which never carries
    /// cookies), no probe.
    pub fn is_visit(&self) -> bool {
        let path = self.path().to_ascii_lowercase();
        matches!(self.method(), "GET" | "POST" | "PUT" | "DELETE")
            && !http::is_asset(&path)
            && !path.contains(".well-known/")
    }

    /// It sends a name and a password to be logged in: see [`http::Request::is_login`].
    pub fn is_login(&self) -> bool {
        self.request.is_some_and(|request| request.is_login())
    }

    /// It is logged in without a form: a login page that sends the browser on at once.
    pub fn is_automatic_login(&self) -> bool {
        self.is_login_page() && !self.is_login() && self.redirect().is_some() && !self.leads_to_login()
    }

    /// What became of that login: see [`http::Response::to_login`].
    pub fn login_outcome(&self) -> HttpLoginOutcome {
        let (Some(request), Some(response)) = (self.request, self.response) else { return HttpLoginOutcome::Unknown };
        match response.to_login(request.content, response.at().time.whole_seconds()) {
            Decision::Granted => HttpLoginOutcome::Accepted,
            Decision::Refused | Decision::Open => HttpLoginOutcome::Refused,
        }
    }

    /// A login that the server took.
    pub fn is_accepted_login(&self) -> bool {
        self.is_login() && self.login_outcome() == HttpLoginOutcome::Accepted
    }

    /// The user leaves.
    pub fn is_logout(&self) -> bool {
        let Some(request) = self.request else { return false };
        let path = request.path.to_ascii_lowercase();
        let asked = request.query.iter().any(|parameter| parameter.name.eq_ignore_ascii_case("logout"));
        asked
            || path.contains("logout")
            || path.contains("logoff")
            || (path.ends_with("/stwebapi/user/connect") && request.method == "DELETE")
    }

    /// It asks for a login page itself.
    pub fn is_login_page(&self) -> bool {
        self.request.is_some_and(|request| request.wants_login_page())
    }

    /// The response sends the browser to a login page.
    pub fn leads_to_login(&self) -> bool {
        self.response.is_some_and(|response| response.leads_to_login())
    }

    /// Where the response sends the browser.
    pub fn redirect(&self) -> Option<&'a http::Url> {
        self.response.and_then(|response| response.content.redirect())
    }

    /// Host and path that the response sends the browser to; the host is this one if the location does not name one.
    pub fn target(&self) -> Option<(String, &'a str)> {
        let url = self.redirect()?;
        let host = if url.host.is_empty() { self.host.clone() } else { http::host_of(&url.host) };
        Some((host, url.path.as_str()))
    }

    /// The user is not let in: sent to a login page, or 401. A 401 that asks for Kerberos or NTLM is a step on the way, and
    /// no denial.
    pub fn is_denied(&self) -> bool {
        let Some(response) = self.response else { return false };
        let automatic = response
            .challenges
            .iter()
            .any(|c| ["negotiate", "ntlm"].iter().any(|scheme| c.scheme.eq_ignore_ascii_case(scheme)));
        self.is_visit()
            && !self.is_login()
            && !self.is_login_page()
            && !self.is_logout()
            && ((response.status == 401 && !automatic) || self.leads_to_login())
    }

    /// The user is let in: content, or not modified.
    pub fn is_granted(&self) -> bool {
        self.is_visit() && !self.is_login_page() && matches!(self.status(), 200..=299 | 304)
    }

    /// An LTPA token goes either way.
    pub fn shows_token(&self) -> bool {
        let sent = self.request.is_some_and(|r| r.cookies.iter().any(|c| is_token(&c.name, c.token.as_ref())));
        sent || self.response.is_some_and(|r| r.set_cookies.iter().any(|c| is_token(&c.name, c.token.as_ref())))
    }

    /// The product that was asked, where path, Server header or cookies tell it.
    pub fn product(&self) -> Option<Product> {
        let path = self.path().to_ascii_lowercase();
        let under = |roots: &[&str]| roots.iter().any(|root| origin::path_match(&path, root));
        let server = self.response.and_then(|response| response.content.server.as_deref());
        let server = server.unwrap_or_default().to_ascii_lowercase();
        match () {
            () if under(&["/stwebapi", "/stwebclient", "/stwebav"]) => Some(Product::SametimeProxy),
            () if under(&["/stmeetings", "/stconf", "/stcenter.nsf"]) => Some(Product::Meeting),
            () if path.contains(".nsf") || server.contains("domino") => Some(Product::Domino),
            () if server.contains("websphere") || self.has_websphere_cookie() => Some(Product::WebSphere),
            () => None,
        }
    }

    /// WASReqURL, or a JSESSIONID as WebSphere makes it: cache id `0000`, a clone id behind a colon. (Java's form login,
    /// `j_security_check`, is no sign: other servers have it too.)
    fn has_websphere_cookie(&self) -> bool {
        let sent = self.request.into_iter().flat_map(|request| &request.content.cookies).map(|c| (&c.name, &c.value));
        let given =
            self.response.into_iter().flat_map(|response| &response.content.set_cookies).map(|c| (&c.name, &c.value));
        sent.chain(given).any(|(name, value)| {
            let value = value.expose();
            name == "WASReqURL" || (name == "JSESSIONID" && value.starts_with("0000") && value.contains(':'))
        })
    }
}
