//! Requests and answers of SIP and HTTP that stand in a log as text, put together.
//!
//! An answer of SIP belongs to the request with its Call-ID and CSeq (RFC 3261 section 17.1.3); where both were taken out of the
//! text, and for HTTP, to the last request before it that has none.

use super::LogEntry;
use crate::model::{LogEvent, LogLine, LoggedMessage, Span};
use hashbrown::HashMap;
use nrpcsniff_dissectors::cookie::{Cookie, is_token};
use nrpcsniff_dissectors::{Message, http, sip};

/// An answer comes within this time where only its place tells whose it is.
const SOON: Span = Span::from_secs(60);
/// Provisional answers (1xx) come before the one that counts.
const FINAL: u16 = 200;

/// A request that stands in a log, and what answered it.
#[derive(Debug, Clone)]
pub(crate) struct LoggedRequest<'a> {
    /// Its first line.
    pub entry: LogEntry<'a>,
    /// The request.
    pub message: &'a LoggedMessage,
    /// First line of its final answer, and the answer.
    pub answer: Option<(LogEntry<'a>, &'a LoggedMessage)>,
}

impl<'a> LoggedRequest<'a> {
    /// What was asked, if it is SIP.
    pub(crate) fn sip(&self) -> Option<&'a sip::Message> {
        as_sip(self.message)
    }

    /// What was asked, if it is HTTP.
    pub(crate) fn http(&self) -> Option<&'a http::Request> {
        as_http(self.message)?.request()
    }

    /// Cookies that are sign-on tokens, or should be.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = &'a Cookie> {
        let sip = self.sip().map_or(&[][..], |message| &message.cookies);
        let http = self.http().map_or(&[][..], |request| &request.cookies);
        sip.iter().chain(http).filter(|cookie| is_token(&cookie.name, cookie.token.as_ref()))
    }

    /// Status and reason of its answer.
    pub(crate) fn status(&self) -> Option<(u16, &'a str)> {
        let (_, answer) = self.answer?;
        match &answer.body {
            Message::Sip(message) => match &message.start {
                sip::Start::Response { status, reason } => Some((*status, reason)),
                _ => None,
            },
            Message::Http(message) => message.response().map(|response| (response.status, response.reason.as_str())),
            _ => None,
        }
    }

    /// Call-ID of SIP, unless it was taken out of the text.
    pub(crate) fn call_id(&self) -> Option<&'a str> {
        self.sip()?.call_id.as_deref().filter(|id| !id.starts_with('*'))
    }

    /// The line is one of this request.
    pub(crate) fn has(&self, line: LogLine) -> bool {
        let own = self.entry.line();
        own.log == line.log && (own.line..=self.message.last).contains(&line.line)
    }

    /// Its lines that say something, and those of its answer.
    pub(crate) fn lines(&self, all: &[LogEntry<'a>]) -> Vec<LogEntry<'a>> {
        let from = all.partition_point(|entry| entry.line() < self.entry.line());
        let own = all.get(from..).unwrap_or_default().iter().take_while(|entry| self.has(entry.line()));
        own.copied().chain(self.answer.map(|(entry, _)| entry)).collect()
    }
}

/// What a message of one call is known by.
type Key<'a> = (&'a str, u32, &'a str);

/// Puts requests and answers of one log together.
pub(super) fn requests<'a>(entries: &[LogEntry<'a>]) -> Vec<LoggedRequest<'a>> {
    let mut all: Vec<LoggedRequest<'a>> = Vec::new();
    let mut keyed: HashMap<Key<'a>, usize> = HashMap::new();
    for entry in entries {
        let LogEvent::Message(message) = &entry.fact.event else { continue };
        let message: &'a LoggedMessage = message;
        let asks = as_sip(message).is_some_and(sip::Message::is_request)
            || as_http(message).is_some_and(|message| message.request().is_some());
        let known = as_sip(message).and_then(key);
        if asks {
            if let Some(key) = known {
                keyed.entry(key).or_insert(all.len());
            }
            all.push(LoggedRequest { entry: *entry, message, answer: None });
            continue;
        }
        if as_sip(message).and_then(sip::Message::status).is_some_and(|status| status < FINAL) {
            continue;
        }
        let place = match known {
            Some(key) => keyed.get(&key).copied(),
            None => all.iter().rposition(|request| may_answer(request, *entry, message)),
        };
        if let Some(request) = place.and_then(|place| all.get_mut(place)) {
            request.answer.get_or_insert((*entry, message));
        }
    }
    all
}

/// The line begins an answer to that request, as far as their places tell.
fn may_answer(request: &LoggedRequest<'_>, entry: LogEntry<'_>, message: &LoggedMessage) -> bool {
    let alike = request.sip().is_some() == as_sip(message).is_some();
    let open = request.answer.is_none() && request.sip().and_then(key).is_none();
    alike && open && entry.since(&request.entry) <= SOON
}

fn key(message: &sip::Message) -> Option<Key<'_>> {
    let cseq = message.cseq.as_ref()?;
    Some((message.call_id.as_deref()?, cseq.number, &cseq.method))
}

fn as_sip(message: &LoggedMessage) -> Option<&sip::Message> {
    match &message.body {
        Message::Sip(message) => Some(message),
        _ => None,
    }
}

fn as_http(message: &LoggedMessage) -> Option<&http::Message> {
    match &message.body {
        Message::Http(message) => Some(message),
        _ => None,
    }
}
