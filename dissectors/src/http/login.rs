//! Logging in over HTTP: what a request that logs in looks like, what sends a browser to a login page, and what came of a login.

use super::message::{Request, Response};
use super::url::{Parameter, Url};
use crate::Decision;

/// Endings of names of files that belong to a page.
const ASSETS: [&str; 17] = [
    "ico", "png", "gif", "jpg", "jpeg", "svg", "webp", "css", "js", "map", "woff", "woff2", "ttf", "swf", "mp3", "wav",
    "txt",
];

/// Words in the last parts of a path that mean a login page.
const LOGIN_PATHS: [&str; 10] = [
    "login",
    "logon",
    "signin",
    "sign-in",
    "j_security_check",
    "pkmslogin",
    "ibm_security_login",
    "domcfg.nsf",
    "adfs",
    "authenticate",
];

/// Ends of paths that a login is sent to: WebSphere and other Java servers, WebSphere's own page, WebSEAL, the Sametime Proxy.
const LOGIN_CALLS: [&str; 4] = ["/j_security_check", "/ibm_security_login", "pkmslogin.form", CONNECT];

/// The Sametime Proxy's call: its answer is no page.
const CONNECT: &str = "/stwebapi/user/connect";

/// Words in the name of a page that tells of an error.
const ERRORS: [&str; 3] = ["error", "fail", "denied"];

/// Names of the secret of a login form.
const PASSWORDS: [&str; 6] = ["password", "j_password", "passwd", "pwd", "pass", "%%modpassword"];

impl Request {
    /// It sends a name and a password to be logged in: a form of Domino (`?Login`), WebSphere (`j_security_check`) or WebSEAL,
    /// the Sametime Proxy's call, or another form that has a password. Credentials in a header do not count: every request
    /// carries them.
    pub fn is_login(&self) -> bool {
        if self.method != "POST" {
            return false;
        }
        // Java servers may put their session id behind the path.
        let path = self.path.split(';').next().unwrap_or_default().to_ascii_lowercase();
        let by_path = LOGIN_CALLS.iter().any(|call| path.ends_with(call));
        let domino = || self.query.iter().any(|parameter| parameter.name.eq_ignore_ascii_case("login"));
        let secret = |p: &Parameter| PASSWORDS.iter().any(|name| p.name.eq_ignore_ascii_case(name));
        by_path || (path.contains(".nsf") && domino()) || self.form.iter().any(secret)
    }

    /// It asks for a login page itself.
    pub fn wants_login_page(&self) -> bool {
        names_login(&self.path, &self.query)
    }
}

impl Response {
    /// Where it sends the browser.
    pub fn redirect(&self) -> Option<&Url> {
        self.location.as_ref().filter(|_| matches!(self.status, 301 | 302 | 303 | 307 | 308))
    }

    /// It sends the browser to a login page.
    pub fn leads_to_login(&self) -> bool {
        self.redirect().is_some_and(|url| names_login(&url.path, &url.query))
    }

    /// It sends the browser to a page that tells of an error, by its name.
    fn leads_to_error(&self) -> bool {
        let Some(url) = self.redirect() else { return false };
        let path = url.path.to_ascii_lowercase();
        let page = path.rsplit('/').next().unwrap_or_default();
        let by_query = url.query.iter().any(|parameter| parameter.name.to_ascii_lowercase().starts_with("error"));
        by_query || ERRORS.iter().any(|word| page.contains(word))
    }

    /// What it says of that login. Domino and many others answer a wrong password with status 200 and the form again. `now` is
    /// the time by which cookies end, in seconds since 1970-01-01 UTC.
    pub fn to_login(&self, login: &Request, now: i64) -> LoginAnswer {
        let is_call = login.path.split(';').next().unwrap_or_default().to_ascii_lowercase().ends_with(CONNECT);
        let gives_session = || self.set_cookies.iter().any(|cookie| cookie.gives_session(now));
        match self.status {
            _ if self.login_form.is_form() => LoginAnswer::Refused,
            200..=299 if is_call || gives_session() => LoginAnswer::Accepted,
            300..=399 if self.leads_to_login() || self.leads_to_error() => LoginAnswer::Refused,
            300..=399 if gives_session() => LoginAnswer::Accepted,
            300..=399 if self.redirect().is_some() => LoginAnswer::SentOn,
            400.. => LoginAnswer::Refused,
            _ => LoginAnswer::Untold,
        }
    }
}

