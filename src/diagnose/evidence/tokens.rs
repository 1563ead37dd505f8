//! What the rules about sign-on tokens share: which refusals count, what follows from them, and how they are shown.

use super::each;
use super::http::name_loops;
use crate::diagnose::Draft;
use crate::diagnose::words::ltpa::Verifier;
use crate::diagnose::words::{Answers, Clients};
use crate::facts::Case;
use crate::facts::sip::SipExchange;
use crate::facts::tokens::{Channel, KnownToken, Showing};
use crate::model::Conversation;
use hashbrown::HashSet;

/// Names every conversation that showed and refused these, and those of what follows: repetitions of the same SIP request,
/// login loops of the same browser.
#[must_use]
pub(crate) fn name_all<'a>(case: &Case<'a>, draft: Draft, showings: &[&Showing<'a>]) -> Draft {
    let http = case.http();
    let denied: Vec<_> = showings.iter().filter_map(|showing| http.exchange(showing.exchange()?)).collect();
    let draft = name_loops(http, draft, &case.settings.thresholds, &denied);
    let calls: HashSet<&str> = showings.iter().filter_map(|showing| showing.call_id).collect();
    let mut calls: Vec<&str> = calls.into_iter().collect();
    calls.sort_unstable();
    let repeated = calls.into_iter().flat_map(|call| case.sip().of_call(call)).flat_map(SipExchange::conversations);
    let draft = repeated.fold(draft, Draft::conversation);
    showings.iter().flat_map(|showing| showing.conversations.iter().copied()).fold(draft, Draft::conversation)
}

/// Names these conversations.
#[must_use]
pub(crate) fn name<'c>(draft: Draft, conversations: impl IntoIterator<Item = &'c Conversation>) -> Draft {
    conversations.into_iter().fold(draft, Draft::conversation)
}

/// What was shown and what was answered, of the first few.
#[must_use]
pub(crate) fn show_all(draft: Draft, showings: &[&Showing<'_>]) -> Draft {
    each(draft, showings, "requests", |draft, showing| show(draft, showing))
}

/// Shows a token as it was shown, and the answer.
#[must_use]
pub(crate) fn show(draft: Draft, showing: &Showing<'_>) -> Draft {
    let tokens: Vec<String> = showing.tokens.iter().map(KnownToken::label).collect();
    let claim = showing.claim.as_deref().map_or_else(String::new, |claim| format!(" as {claim}"));
    let draft = draft.packet(showing.at, format!("{}{claim} with {}", showing.what(), tokens.join("; ")));
    match &showing.answer {
        Some(answer) => draft.packet(answer.at, format!("{} answered: {}", showing.consumer(), answer.text)),
        None => draft,
    }
}

/// Who was shown it.
pub(crate) fn verifier(showing: &Showing<'_>) -> Verifier {
    let server = showing.server;
    match showing.channel {
        Channel::Http { .. } => Verifier::Http { server, host: showing.host.clone() },
        Channel::Sip => Verifier::Sip { server },
        Channel::Sametime => Verifier::Sametime { server },
    }
}

/// Who showed these, by address.
pub(crate) fn clients(showings: &[&Showing<'_>]) -> Clients {
    Clients::of(showings.iter().map(|showing| showing.client))
}

/// How these were refused: "401 Unauthorized".
pub(crate) fn answers(showings: &[&Showing<'_>]) -> Answers {
    Answers::of(showings.iter().filter_map(|showing| showing.answer.as_ref()).map(|answer| answer.text.as_str()))
}
