//! What the rules about identity providers share: the steps of a login, and how they are shown.

use super::EVIDENCE;
use super::http::answer;
use crate::diagnose::words::idp::Login;
use crate::diagnose::{About, Draft};
use crate::facts::Case;
use crate::facts::http::{ExchangeId, HttpExchange, HttpIndex, ProviderRound, brings_answer, sends_away};
use crate::model::{Confidence, Severity};

/// The login that a request belongs to.
pub(crate) fn round_of<'c>(http: &'c HttpIndex<'_>, id: ExchangeId) -> Option<&'c ProviderRound> {
    let rounds = http.provider_rounds();
    let until = rounds.partition_point(|round| round.first <= id);
    rounds.get(..until)?.iter().rev().find(|round| round.exchanges.contains(&id))
}

/// Begins a finding about a login: conversations, frames, and its steps. Applications that have nothing to do with tokens or
/// products of HCL and IBM are told quietly.
pub(crate) fn draft(case: &Case<'_>, about: &'static About, base: i32, steps: &[ExchangeId]) -> Draft {
    let http = case.http();
    let all: Vec<_> = steps.iter().filter_map(|&id| http.exchange(id)).collect();
    let whole = all.iter().all(|exchange| exchange.response.is_none_or(|response| response.is_whole()));
    let draft = Draft::new(about, base).guard(!whole);
    let ours = all.iter().any(|exchange| http.takes_part(&exchange.host));
    let draft = if ours { draft } else { draft.severity(Severity::Minor).at_most(Confidence::Medium) };
    let draft =
        all.iter().fold(draft, |draft, exchange| draft.conversation(exchange.conversation).frames(exchange.frames()));
    let shown = all.iter().take(EVIDENCE).fold(draft, |draft, exchange| {
        draft.packet(exchange.at(), format!("{}{}, answer {}", exchange.line(), what(exchange), answer(exchange)))
    });
    match all.len().saturating_sub(EVIDENCE) {
        0 => shown,
        more => shown.note(format!("and {more} more steps like these")),
    }
}

fn what(exchange: &HttpExchange<'_>) -> &'static str {
    match (brings_answer(exchange), sends_away(exchange)) {
        (true, true) => " with the provider's word, sent to the provider again",
        (true, false) => " with the provider's word",
        (false, true) => ", sent to the provider",
        (false, false) => "",
    }
}

/// Who logs in where, by whom; `None` if its first request is gone.
pub(crate) fn login(case: &Case<'_>, round: &ProviderRound) -> Option<Login> {
    let http = case.http();
    let first = http.exchange(round.first)?;
    Some(Login {
        host: first.host.clone(),
        server: first.conversation.server,
        provider_host: round.provider(http).unwrap_or_default(),
        browser: http.browser(first).label(),
        request: first.line(),
    })
}