/// What an answer says of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginAnswer {
    /// The user is signed in: by a cookie, or as the call says.
    Accepted,
    /// The browser is sent on to a page that is no login page, without a cookie: what comes there tells.
    SentOn,
    /// An error, the form again, or a login page.
    Refused,
    /// Nothing that tells, or no answer at all.
    Untold,
}

impl LoginAnswer {
    const fn decision(self) -> Decision {
        match self {
            Self::Accepted => Decision::Granted,
            Self::SentOn | Self::Untold => Decision::Open,
            Self::Refused => Decision::Refused,
        }
    }

    /// In words; `None` where the status says as much.
    const fn words(self) -> Option<&'static str> {
        match self {
            Self::Accepted => Some("login accepted"),
            Self::SentOn => Some("sent on after the login"),
            Self::Refused => Some("login not accepted"),
            Self::Untold => None,
        }
    }
}

/// A file of a page by its path: image, style, script.
pub fn is_asset(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    ASSETS.iter().any(|asset| ending.eq_ignore_ascii_case(asset))
}

/// What a response is to the request that it answers, where that is about being logged in.
pub(super) enum About {
    /// A login, and what became of it.
    Login(LoginAnswer),
    /// Something else, and it leads to a login page.
    SentToLogin,
    /// Something else than a login page, and a login form comes in its place.
    ShownForm,
}

impl About {
    pub(super) const fn decision(&self) -> Decision {
        match self {
            Self::Login(answer) => answer.decision(),
            Self::SentToLogin | Self::ShownForm => Decision::Refused,
        }
    }

    /// In words; `None` where the status says as much.
    pub(super) const fn words(&self) -> Option<&'static str> {
        match self {
            Self::Login(answer) => answer.words(),
            Self::SentToLogin => Some("sent to a login page"),
            Self::ShownForm => Some("a login form"),
        }
    }
}

/// See [`About`]; `None` if neither logs in, or the request is of another protocol. Without a time of its own a response that sets
/// an end in 1970 deletes.
pub(super) fn about(request: &crate::Message, response: &Response) -> Option<About> {
    let crate::Message::Http(request) = request else { return None };
    let request = request.request()?;
    match () {
        () if request.is_login() => Some(About::Login(response.to_login(request, response.date.unwrap_or(0)))),
        () if response.leads_to_login() => Some(About::SentToLogin),
        () if response.login_form.is_form() && !request.wants_login_page() => Some(About::ShownForm),
        () => None,
    }
}

/// The last two parts of the path, or the query's first name, mean a login page.
fn names_login(path: &str, query: &[Parameter]) -> bool {
    let lower = path.to_ascii_lowercase();
    let tail = lower.rsplit('/').take(2);
    let by_path =
        tail.into_iter().any(|part| LOGIN_PATHS.iter().any(|word| part.starts_with(word) || part.ends_with(word)));
    let by_query =
        lower.contains(".nsf") && query.first().is_some_and(|first| first.name.eq_ignore_ascii_case("login"));
    // A path that ends in the call itself is the attempt, not the page; both mean that the user is not let in.
    (by_path || by_query) && !is_asset(path)
}

#[cfg(test)]
mod tests {
    use super::super::message::{Body, Message};
    use super::*;
    use crate::Semantics;
    use crate::cookie::SetCookie;
    use crate::http::LoginForm;

    fn message(body: Body) -> Message {
        Message { exchange: Some(1), body, problems: Vec::new() }
    }

    fn request(method: &str, target: &str, form: &[&str]) -> crate::Message {
        let url = Url::parse(target);
        let secret = |name: &&str| Parameter { name: (*name).to_owned(), value: crate::Secret::new("x") };
        let form = form.iter().map(secret).collect();
        let request =
            Request { method: method.to_owned(), path: url.path, query: url.query, form, ..Request::default() };
        crate::Message::Http(Box::new(message(Body::Request(Box::new(request)))))
    }

    fn response(status: u16, location: &str, set_cookie: &str) -> Message {
        let location = (!location.is_empty()).then(|| Url::parse(location));
        let set_cookies = SetCookie::parse(set_cookie).into_iter().collect();
        message(Body::Response(Box::new(Response { status, location, set_cookies, ..Response::default() })))
    }

