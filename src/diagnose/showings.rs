//! What the rules about sign-on tokens share: which refusals count, what follows from them, and how they are shown.

use super::identity::{Channel, Held, Showing};
use super::network::{each, group_by, listed};
use super::telephony::Exchange;
use super::{Case, Draft};
use crate::model::Conversation;
use hashbrown::HashSet;
use std::mem::{Discriminant, discriminant};
use std::net::IpAddr;

/// Findings that follow from a token that is not accepted, whatever the reason.
pub const EFFECTS: [&str; 6] =
    ["st-token-refused", "st-token-expired", "sip-401-loop", "sip-403", "sip-5xx", "http-login-loop"];

/// Who was shown a token: protocol, address, name.
pub type Consumer<'s> = (Discriminant<Channel>, IpAddr, &'s str);

/// Key of a consumer, for groups.
pub fn consumer<'s>(showing: &'s Showing<'_>) -> Consumer<'s> {
    (discriminant(&showing.channel), showing.server.ip, &showing.host)
}

/// Showings to one consumer belong together.
pub fn by_consumer<'s, 'a: 's>(showings: impl IntoIterator<Item = &'s Showing<'a>>) -> Vec<Vec<&'s Showing<'a>>> {
    group_by(showings, |showing| consumer(showing))
}

/// Refusals that doubt a token which may well be good: genuine, one of each name, within its time by all that can be read,
/// and not accepted by the same consumer at another time.
pub fn unexplained<'c, 'a>(case: &'c Case<'a>) -> impl Iterator<Item = &'c Showing<'a>> {
    let identity = case.identity();
    identity.showings().iter().filter(move |showing| {
        showing.is_doubted()
            && showing.genuine().next().is_some()
            && !showing.is_ambiguous()
            && showing.genuine().all(|held| is_timely(case, showing, held))
            && !identity.was_accepted_elsewhen(showing)
    })
}

/// Nothing that can be read speaks against the time of that token.
pub fn is_timely(case: &Case<'_>, showing: &Showing<'_>, held: &Held<'_>) -> bool {
    let now = judged_at(case, showing);
    let ahead = seconds(case.settings.thresholds.token_skew);
    held.expires().is_none_or(|end| end >= now)
        && held.token.created.is_none_or(|created| created <= now.saturating_add(ahead))
}

/// The time by which a token is judged, in seconds since 1970: as the user wishes, else packet time.
pub fn judged_at(case: &Case<'_>, showing: &Showing<'_>) -> i64 {
    case.settings.now.unwrap_or(showing.at.time).whole_seconds()
}

/// Whole seconds of a threshold.
#[expect(clippy::cast_possible_truncation, reason = "a threshold of seconds, far below 2^63")]
pub fn seconds(threshold: f64) -> i64 {
    threshold as i64
}

/// Names every conversation that showed and refused these, and those of what follows: repetitions of the same SIP request,
/// login loops of the same browser.
#[must_use]
pub fn name_all<'a>(case: &Case<'a>, draft: Draft, showings: &[&Showing<'a>]) -> Draft {
    let web = case.web();
    let denied: Vec<_> = showings.iter().filter_map(|showing| web.exchanges().get(showing.exchange()?)).collect();
    let draft = web.name_loops(draft, &case.settings.thresholds, &denied);
    let calls: HashSet<&str> = showings.iter().filter_map(|showing| showing.call_id).collect();
    let mut calls: Vec<&str> = calls.into_iter().collect();
    calls.sort_unstable();
    let repeated = calls.into_iter().flat_map(|call| case.telephony().of_call(call)).flat_map(Exchange::conversations);
    let draft = repeated.fold(draft, Draft::conversation);
    showings.iter().flat_map(|showing| showing.conversations.iter().copied()).fold(draft, Draft::conversation)
}

/// Names these conversations.
#[must_use]
pub fn name<'c>(draft: Draft, conversations: impl IntoIterator<Item = &'c Conversation>) -> Draft {
    conversations.into_iter().fold(draft, Draft::conversation)
}

/// What was shown and what was answered, of the first few.
#[must_use]
pub fn show_all(draft: Draft, showings: &[&Showing<'_>]) -> Draft {
    each(draft, showings, "requests", |draft, showing| show(draft, showing))
}

/// What was shown and what was answered.
#[must_use]
pub fn show(draft: Draft, showing: &Showing<'_>) -> Draft {
    let tokens: Vec<String> = showing.tokens.iter().map(Held::label).collect();
    let claim = showing.claim.as_deref().map_or_else(String::new, |claim| format!(" as {claim}"));
    let draft = draft.packet(showing.at, format!("{}{claim} with {}", showing.what(), tokens.join("; ")));
    match &showing.answer {
        Some(answer) => draft.packet(answer.at, format!("{} answered: {}", showing.consumer(), answer.text)),
        None => draft,
    }
}

/// "10.1.0.50", or "10.1.0.50 and 2 other clients".
pub fn clients(showings: &[&Showing<'_>]) -> String {
    listed(showings.iter().map(|showing| showing.client), "clients")
}

/// How these were refused: "401 Unauthorized".
pub fn answers(showings: &[&Showing<'_>]) -> String {
    let texts = showings.iter().filter_map(|showing| showing.answer.as_ref()).map(|answer| answer.text.as_str());
    listed(texts, "answers")
}
