//! What browsers ask, and servers say, of scripts from other origins (CORS: WHATWG Fetch, section 3.3).

use super::head::Head;
use super::message::{Request, Response};
use crate::{Fields, Value};

/// Elements of one field that are read: there are fewer methods and field names than that.
const LIMIT: usize = 64;

/// What a browser asks before it lets a script send its request to another origin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preflight {
    /// Method of the request that the script wants to send (Access-Control-Request-Method).
    pub method: String,
    /// Its fields that need leave, in lower case (Access-Control-Request-Headers).
    pub headers: Vec<String>,
}

/// What an answer says of scripts from other origins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cors {
    /// Values of Access-Control-Allow-Origin: browsers take one.
    pub origins: Vec<String>,
    /// Access-Control-Allow-Methods, in lower case.
    pub methods: Vec<String>,
    /// Access-Control-Allow-Headers, in lower case.
    pub headers: Vec<String>,
}

/// Why a browser does not let a script send its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// The answer to the preflight is no 2xx.
    Status,
    /// It does not name who may ask.
    NoOrigin,
    /// It names somebody else.
    OtherOrigin(String),
    /// It names several, or one twice.
    SeveralOrigins,
    /// It does not allow that method.
    Method(String),
    /// It does not allow that field.
    Header(String),
}

impl Preflight {
    /// What a request asks; `None` if it is none.
    pub(super) fn read(method: &str, head: &Head) -> Option<Box<Self>> {
        let wanted = head.text("access-control-request-method").filter(|_| method == "OPTIONS")?;
        let headers = head.list("access-control-request-headers").take(LIMIT).collect();
        Some(Box::new(Self { method: wanted, headers }))
    }

    /// Why the browser does not go on after that answer; `None` if it does.
    pub fn objection(&self, request: &Request, response: &Response) -> Option<Objection> {
        if !matches!(response.status, 200..=299) {
            return Some(Objection::Status);
        }
        let none = Cors::default();
        let said = response.cors.as_deref().unwrap_or(&none);
        let origin = request.origin.as_deref().unwrap_or_default();
        match said.origins.as_slice() {
            [] => return Some(Objection::NoOrigin),
            [one] if one == "*" || one == origin => {}
            [one] if one.contains(',') => return Some(Objection::SeveralOrigins),
            [one] => return Some(Objection::OtherOrigin(one.clone())),
            _ => return Some(Objection::SeveralOrigins),
        }
        if !said.allows_method(&self.method) {
            return Some(Objection::Method(self.method.clone()));
        }
        self.headers.iter().find(|name| !said.allows_header(name)).cloned().map(Objection::Header)
    }

    /// As a report shows it.
    pub(super) fn fields(&self) -> Fields {
        vec![("method", self.method.as_str().into()), ("headers", texts(&self.headers))]
    }
}

impl Cors {
    /// What an answer says; `None` if it says nothing.
    pub(super) fn read(head: &Head) -> Option<Box<Self>> {
        let list = |name| head.list(name).take(LIMIT).collect::<Vec<_>>();
        let said = Self {
            origins: head.all("access-control-allow-origin").map(|value| value.trim().to_owned()).take(LIMIT).collect(),
            methods: list("access-control-allow-methods"),
            headers: list("access-control-allow-headers"),
        };
        (said != Self::default()).then(|| Box::new(said))
    }

    /// GET, HEAD and POST need no leave.
    fn allows_method(&self, method: &str) -> bool {
        let named = |allowed: &String| allowed == "*" || allowed.eq_ignore_ascii_case(method);
        matches!(method, "GET" | "HEAD" | "POST") || self.methods.iter().any(named)
    }

    /// The asterisk does not stand for Authorization.
    fn allows_header(&self, name: &str) -> bool {
        self.headers.iter().any(|allowed| allowed == name || (allowed == "*" && name != "authorization"))
    }

    /// As a report shows it.
    pub(super) fn fields(&self) -> Fields {
        vec![("origins", texts(&self.origins)), ("methods", texts(&self.methods)), ("headers", texts(&self.headers))]
    }
}

fn texts(items: &[String]) -> Value {
    items.iter().map(|item| Value::from(item.as_str())).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = "Origin: https://mail.example.com\r\nAccess-Control-Request-Method: PUT\r\n\
                         Access-Control-Request-Headers: rtc4web-nonce, Authorization\r\n";
    const ALLOWED: &str = "Access-Control-Allow-Origin: https://mail.example.com\r\nAccess-Control-Allow-Methods: PUT\r\n\
                           Access-Control-Allow-Headers: RTC4Web-Nonce, authorization\r\n";

    fn objection(status: u16, said: &str) -> Option<Objection> {
        let head = Head::parse(format!("OPTIONS /x HTTP/1.1\r\n{ASKED}\r\n").as_bytes());
        let asked = Preflight::read("OPTIONS", &head).unwrap();
        let request = Request { origin: head.text("origin"), ..Request::default() };
        let said = Head::parse(format!("HTTP/1.1 200 OK\r\n{said}\r\n").as_bytes());
        asked.objection(&request, &Response { status, cors: Cors::read(&said), ..Response::default() })
    }

    #[test]
    fn what_browsers_mind() {
        let other = |from: &str, to: &str| objection(200, &ALLOWED.replace(from, to));
        assert_eq!(objection(204, ALLOWED), None);
        assert_eq!(other("https://mail.example.com", "*"), None);
        assert_eq!(objection(401, ALLOWED), Some(Objection::Status));
        assert_eq!(objection(302, ALLOWED), Some(Objection::Status));
        assert_eq!(objection(200, ""), Some(Objection::NoOrigin));
        let http = "http://mail.example.com".to_owned();
        assert_eq!(other("https://mail", "http://mail"), Some(Objection::OtherOrigin(http)));
        assert_eq!(objection(200, &format!("{ALLOWED}{ALLOWED}")), Some(Objection::SeveralOrigins));
        assert_eq!(other(".com", ".com, *"), Some(Objection::SeveralOrigins));
        assert_eq!(other("PUT", "DELETE"), Some(Objection::Method("PUT".to_owned())));
        assert_eq!(other("RTC4Web-Nonce, ", ""), Some(Objection::Header("rtc4web-nonce".to_owned())));
        assert_eq!(other("RTC4Web-Nonce, authorization", "*"), Some(Objection::Header("authorization".to_owned())));
    }

    #[test]
    fn what_is_no_preflight() {
        let head = Head::parse(b"OPTIONS /x HTTP/1.1\r\nAllow: GET\r\n\r\n");
        assert_eq!((Preflight::read("OPTIONS", &head), Cors::read(&head)), (None, None));
        let head = Head::parse(format!("GET /x HTTP/1.1\r\n{ASKED}\r\n").as_bytes());
        assert_eq!(Preflight::read("GET", &head), None);
    }
}
