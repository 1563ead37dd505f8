//! HTTP/1.1 requests and responses, and a browser with a cookie jar that sends and receives them.
//!
//! A single message is built and sent over any [`Tcp`] handle:
//!
//! ```
//! use nrpcsniff_samples::{Network, http, ltpa};
//!
//! let net = Network::new();
//! let (client, server) = (net.host("10.1.0.50"), net.host("10.1.0.9").linux());
//! let token = ltpa::domino("CN=Ann Smith/O=ACME", net.now(), net.now() + 120 * ltpa::MINUTE);
//! let tcp = net.connect(&client, &server, 80);
//! tcp.client(http::get("/stwebapi/user").host("chat.example.com").cookie("LtpaToken", &token));
//! tcp.server(http::response(302).location("/login").set_cookie(http::cookie("WASReqURL", "/stwebapi/user").path("/")));
//! ```
//!
//! A [`Browser`] keeps cookies as RFC 6265 tells it to, and its [`Visit`]s add what a browser and a server add by
//! themselves (`Host`, `User-Agent`, `Cookie`; `Date` by the server's clock, `Set-Cookie` into the jar):
//!
//! ```
//! # use nrpcsniff_samples::{Network, http};
//! # let net = Network::new();
//! let browser = http::Browser::new(&net.host("10.1.0.50"));
//! let portal = browser.open(&net.host("10.1.0.9"), 80, "portal.example.com");
//! portal.ask(http::post("/j_security_check").form(&[("j_username", "asmith"), ("j_password", "secret")]));
//! portal.reply(http::response(302).location("/home").set_cookie(http::cookie("LtpaToken2", "…").domain(".example.com")));
//! portal.ask(http::get("/home")).reply(http::response(200).html("<h1>Home</h1>")); // with the cookie
//! portal.tcp().client_fin();
//! ```

use std::cell::RefCell;
use std::rc::Rc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::net::Host;
use crate::tcp::{Side, Tcp};
use crate::text::Text;
use crate::time::http_date;
use crate::tls::Tls;

/// A request or a response. Each setting returns the message, so that settings chain; send it with
/// [`Tcp::client`] or [`Tcp::server`].
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before a connection sends it"]
pub struct Message(Text);

/// `GET path`.
pub fn get(path: &str) -> Message {
    request("GET", path)
}

/// `POST path`, with no body until [`Message::form`] or another gives one.
pub fn post(path: &str) -> Message {
    request("POST", path).header("Content-Length", "0")
}

/// A request of any method.
pub fn request(method: &str, path: &str) -> Message {
    Message(Text::new(format!("{method} {path} HTTP/1.1")))
}

