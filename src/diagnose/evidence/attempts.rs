//! What is shown of attempts that failed in the same way: of which kind, when, and what came of them.

use crate::diagnose::words::{Failure, Words};
use crate::diagnose::{About, Case, Draft, Lost};
use crate::facts::grouping::group_by;
use crate::model::{Attempt, AttemptKind, Confidence, ConversationId, Outcome, Severity};
use hashbrown::HashSet;

/// Attempts of one finding that are shown, besides the last.
const SHOWN: usize = 8;

/// What a finding of last resort is worth: it is certain that something failed, and not why.
const BASE: i32 = 50;

/// Attempts of one kind that failed in the same way at the same server, together. For whom is another matter, but not for what
/// where that is the name of a server.
pub(crate) fn alike<'c>(lost: impl Iterator<Item = &'c Attempt>) -> Vec<Vec<&'c Attempt>> {
    group_by(lost, |attempt| {
        let asked = attempt.asked.as_ref().filter(|_| asks_for_servers(attempt.kind)).map(|name| name.to_lowercase());
        (attempt.server, asked, attempt.outcome.words())
    })
}

/// What is asked for is a server, not a user.
const fn asks_for_servers(kind: AttemptKind) -> bool {
    matches!(
        kind,
        AttemptKind::Dns | AttemptKind::Connect | AttemptKind::Tls | AttemptKind::NrpcOpen | AttemptKind::NrpcAuth
    )
}

/// What a rule of last resort tells: a finding for each group of attempts that failed alike, in words made of what they have in
/// common.
pub(crate) fn told<'c, W: Words>(
    case: &Case<'_>,
    about: &'static About,
    lost: &Lost<'_>,
    attempts: impl Iterator<Item = &'c Attempt>,
    words: impl Fn(Failure, &[&'c Attempt]) -> W,
) -> Vec<Draft> {
    let groups = alike(attempts);
    let told = groups
        .iter()
        .filter_map(|group| Some(draft(case, about, lost, group).says(&words(Failure::of(group)?, group))));
    told.collect()
}

/// A finding about such a group: how bad it is by what the users lose, and what is shown.
pub(crate) fn draft(case: &Case<'_>, about: &'static About, lost: &Lost<'_>, group: &[&Attempt]) -> Draft {
    let draft = Draft::new(about, BASE)
        .at_most(Confidence::Medium)
        .retry(group.len() > 1)
        .seen_in(group.len())
        .severity(severity(about.severity, lost, group));
    let ids: HashSet<ConversationId> = group.iter().flat_map(|attempt| attempt.conversations.iter().copied()).collect();
    let named = case.analysis.conversations.iter().filter(|c| ids.contains(&c.id));
    let draft = named.fold(draft, Draft::conversation);
    let draft = group.iter().take(SHOWN).fold(draft, |draft, attempt| show(draft, attempt));
    match group.get(SHOWN..).and_then(<[&Attempt]>::last) {
        Some(end) => show(draft.note(format!("and {} more like these; the last:", group.len() - SHOWN)), end),
        None => draft,
    }
}

/// The worst loss among them: nobody minds much what was mended; who got in by another way lost less.
fn severity(worst: Severity, lost: &Lost<'_>, group: &[&Attempt]) -> Severity {
    let open: Vec<_> = group.iter().filter(|attempt| attempt.mended.is_none()).collect();
    match open.as_slice() {
        [] => Severity::Minor,
        open if open.iter().all(|attempt| lost.got_in_later(attempt)) => worst.min(Severity::Major),
        _ => worst,
    }
}

fn show(draft: Draft, attempt: &Attempt) -> Draft {
    let of = attempt.user.as_ref().or(attempt.asked.as_ref()).map_or_else(String::new, |of| format!(" of {of}"));
    let what = format!("{} → {}: {}{of}", attempt.client, attempt.server, noun(attempt.kind));
    let draft = draft.packet(attempt.at, what).frames(attempt.frames.iter().copied());
    let came = attempt.outcome.words();
    let draft = match (&attempt.outcome, attempt.answered) {
        (Outcome::Unanswered, _) | (_, None) => draft.absence(came),
        (_, Some(at)) => draft.packet(at, came),
    };
    match attempt.mended {
        Some(at) => draft.packet(at, "got it after all"),
        None => draft,
    }
}

/// What was wanted, in a line of evidence.
const fn noun(kind: AttemptKind) -> &'static str {
    match kind {
        AttemptKind::Dns => "question for the address",
        AttemptKind::Connect => "connection",
        AttemptKind::Tls => "TLS handshake",
        AttemptKind::NrpcOpen => "session request",
        AttemptKind::NrpcAuth => "authentication",
        AttemptKind::HttpToken => "request with a sign-on token",
        AttemptKind::SipRegister => "registration",
        AttemptKind::SipCall => "call",
        AttemptKind::HttpLogin | AttemptKind::SametimeLogin | AttemptKind::SmtpLogin => "login",
        AttemptKind::LdapBind => "bind",
        AttemptKind::LdapSearch => "search",
        AttemptKind::AdLogon => "sign-on",
        AttemptKind::IdVault => "request to the ID vault",
        AttemptKind::Peer => "connection of servers",
        AttemptKind::Backend => "request of a proxy",
    }
}
