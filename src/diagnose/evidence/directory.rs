//! What the rules about directories share: the question, its answer, and the sign-on that waited for it.

use super::each;
use crate::diagnose::words::Users;
use crate::diagnose::words::ldap::SignOn;
use crate::diagnose::{About, Draft};
use crate::facts::Case;
use crate::facts::ldap::DirectoryAnswer;
use crate::model::{Attempt, AttemptKind};
use hashbrown::HashSet;

/// Begins a finding on such answers, each with the sign-on that waited for it, if one did.
pub(crate) fn draft(
    case: &Case<'_>,
    about: &'static About,
    base: i32,
    group: &[(&DirectoryAnswer<'_>, Option<&Attempt>)],
    what: impl Fn(&DirectoryAnswer<'_>) -> String,
) -> Draft {
    let draft = Draft::new(about, base).retry(group.len() > 1).seen_in(group.len());
    let draft = group.iter().fold(draft, |draft, (answer, _)| draft.conversation(answer.conversation));
    let waiting = group.iter().filter_map(|(_, attempt)| *attempt).flat_map(|attempt| &attempt.conversations);
    let waiting: HashSet<_> = waiting.copied().collect();
    let draft = case.analysis.conversations.iter().filter(|c| waiting.contains(&c.id)).fold(draft, Draft::conversation);
    each(draft, group, "searches", |draft, (answer, attempt)| {
        let draft = match attempt {
            Some(attempt) => show(draft, attempt),
            None => draft,
        };
        let entries = answer.entries.map_or_else(String::new, |count| format!(", {count} entries"));
        let text = format!("{} → {}: {}", answer.conversation.client.ip, answer.conversation.server, what(answer));
        draft.packet(answer.asked, text).packet(answer.answered, format!("{}{entries}", answer.outcome.words()))
    })
}

/// Shows a sign-on and what came of it.
pub(crate) fn show(draft: Draft, attempt: &Attempt) -> Draft {
    let user = attempt.user.as_deref().unwrap_or("a user");
    let draft = draft.packet(attempt.at, format!("{} → {}: login of {user}", attempt.client, attempt.server));
    let draft = draft.frames(attempt.frames.iter().copied());
    match attempt.answered {
        Some(at) => draft.packet(at, attempt.outcome.words()),
        None => draft.absence(attempt.outcome.words()),
    }
}

/// The sign-on that waited, and all like it.
pub(crate) fn sign_on<'c>(first: &Attempt, all: impl Iterator<Item = &'c Attempt>) -> SignOn {
    SignOn {
        server: first.server,
        server_name: first.server_name.clone(),
        users: Users::of(all.map(|attempt| attempt.user.clone())),
        is_sametime: first.kind == AttemptKind::SametimeLogin,
        sign_on_outcome: first.outcome.words(),
    }
}