/// A response with this status and no body until another setting gives one.
pub fn response(status: u16) -> Message {
    let message = Message(Text::new(format!("HTTP/1.1 {status} {}", reason(status))));
    if status < 200 || status == 204 || status == 304 { message } else { message.header("Content-Length", "0") }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl From<Message> for Vec<u8> {
    fn from(message: Message) -> Self {
        message.0.bytes().to_vec()
    }
}

impl Message {
    fn with(self, change: impl FnOnce(&mut Text)) -> Self {
        Self(self.0.with(change))
    }

    /// One more header line.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|text| text.add(name, value))
    }

    /// This header line instead of the one of its name.
    pub fn set(self, name: &str, value: &str) -> Self {
        self.with(|text| text.set(name, value))
    }

    /// No header line of this name.
    pub fn without(self, name: &str) -> Self {
        self.with(|text| text.remove(name))
    }

    /// `Host`.
    pub fn host(self, host: &str) -> Self {
        self.set("Host", host)
    }

    /// `User-Agent`.
    pub fn agent(self, agent: &str) -> Self {
        self.set("User-Agent", agent)
    }

    /// One more cookie in the `Cookie` line.
    pub fn cookie(self, name: &str, value: &str) -> Self {
        let line = match self.0.get("Cookie") {
            Some(before) => format!("{before}; {name}={value}"),
            None => format!("{name}={value}"),
        };
        self.set("Cookie", &line)
    }

    /// `Authorization: Basic`.
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
        self.set("Authorization", &format!("Basic {credentials}"))
    }

    /// A body as a form sends it, percent-encoded.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
        self.body("application/x-www-form-urlencoded", pairs.join("&"))
    }

    /// A JSON body.
    pub fn json(self, text: &str) -> Self {
        self.body("application/json", text)
    }

    /// A page.
    pub fn html(self, text: &str) -> Self {
        self.body("text/html; charset=UTF-8", text)
    }

    /// A body of any type, with its length.
    pub fn body(self, kind: &str, body: impl AsRef<[u8]>) -> Self {
        self.with(|text| text.carry(kind, body.as_ref()))
    }

    /// The body in chunks of at most `size` bytes instead of with a length (RFC 9112 section 7.1).
    pub fn chunked(self, size: usize) -> Self {
        self.with(|text| {
            let mut body = Vec::new();
            for chunk in text.body.chunks(size) {
                body.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
                body.extend(chunk);
                body.extend(b"\r\n");
            }
            body.extend(b"0\r\n\r\n");
            text.body = body;
            text.remove("Content-Length");
            text.set("Transfer-Encoding", "chunked");
        })
    }

    /// `Location`.
    pub fn location(self, to: &str) -> Self {
        self.set("Location", to)
    }

    /// One more `Set-Cookie` line: see [`cookie`].
    pub fn set_cookie(self, cookie: Cookie) -> Self {
        self.with(|text| text.add("Set-Cookie", cookie.0))
    }

    /// `Date`, of nanoseconds since 1970.
    pub fn date(self, at: u64) -> Self {
        self.set("Date", &http_date(at))
    }

    /// `WWW-Authenticate: Basic`.
    pub fn challenge(self, realm: &str) -> Self {
        self.set("WWW-Authenticate", &format!("Basic realm=\"{realm}\""))
    }
}

fn percent(text: &str) -> String {
    let encoded = |byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => char::from(byte).to_string(),
        b' ' => "+".to_owned(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encoded).collect::<Vec<_>>().concat()
}

/// A `Set-Cookie` value, for [`Message::set_cookie`].
#[derive(Debug, Clone)]
#[must_use = "nothing is set before a response sets it"]
pub struct Cookie(String);

/// A cookie to set: no attribute yet, so for this host and its path until the browser closes.
pub fn cookie(name: &str, value: &str) -> Cookie {
    Cookie(format!("{name}={value}"))
}

impl Cookie {
    /// Any attribute, as written.
    pub fn with(self, attribute: &str) -> Self {
        Self(format!("{}; {attribute}", self.0))
    }

    /// `Domain`.
    pub fn domain(self, domain: &str) -> Self {
        self.with(&format!("Domain={domain}"))
    }

    /// `Path`.
    pub fn path(self, path: &str) -> Self {
        self.with(&format!("Path={path}"))
    }

    /// `Expires`, of nanoseconds since 1970.
    pub fn expires(self, at: u64) -> Self {
        self.with(&format!("Expires={}", http_date(at)))
    }

    /// `Max-Age` in seconds; 0 deletes.
    pub fn max_age(self, seconds: i64) -> Self {
        self.with(&format!("Max-Age={seconds}"))
    }

    /// `Secure`.
    pub fn secure(self) -> Self {
        self.with("Secure")
    }

    /// `HttpOnly`.
    pub fn http_only(self) -> Self {
        self.with("HttpOnly")
    }

    /// `SameSite`: `None`, `Lax` or `Strict`.
    pub fn same_site(self, policy: &str) -> Self {
        self.with(&format!("SameSite={policy}"))
    }

