//! A response out of its head (RFC 9112 section 4).

use super::cors::Cors;
use super::head::Head;
use super::line;
use super::message::Response;
use super::page;
use super::request::content_length;
use super::url::Url;
use crate::cookie::{self, SetCookie};
use crate::{auth, date};

/// Reads a response; `None` if the first line is not that of one.
pub(super) fn read(head: &mut Head) -> Option<Response> {
    let line = std::mem::take(&mut head.line);
    let (version, status, reason) = line::response(&line)?;
    let mut response = Response {
        version,
        status,
        reason: reason.to_owned(),
        location: head.first("location").map(Url::parse),
        set_cookies: head.all("set-cookie").filter_map(SetCookie::parse).take(cookie::LIMIT).collect(),
        challenges: Vec::new(),
        date: head.first("date").and_then(date::parse),
        server: head.text("server"),
        via: head.text("via"),
        content_type: head.text("content-type"),
        content_length: content_length(head),
        upgrade: head.text("upgrade"),
        cors: Cors::read(head),
        login_form: page::unread(head, status),
    };
    for (name, proxy) in [("www-authenticate", false), ("proxy-authenticate", true)] {
        response.challenges.extend(head.all(name).flat_map(|value| auth::challenges(value, proxy)));
    }
    say_what_was_left_out(head, response.set_cookies.len());
    Some(response)
}

fn say_what_was_left_out(head: &mut Head, read: usize) {
    let sent = head.all("set-cookie").count();
    if sent == read {
        return;
    }
    let at = head.offset("set-cookie");
    if sent > cookie::LIMIT {
        head.problem(format!("more than {} Set-Cookie fields: the rest is not read", cookie::LIMIT), at);
    } else {
        head.problem("a Set-Cookie field without a name: browsers ignore it", at);
    }
}
