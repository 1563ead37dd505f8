//! SIP and HTTP messages that stand in a log as text, in a trace of WebSphere or pasted: gathered line by line, and read by
//! the dissectors as if they had come over a wire.
//!
//! A message begins with a line that can be no other (`REGISTER sip:... SIP/2.0`, `HTTP/1.1 401 Unauthorized`), alone or
//! behind the frame of a trace, and ends with a blank line or the next frame. Its headers tell all that is asked of it here;
//! a body is not gathered.

use super::form::typewriter;
use crate::model::{LogMeaning, LogWeight, LoggedMessage, Witness};
use nrpcsniff_dissectors::{Message, Side, Verdict, cookie, http, sip};

/// Lines of one message.
const LINES: usize = 256;
/// Bytes of one message.
const BYTES: usize = 32 * 1024;
/// Headers without which nothing can be read: what stands in a text by itself is an example.
const HEADERS: usize = 1;

/// Stands for the address that a page took out of a first line (RFC 2606: a name that is none).
const LOST: &str = "sip:lost.invalid";

/// What a line is that begins a message of HTTP with a sign-on token: the catalogue has no row for it, because every line of an
/// access log would have its words.
pub(super) static HTTP_MEANING: LogMeaning = LogMeaning {
    pattern: "HTTP/1.1",
    proves: None,
    weight: LogWeight::Info,
    cause: None,
    witness: Witness::Text,
    source: "RFC 9112",
    means: "a message of HTTP with a cookie of sign-on",
};

/// And one of SIP that the catalogue has no row for.
pub(super) static SIP_MEANING: LogMeaning =
    LogMeaning { pattern: "SIP/2.0", source: "RFC 3261", means: "a message of SIP", ..HTTP_MEANING };

/// A message whose lines are coming.
#[derive(Debug)]
pub(super) struct MessageText {
    /// Line in which it begins.
    pub(super) first: u64,
    last: u64,
    lines: Vec<String>,
    bytes: usize,
}

impl MessageText {
    /// Begins one, if the text of that line (behind its frame) ends with the first line of a message.
    pub(super) fn begin(number: u64, text: &str) -> Option<Self> {
        let start = start_line(text.trim_end())?;
        Some(Self { first: number, last: number, lines: vec![start.to_owned()], bytes: start.len() })
    }

    /// Takes a header, or the rest of one; false if the message is over.
    pub(super) fn take(&mut self, number: u64, text: &str) -> bool {
        let text = text.trim();
        let room = self.lines.len() < LINES && self.bytes.saturating_add(text.len()) <= BYTES;
        if text.is_empty() || !room || start_line(text).is_some() {
            return false;
        }
        match self.lines.last_mut() {
            Some(header) if !is_header(text) && is_header(header) => {
                header.push(' ');
                header.push_str(text);
            }
            Some(_) if !is_header(text) => return false,
            _ => self.lines.push(text.to_owned()),
        }
        self.bytes = self.bytes.saturating_add(text.len());
        self.last = number;
        true
    }

    /// The line in which it begins, without what stands before it.
    pub(super) fn start(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }

    /// What the dissectors make of it; nothing of what is none of their messages, or has no headers.
    pub(super) fn read(&self) -> Option<LoggedMessage> {
        let start = self.lines.first()?;
        if self.lines.len() <= HEADERS {
            return None;
        }
        let body = if is_sip(start) { self.sip()? } else { self.http(start)? };
        Some(LoggedMessage { last: self.last, body })
    }

    fn sip(&self) -> Option<Message> {
        let text = self.lines.join("\r\n");
        let whole = match text.split_once(' ').and_then(|(first, rest)| first.split_once(';').map(|word| (word, rest)))
        {
            Some(((method, params), rest)) if is_method(method) => format!("{method} {LOST};{params} {rest}"),
            _ => text,
        };
        (sip::PROTOCOL.datagram)(format!("{whole}\r\n\r\n").as_bytes())
    }

    /// Only messages that have to do with sign-on: traces of web servers hold all others, too.
    fn http(&self, start: &str) -> Option<Message> {
        let from = if start.starts_with("HTTP/") { Side::Server } else { Side::Client };
        let kept: Vec<&str> = self.lines.iter().map(String::as_str).filter(|line| !tells_length(line)).collect();
        let bytes = format!("{}\r\nContent-Length: 0\r\n\r\n", kept.join("\r\n"));
        let mut dissector = (http::PROTOCOL.stream)();
        let message = match dissector.next(from, bytes.as_bytes()) {
            Verdict::Message { message, .. } => message,
            Verdict::Need { .. } => dissector.end(from, bytes.as_bytes())?,
            _ => return None,
        };
        let Message::Http(said) = &message else { return None };
        let asks = said.request().is_some_and(|request| {
            request.cookies.iter().any(|pair| cookie::is_sign_on(&pair.name, pair.token.as_ref()))
        });
        let answers = said.response().is_some();
        (asks || answers).then_some(message)
    }
}