    /// An attribute's value.
    fn attribute(&self, name: &str) -> Option<&str> {
        self.0.split("; ").skip(1).find_map(|attribute| {
            let (known, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A browser: a host, a user agent, and the cookies it keeps.
#[derive(Debug, Clone)]
pub struct Browser {
    host: Host,
    agent: String,
    jar: Rc<RefCell<Vec<Kept>>>,
}

/// A cookie in the jar (RFC 6265 section 5.3).
#[derive(Debug, Clone)]
struct Kept {
    name: String,
    value: String,
    domain: String,
    host_only: bool,
    path: String,
    secure: bool,
}

/// The name that browsers ask for in TLS where a varied network has them speak it.
const ANY_HOST: &str = "web.example.com";

/// Domains no browser keeps a cookie for, as far as the stories need them.
const PUBLIC_SUFFIXES: [&str; 6] = ["com", "net", "org", "br", "com.br", "co.uk"];

impl Browser {
    /// A browser with no cookies on this host.
    pub fn new(host: &Host) -> Self {
        const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0";
        Self { host: host.clone(), agent: AGENT.to_owned(), jar: Rc::default() }
    }

    /// Another user agent.
    #[must_use]
    pub fn agent(mut self, agent: &str) -> Self {
        agent.clone_into(&mut self.agent);
        self
    }

    /// It had this cookie before the story began, for this domain and all below it.
    #[must_use]
    pub fn has(self, domain: &str, name: &str, value: &str) -> Self {
        self.keep(domain, "/", &cookie(name, value).domain(domain).path("/"));
        self
    }

    /// Opens a connection to this server and port; requests over it carry `name` as their `Host`.
    pub fn open(&self, server: &Host, port: u16, name: &str) -> Visit {
        let tcp = self.host.network().connect(&self.host, server, port);
        if self.host.network().is_inside_tls() {
            return self.over(tcp.tls(&Tls::v13(ANY_HOST).trusts_any_name()), true, name);
        }
        self.over(tcp, port == 443, name)
    }

    /// Uses a connection that is there; `secure`: it counts as https (the story shows what TLS carries).
    pub fn over(&self, tcp: Tcp, secure: bool, name: &str) -> Visit {
        Visit { browser: self.clone(), tcp, name: name.to_owned(), secure, path: RefCell::new("/".to_owned()) }
    }

    fn keep(&self, from: &str, path: &str, cookie: &Cookie) {
        let pair = cookie.0.split("; ").next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let domain = cookie.attribute("Domain").map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
        if domain.as_deref().is_some_and(|domain| PUBLIC_SUFFIXES.contains(&domain) || !within(from, domain)) {
            return;
        }
        let default_path = path.rfind('/').filter(|end| *end > 0).map_or("/", |end| &path[..end]);
        let kept = Kept {
            name: name.to_owned(),
            value: value.to_owned(),
            host_only: domain.is_none(),
            domain: domain.unwrap_or_else(|| from.to_ascii_lowercase()),
            path: cookie.attribute("Path").unwrap_or(default_path).to_owned(),
            secure: cookie.attribute("Secure").is_some(),
        };
        let mut jar = self.jar.borrow_mut();
        jar.retain(|old| (&old.name, &old.domain, &old.path) != (&kept.name, &kept.domain, &kept.path));
        let gone = cookie.attribute("Max-Age") == Some("0")
            || cookie.attribute("Expires").is_some_and(|at| at.contains("1970") || at.contains("1994"));
        if !gone {
            jar.push(kept);
        }
    }

    /// What it sends to this host and path.
    fn cookies(&self, host: &str, path: &str, secure: bool) -> Vec<(String, String)> {
        let fits = |kept: &&Kept| {
            let domain =
                if kept.host_only { host.eq_ignore_ascii_case(&kept.domain) } else { within(host, &kept.domain) };
            domain && path.starts_with(&kept.path) && (secure || !kept.secure)
        };
        self.jar.borrow().iter().filter(fits).map(|kept| (kept.name.clone(), kept.value.clone())).collect()
    }
}

/// `host` is `domain` or lies below it.
fn within(host: &str, domain: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// A connection of a [`Browser`] to one host name.
#[derive(Debug, Clone)]
pub struct Visit {
    browser: Browser,
    tcp: Tcp,
    name: String,
    secure: bool,
    path: RefCell<String>,
}

impl Visit {
    /// The browser asks: `Host`, `User-Agent` and the cookies it has for this place are added.
    pub fn ask(&self, request: Message) -> &Self {
        let path = request.0.start.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap_or("/").to_owned();
        let cookies = self.browser.cookies(&self.name, &path, self.secure);
        let request = cookies.iter().fold(request, |request, (name, value)| request.cookie(name, value));
        let first = [("Host", self.name.as_str()), ("User-Agent", &self.browser.agent), ("Accept", "*/*")];
        let request = request.with(|text| {
            for (at, (name, value)) in first.into_iter().enumerate() {
                text.headers.insert(at, (name.to_owned(), value.to_owned()));
            }
        });
        self.path.replace(path);
        self.tcp.client(request);
        self
    }

    /// The server answers 12 ms later: `Date` by its clock is added; the browser keeps the cookies that are set.
    pub fn reply(&self, response: Message) -> &Self {
        self.reply_after(12, response)
    }

    /// The server answers so many milliseconds later.
    pub fn reply_after(&self, ms: u64, response: Message) -> &Self {
        self.tcp.wait(ms);
        let date = http_date(self.tcp.host(Side::Server).clock());
        let response = response.with(|text| text.headers.insert(0, ("Date".to_owned(), date)));
        for (name, value) in &response.0.headers {
            if name.eq_ignore_ascii_case("Set-Cookie") {
                self.browser.keep(&self.name, &self.path.borrow(), &Cookie(value.clone()));
            }
        }
        self.tcp.server(response);
        self
    }

    /// The next packet goes out `ms` milliseconds after the last.
    pub fn wait(&self, ms: u64) -> &Self {
        self.tcp.wait(ms);
        self
    }

    /// The connection.
    pub const fn tcp(&self) -> &Tcp {
        &self.tcp
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Network;

    fn text(message: &Message) -> String {
        String::from_utf8(message.as_ref().to_vec()).expect("text")
    }

    #[test]
    fn a_form_is_percent_encoded_and_measured() {
        let message =
            post("/names.nsf?Login").host("mail.example.net").form(&[("Username", "Ann Smith"), ("Password", "a+b&c")]);
        assert_eq!(
            text(&message),
            "POST /names.nsf?Login HTTP/1.1\r\nContent-Length: 37\r\nHost: mail.example.net\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\nUsername=Ann+Smith&Password=a%2Bb%26c"
        );
    }

    #[test]
    fn chunks_replace_the_length() {
        let message = response(200).body("text/plain", "0123456789").chunked(8);
        assert_eq!(
            text(&message),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n2\r\n89\r\n0\r\n\r\n"
        );
    }

    #[test]
    fn a_browser_sends_cookies_where_they_belong() {
        let browser = Browser::new(&Network::new().host("10.1.0.50"));
        let keep = |cookie: Cookie| browser.keep("portal.example.com", "/app/login", &cookie);
        keep(cookie("here", "1"));
        keep(cookie("all", "2").domain(".example.com").path("/"));
        keep(cookie("tls", "3").domain("example.com").path("/").secure());
        keep(cookie("wide", "4").domain(".com").path("/"));
        keep(cookie("other", "5").domain("example.org").path("/"));
        let sent = |host, path, secure| {
            let names: Vec<String> = browser.cookies(host, path, secure).into_iter().map(|(name, _)| name).collect();
            names.join(" ")
        };
        assert_eq!(sent("portal.example.com", "/app/x", false), "here all");
        assert_eq!(sent("portal.example.com", "/", false), "all");
        assert_eq!(sent("chat.example.com", "/app/x", true), "all tls");
        assert_eq!(sent("notexample.com", "/", true), "");
        keep(cookie("all", "").domain(".example.com").path("/").max_age(0));
        assert_eq!(sent("chat.example.com", "/", true), "tls");
    }
}
