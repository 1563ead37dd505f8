//! What the rules about SIP share: whose failure counts, how bad it is, and how it is shown.

use super::{EVIDENCE, each};
use crate::diagnose::words::sip::{FailedCalls, RefusedRequests, Requests, called, preposition};
use crate::diagnose::words::{Answers, Clients, Users};
use crate::diagnose::{About, Draft};
use crate::facts::Case;
use crate::facts::sip::wishes::recovered;
use crate::facts::sip::{SipExchange, SipMessage};
use crate::model::Severity;

/// Score of a status that was read: the response itself is the proof, names come on top.
pub(crate) const READ: i32 = 45;

/// How bad failed requests are: without a registration the user cannot work, without a call a feature is lost. Minor if
/// the same client got what it wanted later.
pub(crate) fn severity(case: &Case<'_>, exchanges: &[&SipExchange<'_>]) -> Severity {
    exchanges.iter().map(|exchange| severity_of(case, exchange)).max().unwrap_or(Severity::Minor)
}

fn severity_of(case: &Case<'_>, exchange: &SipExchange<'_>) -> Severity {
    match exchange.method {
        _ if recovered(case, exchange) || exchange.is_unregister() => Severity::Minor,
        "REGISTER" => Severity::Blocker,
        "INVITE" | "MESSAGE" => Severity::Major,
        _ => Severity::Minor,
    }
}

/// Begins the finding about requests that were refused: how bad it is, whose, all frames and conversations.
pub(crate) fn draft(case: &Case<'_>, about: &'static About, exchanges: &[&SipExchange<'_>]) -> Draft {
    let again = exchanges.len() > 1;
    let draft = Draft::new(about, READ).names_read().retry(again).severity(severity(case, exchanges));
    show_all(draft, exchanges)
}

/// Names all conversations and shows the first requests with their answers.
pub(crate) fn show_all(draft: Draft, exchanges: &[&SipExchange<'_>]) -> Draft {
    let draft = exchanges.iter().fold(draft, |draft, exchange| named(draft, exchange));
    each(draft, exchanges, "requests", |draft, exchange| show(draft, exchange))
}

/// Names every conversation of an exchange.
pub(crate) fn named(draft: Draft, exchange: &SipExchange<'_>) -> Draft {
    exchange.conversations().into_iter().fold(draft, Draft::conversation)
}

/// The request and its final response as evidence.
pub(crate) fn show(draft: Draft, exchange: &SipExchange<'_>) -> Draft {
    let draft = match exchange.request() {
        Some(request) => draft.packet(request.at(), asked(exchange)),
        None => draft,
    };
    match exchange.answer() {
        Some(answer) => draft.packet(answer.at(), answered(answer)),
        None => draft,
    }
}

/// "REGISTER of ann@example.com, CSeq 2, with Digest credentials for realm "example.com"".
fn asked(exchange: &SipExchange<'_>) -> String {
    let what = format!("{} {} {}", exchange.method, preposition(exchange.method), subject(exchange));
    let mut parts = vec![what, format!("CSeq {}", exchange.number)];
    for credentials in exchange.credentials() {
        parts.push(format!("with {} credentials{}", credentials.scheme, realm(credentials.realm.as_deref())));
    }
    parts.extend(exchange.cookies().iter().map(|cookie| format!("with cookie {}", cookie.name)));
    if exchange.credentials().is_empty() && exchange.cookies().is_empty() {
        parts.push("without credentials".to_owned());
    }
    parts.join(", ")
}

/// "401 Unauthorized, asks for Digest credentials for realm "example.com"".
fn answered(answer: SipMessage<'_>) -> String {
    let mut parts = vec![answer.status_line()];
    for challenge in &answer.sip.challenges {
        let stale = if challenge.stale { " (stale=true)" } else { "" };
        parts.push(format!("asks for {} credentials{}{stale}", challenge.scheme, realm(challenge.realm.as_deref())));
    }
    parts.extend(answer.sip.retry_after.map(|seconds| format!("Retry-After {seconds} s")));
    parts.join(", ")
}

fn realm(realm: Option<&str>) -> String {
    realm.map_or_else(String::new, |realm| format!(" for realm \"{realm}\""))
}

/// Whom a request is about, in words.
pub(crate) fn subject(exchange: &SipExchange<'_>) -> String {
    called(exchange.target().as_deref()).to_owned()
}

/// What was asked, for whom, by whom: of requests of one method.
pub(crate) fn requests(exchanges: &[&SipExchange<'_>]) -> Option<Requests> {
    Some(Requests {
        method: exchanges.first()?.method.to_owned(),
        users: Users::of(exchanges.iter().map(|exchange| exchange.target())),
        clients: Clients::of(exchanges.iter().map(|exchange| exchange.client().ip)),
    })
}

/// What was asked, for whom and by whom, of requests that one server refused, and how.
pub(crate) fn refused_requests(case: &Case<'_>, exchanges: &[&SipExchange<'_>]) -> Option<RefusedRequests> {
    let first = exchanges.first()?;
    Some(RefusedRequests {
        server: first.server(),
        requests: requests(exchanges)?,
        count: exchanges.len(),
        status: first.status(),
        answers: answers(exchanges),
        recovered: all_recovered(case, exchanges),
    })
}

/// How requests were answered, as far as they were.
pub(crate) fn answers(exchanges: &[&SipExchange<'_>]) -> Answers {
    Answers::of(exchanges.iter().filter_map(|exchange| exchange.answer()).map(|answer| answer.status_line()))
}

/// Calls that did not reach the user.
pub(crate) fn failed_calls(calls: &[&SipExchange<'_>]) -> FailedCalls {
    FailedCalls { failed_calls: calls.len(), answers: answers(calls) }
}

/// Every client got what it had asked for later.
pub(crate) fn all_recovered(case: &Case<'_>, exchanges: &[&SipExchange<'_>]) -> bool {
    exchanges.iter().all(|exchange| recovered(case, exchange))
}

/// Evidence lines that a rule of its own adds.
pub(crate) const SHOWN: usize = EVIDENCE;
