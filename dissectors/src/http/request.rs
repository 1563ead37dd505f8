//! A request out of its head (RFC 9112 section 3).

use super::body::{self, Stated};
use super::cors::Preflight;
use super::head::Head;
use super::line;
use super::message::Request;
use super::url::{self, Url};
use crate::{Secret, auth, cookie};

/// Reads a request; `None` if the first line is not that of one.
pub(super) fn read(head: &mut Head) -> Option<Request> {
    let line = std::mem::take(&mut head.line);
    let (method, target, version) = line::request(&line)?;
    Some(request(method, target, version, head))
}

/// What there is of a request that is cut in its first line.
pub(super) fn read_cut(line: &str) -> Option<Request> {
    let (method, target) = line::cut_request(line)?;
    Some(request(method, target, (0, 0), &mut Head::default()))
}

fn request(method: &str, target: &str, version: (u8, u8), head: &mut Head) -> Request {
    if target.contains(' ') {
        head.problem("a blank in the target of the request", 0);
    }
    let place = place(method, target, head);
    let mut request = Request {
        method: method.to_owned(),
        target: Secret::new(target),
        host: Some(place.host).filter(|host| !host.is_empty()),
        path: place.path,
        query: place.query,
        version,
        cookies: head.all("cookie").flat_map(cookie::pairs).take(cookie::LIMIT).collect(),
        credentials: Vec::new(),
        user_agent: head.text("user-agent"),
        referer: head.first("referer").map(Url::parse),
        origin: head.text("origin"),
        fetch_site: head.text("sec-fetch-site"),
        forwarded_proto: head.text("x-forwarded-proto"),
        forwarded_for: head.text("x-forwarded-for"),
        content_type: head.text("content-type"),
        content_length: content_length(head),
        upgrade: head.text("upgrade"),
        websocket_key: head.text("sec-websocket-key"),
        preflight: Preflight::read(method, head),
        form: Vec::new(),
    };
    // Both headers have one form, and only their names say whether server or proxy is meant (RFC 9110 section 11.7).
    for (name, proxy) in [("authorization", false), ("proxy-authorization", true)] {
        request.credentials.extend(head.all(name).flat_map(|value| auth::credentials(value, proxy)));
    }
    too_much(head);
    request
}

/// Host, path and query: of the target, and the host of the Host field where the target has none.
fn place(method: &str, target: &str, head: &mut Head) -> Url {
    let (front, query) = target.split_once('?').unwrap_or((target, ""));
    if url::too_many(query.as_bytes()) {
        head.problem(format!("more than {} parameters: the rest is not read", url::LIMIT), 0);
    }
    let named = head.first("host").unwrap_or_default().to_owned();
    if method.eq_ignore_ascii_case("CONNECT") {
        return Url { host: target.to_owned(), ..Url::default() };
    }
    if target.starts_with('/') || !front.contains("://") {
        let query = url::parameters(query.as_bytes());
        return Url { scheme: String::new(), host: named, path: url::mask_parameters(front), query };
    }
    let mut url = Url::parse(target);
    if url.host.is_empty() {
        url.host = named;
    }
    url
}

/// Content-Length, if it is a number.
pub(super) fn content_length(head: &Head) -> Option<u64> {
    match body::stated(head) {
        Stated::Bytes(bytes) => Some(bytes),
        Stated::Nothing | Stated::Nonsense => None,
    }
}

/// Says what was not read because there was too much of it.
fn too_much(head: &mut Head) {
    let pairs = head.all("cookie").flat_map(|value| value.split(';')).filter(|part| !part.trim().is_empty());
    if pairs.count() > cookie::LIMIT {
        let at = head.offset("cookie");
        head.problem(format!("more than {} cookies: the rest is not read", cookie::LIMIT), at);
    }
}