/// What stands from the first line of a message on: the whole text, or its end behind what a trace says of the message.
fn start_line(text: &str) -> Option<&str> {
    if text.ends_with(" SIP/2.0") || text.ends_with(" HTTP/1.1") || text.ends_with(" HTTP/1.0") {
        return request_line(text);
    }
    let at =
        ["SIP/2.0 ", "HTTP/1.1 ", "HTTP/1.0 "].iter().find_map(|version| text.find(version).map(|at| (at, version)));
    let (at, version) = at?;
    let (before, start) = text.split_at_checked(at)?;
    let status = start.get(version.len()..)?.split(' ').next()?;
    let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
    let apart = before.is_empty() || before.ends_with(' ');
    // An access log has the request in quotes before.
    (is_status && apart && !before.contains('"')).then_some(start)
}

/// `METHOD target VERSION`, or what a page left of it, at the end of a text.
fn request_line(text: &str) -> Option<&str> {
    let mut words = text.rsplit(' ').skip(1);
    let (target, method) = (words.next()?, words.next().unwrap_or_default());
    // The address behind the method was swallowed by a page: it stood between pointed brackets.
    let lost = is_method(target.split(';').next().unwrap_or_default());
    let begin = if is_method(method) && is_target(target) { method } else { Some(target).filter(|_| lost)? };
    let length =
        text.rsplit(' ').take(if lost { 2 } else { 3 }).map(|word| word.len().saturating_add(1)).sum::<usize>();
    let start = text.get(text.len().checked_sub(length.saturating_sub(1))?..)?;
    start.starts_with(begin).then_some(start)
}

fn is_method(word: &str) -> bool {
    (3..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_target(word: &str) -> bool {
    word.starts_with('/') || word.contains(':')
}

fn is_sip(start: &str) -> bool {
    start.starts_with("SIP/") || start.ends_with(" SIP/2.0")
}

/// `Name: value` (RFC 9110 section 5.1).
fn is_header(line: &str) -> bool {
    let Some((name, _)) = line.split_once(':') else { return false };
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Its body is not in the log as it was sent.
fn tells_length(line: &str) -> bool {
    let lower = typewriter(line).to_ascii_lowercase();
    lower.starts_with("content-length:") || lower.starts_with("transfer-encoding:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nrpcsniff_dissectors::ltpa::Class;

    fn read(text: &str) -> Option<Message> {
        let mut lines = text.lines();
        let mut message = MessageText::begin(1, lines.next().unwrap())?;
        for (number, line) in (2..).zip(lines) {
            if !message.take(number, line) {
                break;
            }
        }
        message.read().map(|message| message.body)
    }

    fn class(message: &Message) -> Option<Class> {
        let cookies = match message {
            Message::Sip(message) => &message.cookies,
            Message::Http(message) => &message.request()?.cookies,
            _ => return None,
        };
        cookies.iter().find_map(|cookie| cookie.token.as_ref()).map(|token| token.class)
    }

    #[test]
    fn messages_of_both_protocols() {
        for text in [
            "REGISTER sip:chat.example.com;transport=tls SIP/2.0\nCookie: LtpaToken=\"undefined\"\nCall-ID: a",
            "REGISTER;transport=tls SIP/2.0\nContent-Length: 0\nCookie: LtpaToken=\u{201d}undefined\u{201d}\nFrom: <>;tag=B",
            "SIPTransport: inbound REGISTER sip:chat.example.com SIP/2.0\nCookie: a=b;\n LtpaToken=undefined\n\nrest",
            "GET /stwebapi/user/connect HTTP/1.1\nHost: meet.example.com\nCookie: LtpaToken=undefined\nContent-Length: 9",
            "POST http://meet.example.com/x HTTP/1.0\nCookie: LtpaToken2=undefined",
        ] {
            let message = read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(class(&message), Some(Class::Undefined), "{text}");
            assert!(!matches!(&message, Message::Sip(message) if !message.is_request()), "{text}");
        }
        let answer = read("HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic realm=\"x\"\nContent-Type: text/html\n");
        assert!(matches!(answer, Some(Message::Http(message)) if message.response().is_some_and(|r| r.status == 401)));
        let answer = read("sent: SIP/2.0 401 Unauthorized\nCall-ID: a\nCSeq: 1 REGISTER");
        assert!(matches!(answer, Some(Message::Sip(message)) if message.status() == Some(401)));
    }

    #[test]
    fn what_is_none() {
        for text in [
            "10.1.5.5 - - [25/Jan/2024:07:27:34 +0100] \"GET / HTTP/1.1\" 401 381",
            "client: 10.1.5.5, request: \"GET / HTTP/1.1\", host: \"x\"\nHost: x",
            "REGISTER sip:chat.example.com SIP/2.0",
            "GET / HTTP/1.1\nHost: meet.example.com\nAccept: */*",
            "the version is SIP/2.0\nCall-ID: a",
            "we speak HTTP/1.1 only\nHost: a",
            "REGISTER sip:x SIP/2.0\nprose follows here\nCall-ID: a",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn any_beginning_is_read() {
        let text = "REGISTER sip:chat.example.com SIP/2.0\nCookie: LtpaToken=“undefined”;\n x=y\nCall-ID: é\n\nbody";
        for end in 0..text.len() {
            if let Some(part) = text.get(..end).filter(|part| !part.is_empty()) {
                let _ = read(part);
            }
        }
        let long = format!("INVITE sip:x SIP/2.0\n{}", "Via: SIP/2.0/TLS 10.1.0.50\n".repeat(5000));
        assert!(read(&long).is_some());
    }
}
