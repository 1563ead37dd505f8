//! What a request is for and what a response means: logins and their outcome, login pages, denials, files of a page,
//! products.
//!
//! What a request for a page came to is said in one place, [`HttpExchange::page_answer`].

use super::exchange::HttpExchange;
use super::origin;
use nrpcsniff_dissectors::auth::{Ticket, is_ticket_scheme};
use nrpcsniff_dissectors::cookie::is_token;
use nrpcsniff_dissectors::http::{self, LoginAnswer, LoginForm};

/// What a request for a page came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageAnswer {
    /// The page came, or had not changed.
    Granted,
    /// A page came that was not read: it may be a login form. See [`LoginForm::NotRead`].
    Unread,
    /// The user is not let in.
    Denied(Denial),
    /// A round of Negotiate or NTLM that is to be followed by another.
    Step,
    /// The browser is sent to a place that is no login page by its name: to another page, or to an identity provider.
    Elsewhere,
    /// It says nothing of the user: no answer, an error, or no request for a page.
    Untold,
}

/// How a user is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    /// 401: who asks is not known.
    Unauthorized,
    /// 403: who asks is known, or not to be known, and may not.
    Forbidden,
    /// Sent to a login page.
    LoginPage,
    /// Shown a login form in place of the page.
    LoginForm,
}

/// Products that take part in LTPA sign-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Product {
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
    pub(crate) const fn name(self) -> &'static str {
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
    pub(crate) fn is_visit(&self) -> bool {
        matches!(self.method(), "GET" | "POST" | "PUT" | "DELETE")
            && !http::is_asset(self.path())
            && !self.path().split('/').any(|part| part.eq_ignore_ascii_case(".well-known"))
    }

    /// It sends a name and a password to be logged in: see [`http::Request::is_login`].
    pub(crate) fn is_login(&self) -> bool {
        self.request.is_some_and(|request| request.is_login())
    }

    /// It is logged in without a form: a login page that sends the browser on at once.
    pub(crate) fn is_automatic_login(&self) -> bool {
        self.is_login_page() && !self.is_login() && self.redirect().is_some() && !self.leads_to_login()
    }

    /// What the answer says of that login: see [`http::Response::to_login`].
    pub(crate) fn login_answer(&self) -> LoginAnswer {
        let (Some(request), Some(response)) = (self.request, self.response) else { return LoginAnswer::Untold };
        response.to_login(request.content, response.at().time.whole_seconds())
    }

    /// A login that the server took, as far as its answer says: no error, no form again, no login page.
    pub(crate) fn is_accepted_login(&self) -> bool {
        self.is_login() && matches!(self.login_answer(), LoginAnswer::Accepted | LoginAnswer::SentOn)
    }

    /// The user leaves.
    pub(crate) fn is_logout(&self) -> bool {
        let Some(request) = self.request else { return false };
        let path = request.path.to_ascii_lowercase();
        let asked = request.query.iter().any(|parameter| parameter.name.eq_ignore_ascii_case("logout"));
        asked
            || path.contains("logout")
            || path.contains("logoff")
            || (path.ends_with("/stwebapi/user/connect") && request.method == "DELETE")
    }

    /// It asks for a login page itself.
    pub(crate) fn is_login_page(&self) -> bool {
        self.request.is_some_and(|request| request.wants_login_page())
    }

    /// The response sends the browser to a login page.
    pub(crate) fn leads_to_login(&self) -> bool {
        self.response.is_some_and(|response| response.leads_to_login())
    }

    /// Where the response sends the browser.
    pub(crate) fn redirect(&self) -> Option<&'a http::Url> {
        self.response.and_then(|response| response.content.redirect())
    }

    /// Host and path that the response sends the browser to; the host is this one if the location does not name one.
    pub(crate) fn target(&self) -> Option<(String, &'a str)> {
        let url = self.redirect()?;
        let host = if url.host.is_empty() { self.host.clone() } else { http::host_of(&url.host) };
        Some((host, url.path.as_str()))
    }

    /// It asks for a page or makes a call, and neither logs in or out nor asks for the login page.
    pub(crate) fn wants_page(&self) -> bool {
        self.is_visit() && !self.is_login() && !self.is_login_page() && !self.is_logout()
    }

    /// What a request for a page came to.
    pub(crate) fn page_answer(&self) -> PageAnswer {
        *self.answer.get_or_init(|| self.judge_answer())
    }

    fn judge_answer(&self) -> PageAnswer {
        let Some(response) = self.response.filter(|_| self.wants_page()) else { return PageAnswer::Untold };
        match response.status {
            _ if self.leads_to_login() => PageAnswer::Denied(Denial::LoginPage),
            401 if self.is_step() => PageAnswer::Step,
            401 => PageAnswer::Denied(Denial::Unauthorized),
            403 => PageAnswer::Denied(Denial::Forbidden),
            _ if response.login_form.is_form() => PageAnswer::Denied(Denial::LoginForm),
            200..=299 if response.login_form == LoginForm::NotRead => PageAnswer::Unread,
            // What is spoken from then on is what was asked for (RFC 9110 section 15.2.2).
            101 | 200..=299 | 304 => PageAnswer::Granted,
            _ if self.redirect().is_some() => PageAnswer::Elsewhere,
            _ => PageAnswer::Untold,
        }
    }

    /// The 401 is a round on the way: it asks for a ticket where none was shown, or carries the server's part of the talk
    /// (RFC 4559 section 4.1), or a new nonce of Digest. A ticket that is answered by the bare demand was refused.
    fn is_step(&self) -> bool {
        let (Some(request), Some(response)) = (self.request, self.response) else { return false };
        let mut asked = response.challenges.iter().filter(|c| is_ticket_scheme(&c.scheme)).peekable();
        let shown = request.credentials.iter().any(|c| !c.proxy && is_ticket_scheme(&c.scheme));
        // The credentials were right, and the nonce has grown old (RFC 7616 section 3.3): the client repeats them with the new one.
        let stale = response.challenges.iter().any(|challenge| challenge.stale);
        stale
            || asked.peek().is_some()
                && (!shown || asked.any(|c| c.ticket.is_some_and(|ticket| ticket != Ticket::Reject)))
    }

    /// The user is not let in: 401, a login page, or a login form. A 401 on the way of Kerberos or NTLM is no denial, and 403
    /// does not ask who it is.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self.page_answer(), PageAnswer::Denied(denial) if denial != Denial::Forbidden)
    }

    /// The user is let in: content, or not modified. A page that was not read counts: the status is all that there is.
    pub(crate) fn is_granted(&self) -> bool {
        matches!(self.page_answer(), PageAnswer::Granted | PageAnswer::Unread)
    }

    /// An LTPA token goes either way.
    pub(crate) fn shows_token(&self) -> bool {
        let sent = self.request.is_some_and(|r| r.cookies.iter().any(|c| is_token(&c.name, c.token.as_ref())));
        sent || self.response.is_some_and(|r| r.set_cookies.iter().any(|c| is_token(&c.name, c.token.as_ref())))
    }

    /// The product that was asked, where path, Server header or cookies tell it.
    pub(crate) fn product(&self) -> Option<Product> {
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
