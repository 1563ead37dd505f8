//! What the rules about SIP share: whose failure counts, how bad it is, and how it is shown.

use super::{EVIDENCE, each};
use crate::diagnose::words::{count, listed, times};
use crate::diagnose::{About, Draft};
use crate::facts::Case;
use crate::facts::sip::wishes::recovered;
use crate::facts::sip::{SipExchange, SipMessage};
use crate::model::Severity;
use hashbrown::HashSet;
use std::net::IpAddr;

/// Score of a status that was read: the response itself is the proof, names come on top.
pub const READ: i32 = 45;

/// How bad failed requests are: without a registration the user cannot work, without a call a feature is lost. Minor if
/// the same client got what it wanted later.
pub fn severity(case: &Case<'_>, exchanges: &[&SipExchange<'_>]) -> Severity {
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
pub fn draft(case: &Case<'_>, about: &'static About, exchanges: &[&SipExchange<'_>]) -> Draft {
    let again = exchanges.len() > 1;
    let draft = Draft::new(about, READ).names_read().retry(again).severity(severity(case, exchanges));
    show_all(draft, exchanges)
}

/// Names all conversations and shows the first requests with their answers.
pub fn show_all(draft: Draft, exchanges: &[&SipExchange<'_>]) -> Draft {
    let draft = exchanges.iter().fold(draft, |draft, exchange| named(draft, exchange));
    each(draft, exchanges, "requests", |draft, exchange| show(draft, exchange))
}

/// Names every conversation of an exchange.
pub fn named(draft: Draft, exchange: &SipExchange<'_>) -> Draft {
    exchange.conversations().into_iter().fold(draft, Draft::conversation)
}

/// The request and its final response as evidence.
pub fn show(draft: Draft, exchange: &SipExchange<'_>) -> Draft {
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
    let what = format!("{} {} {}", exchange.method, preposition(exchange), subject(exchange));
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

fn preposition(exchange: &SipExchange<'_>) -> &'static str {
    if exchange.method == "REGISTER" { "of" } else { "to" }
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

/// Whom a request is about.
pub fn subject(exchange: &SipExchange<'_>) -> String {
    exchange.target().unwrap_or_else(|| "a user without a name".to_owned())
}

/// "REGISTER of ann@example.com from 10.1.0.50", "INVITE to bob@example.com from 10.1.0.50", "12 requests of 3 clients".
pub fn who(exchanges: &[&SipExchange<'_>]) -> String {
    let clients = listed(exchanges.iter().map(|e| e.client().ip), "clients");
    let subjects = listed(exchanges.iter().map(|e| subject(e)), "users");
    match exchanges {
        [] => "nothing".to_owned(),
        [first, ..] => format!("{} {} {subjects} from {clients}", first.method, preposition(first)),
    }
}

/// "once, with 403 Forbidden".
pub fn how_often(exchanges: &[&SipExchange<'_>]) -> String {
    let lines = listed(exchanges.iter().filter_map(|e| e.answer()).map(|a| a.status_line()), "answers");
    format!("{}, with {lines}", times(exchanges.len()))
}

/// "480 Temporarily Unavailable", or "no answer".
pub fn how_answered(exchanges: &[&SipExchange<'_>]) -> String {
    let lines: Vec<_> = exchanges.iter().filter_map(|e| e.answer()).map(|answer| answer.status_line()).collect();
    if lines.is_empty() { "no answer".to_owned() } else { listed(lines, "answers") }
}

/// What the same client got later.
pub fn aftermath(case: &Case<'_>, exchanges: &[&SipExchange<'_>]) -> &'static str {
    if exchanges.iter().all(|exchange| recovered(case, exchange)) { " The same client got through later." } else { "" }
}

/// "3 requests of 2 clients"; nothing if it is one client, which is named anyway.
pub fn crowd(exchanges: &[&SipExchange<'_>]) -> Option<String> {
    let clients: HashSet<IpAddr> = exchanges.iter().map(|e| e.client().ip).collect();
    (clients.len() > 1).then(|| format!("{} of {}", count(exchanges.len(), "request"), count(clients.len(), "client")))
}

/// Evidence lines that a rule of its own adds.
pub const SHOWN: usize = EVIDENCE;
