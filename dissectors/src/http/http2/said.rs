//! A request or a response out of the fields of a header block (RFC 9113 section 8.3).

use super::super::head::Head;
use super::super::message::{Body, Message, Request, Response};
use super::super::{body, form, request, response};
use super::frame::{Header, flag, kind};
use super::hpack::Block;
use crate::{Problem, Side, text};
use std::borrow::Cow;

const VERSION: (u8, u8) = (2, 0);

/// What a header block says, and the kind of form that comes behind it; `None` of trailers and of promises.
pub(super) fn read(side: Side, header: Header, block: &Block) -> Option<(Message, Option<form::Kind>)> {
    let is_trailer = block.unknown == 0 && !block.broken && !block.fields.iter().any(|(name, _)| is_pseudo(name));
    if header.kind == kind::PUSH_PROMISE || is_trailer {
        return None;
    }
    let mut head = head(side, block);
    let (body, form) = match side {
        Side::Client => request(&mut head, header).unzip(),
        Side::Server => (response(&mut head), None),
    };
    let body = body.unwrap_or_else(|| Body::Malformed { line: String::new() });
    if matches!(body, Body::Malformed { .. }) && head.problems.is_empty() {
        head.problem("header fields that are no request and no response of HTTP/2", 0);
    }
    let message = Message { exchange: exchange(header.stream), body, problems: head.problems };
    Some((message, form.flatten()))
}

/// Something that should be a header block of that stream and cannot be read.
pub(super) fn malformed(stream: Option<u32>, what: impl Into<Cow<'static, str>>) -> Message {
    let exchange = stream.and_then(exchange);
    Message { exchange, body: Body::Malformed { line: String::new() }, problems: vec![Problem::new(what, 0)] }
}

/// The fields in the form of HTTP/1: a start line, if all that it needs is there, and fields.
fn head(side: Side, block: &Block) -> Head {
    let mut head = Head::default();
    problems(&mut head, block);
    for (name, value) in block.fields.iter().filter(|(name, _)| !is_pseudo(name)) {
        head.push(&text::lenient(name), &text::lenient(value));
    }
    let pseudo = |name: &str| {
        let (_, value) = block.fields.iter().find(|(known, _)| **known == *name.as_bytes())?;
        Some(text::lenient(value)).filter(|value| !value.is_empty())
    };
    if let Some(authority) = pseudo(":authority").filter(|_| head.first("host").is_none()) {
        head.push("host", &authority);
    }
    head.line = match side {
        Side::Client => {
            let target = pseudo(":path").or_else(|| pseudo(":authority"));
            let line = pseudo(":method").zip(target).map(|(method, target)| format!("{method} {target} HTTP/1.1"));
            line.unwrap_or_default()
        }
        Side::Server => pseudo(":status").map(|status| format!("HTTP/1.1 {status}")).unwrap_or_default(),
    };
    head
}

fn request(head: &mut Head, header: Header) -> Option<(Body, Option<form::Kind>)> {
    let request = request::read(head)?;
    let length = match body::stated(head) {
        body::Stated::Bytes(bytes) => body::Length::Bytes(bytes),
        // Frames say where it ends.
        body::Stated::Nothing | body::Stated::Nonsense => body::Length::Chunked,
    };
    let form = form::kind(head, length).filter(|_| !header.has(flag::END_STREAM));
    Some((Body::Request(Box::new(Request { version: VERSION, ..request })), form))
}

fn response(head: &mut Head) -> Option<Body> {
    let response = response::read(head)?;
    Some(Body::Response(Box::new(Response { version: VERSION, ..response })))
}

fn is_pseudo(name: &[u8]) -> bool {
    name.starts_with(b":")
}

/// The streams of a client are odd numbers, in order: one for each exchange.
const fn exchange(stream: u32) -> Option<u32> {
    if stream % 2 == 1 { Some(stream.saturating_add(1) / 2) } else { None }
}

/// What is wrong with a block.
fn problems(head: &mut Head, block: &Block) {
    match block.unknown {
        0 => {}
        1 => head.problem("a header field refers to one that a gap took: it is not known", 0),
        count => head.problem(format!("{count} header fields refer to some that a gap took: they are not known"), 0),
    }
    if block.broken {
        head.problem("the header fields cannot be read to the end (HPACK)", 0);
    }
    if block.too_many {
        head.problem("more header fields than are kept: the rest is not read", 0);
    }
}