    fn form(status: u16, set_cookie: &str) -> Message {
        let set_cookies = SetCookie::parse(set_cookie).into_iter().collect();
        let response = Response { status, set_cookies, login_form: LoginForm::Domino, ..Response::default() };
        message(Body::Response(Box::new(response)))
    }

    /// What it comes to with the request and without.
    fn judged(request: &crate::Message, response: &Message) -> (String, Decision, Decision) {
        (response.meaning(Some(request)), response.decision(Some(request)), response.decision(None))
    }

    #[test]
    fn a_status_means_another_thing_to_a_login_than_to_a_page() {
        use Decision::{Granted, Open, Refused};
        let domino = request("POST", "/names.nsf?Login", &["Username", "Password"]);
        let page = request("GET", "/mail/ann.nsf", &[]);
        let token = "LtpaToken=AAECAzQ4";
        let accepted = ("login accepted".to_owned(), Granted, Granted);
        assert_eq!(judged(&domino, &response(200, "", token)), accepted);
        assert_eq!(judged(&domino, &response(302, "/mail", token)), accepted);
        for other in ["DomAuthSessId=AB12", "sametimeJwt=\"eyJ\"", "PD-S-SESSION-ID=x", "MOD_AUTH_CAS=x"] {
            assert_eq!(judged(&domino, &response(200, "", other)), accepted, "{other}");
        }
        let sent_on = ("sent on after the login".to_owned(), Open, Granted);
        assert_eq!(judged(&domino, &response(302, "/mail", "")), sent_on);
        let untold = ("2xx".to_owned(), Open, Granted);
        assert_eq!(judged(&domino, &response(200, "", "")), untold);
        assert_eq!(judged(&domino, &response(200, "", "LtpaToken=undefined")), untold);
        let refused = ("login not accepted".to_owned(), Refused, Granted);
        assert_eq!(judged(&domino, &response(302, "/names.nsf?Login", "")), refused);
        assert_eq!(judged(&domino, &response(302, "/app/home?error=1", "")), refused);
        assert_eq!(judged(&domino, &response(302, "/app/loginFailed.html", "")), refused);
        let again = ("login not accepted".to_owned(), Refused, Open);
        assert_eq!(judged(&domino, &form(200, "")), again);
        assert_eq!(judged(&domino, &form(200, "PD-S-SESSION-ID=x")), again);
        assert_eq!(judged(&page, &response(200, "", "")), ("2xx".to_owned(), Granted, Granted));
        assert_eq!(judged(&page, &form(200, "")), ("a login form".to_owned(), Refused, Open));
        let wanted = request("GET", "/names.nsf?Login", &[]);
        assert_eq!(judged(&wanted, &form(200, "")), ("2xx".to_owned(), Open, Open), "it was asked for");
        let sent = ("sent to a login page".to_owned(), Refused, Granted);
        assert_eq!(judged(&page, &response(302, "/names.nsf?Login", "")), sent);
        assert_eq!(judged(&page, &response(403, "", "")), ("403".to_owned(), Refused, Refused));
        assert_eq!(judged(&page, &response(302, "/home", "")), ("3xx".to_owned(), Granted, Granted));
    }

    #[test]
    fn requests_that_log_in() {
        let logs_in = |method, target, form: &[&str]| match request(method, target, form) {
            crate::Message::Http(message) => message.request().is_some_and(Request::is_login),
            _ => false,
        };
        assert!(logs_in("POST", "/app/j_security_check", &[]) && logs_in("POST", "/stwebapi/user/connect", &[]));
        assert!(logs_in("POST", "/names.nsf?Login", &[]) && logs_in("POST", "/enter", &["user", "PWD"]));
        assert!(!logs_in("GET", "/names.nsf?Login", &[]) && !logs_in("POST", "/search?login", &["q"]));
    }

    #[test]
    fn pages_that_ask_to_log_in() {
        for (path, is) in [
            ("/names.nsf?Login", true),
            ("/app/login.jsp?error", true),
            ("/adfs/ls", true),
            ("/login/style.css", false),
            ("/names.nsf?OpenDatabase", false),
            ("/mail", false),
        ] {
            assert_eq!(response(302, path, "").response().is_some_and(Response::leads_to_login), is, "{path}");
        }
        assert!(!response(200, "/login", "").response().is_some_and(Response::leads_to_login));
    }
}
