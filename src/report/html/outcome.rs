//! What a conversation came to, in one word and a mark.

use super::super::Report;
use crate::model::{Close, Conversation, ConversationId, Layer, Setup, Severity, Side};
use hashbrown::HashSet;
use nrpcsniff_dissectors::{Decision, Protocol, Success};

/// What a conversation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TalkOutcome {
    /// A finding names it, or nobody answered.
    Failed,
    /// It was seen to be granted.
    Granted,
    /// The capture does not tell.
    Unknown,
    /// Nothing in it grants or refuses.
    Neutral,
}

impl TalkOutcome {
    /// For class names and filters of the page.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Granted => "granted",
            Self::Unknown => "unknown",
            Self::Neutral => "neutral",
        }
    }

    /// In words, with a mark: colour alone says nothing.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Failed => "✗ failed",
            Self::Granted => "✓ got in",
            Self::Unknown => "? cannot be told",
            Self::Neutral => "– nothing decided",
        }
    }
}

/// Conversations that findings name which tell a fault.
pub(super) fn faulty(report: Report<'_>) -> HashSet<ConversationId> {
    let tells = |finding: &&crate::model::Finding| {
        finding.severity >= Severity::Minor && !matches!(finding.layer, Layer::Capture | Layer::Information)
    };
    report.findings.iter().filter(tells).flat_map(|finding| finding.conversations.iter().copied()).collect()
}

/// What this one came to. A finding may name conversations that got in (one name of two, a session that died later): what was seen to
/// be granted stays so.
pub(super) fn of(c: &Conversation, faulty: &HashSet<ConversationId>) -> TalkOutcome {
    let is_faulty = faulty.contains(&c.id);
    let is_closed = c.tls.is_some_and(|layer| layer.why_opaque.is_some());
    // A name that is resolved lets nobody in: only what signs on can.
    let signs_on = c.protocol.and_then(|protocol| protocol.sign_on);
    let is_granted = signs_on.is_some_and(|sign_on| match sign_on.told_by {
        Success::Granted => c.messages.iter().any(|message| message.body.decision(None) == Decision::Granted),
        Success::WentOn => went_on(c),
    });
    match c.setup {
        Setup::Refused | Setup::NoAnswer => TalkOutcome::Failed,
        _ if is_granted => TalkOutcome::Granted,
        _ if is_faulty => TalkOutcome::Failed,
        _ if is_closed || c.protocol.is_some_and(Protocol::is_carrier) => TalkOutcome::Unknown,
        Setup::Midstream if signs_on.is_some() && c.teardown.how == Close::Open => TalkOutcome::Unknown,
        _ => TalkOutcome::Neutral,
    }
}

/// The client went on after the first answer, and was answered again.
fn went_on(c: &Conversation) -> bool {
    let after = |n: u32, from: Side| c.messages.iter().find(|message| message.n > n && message.from == from);
    let first = c.first_message(Side::Server);
    let next = first.and_then(|answer| after(answer.n, Side::Client));
    next.and_then(|next| after(next.n, Side::Server)).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn what_a_finding_names_failed_unless_it_was_granted() {
        let mut c = sample::refused();
        let named = [c.id].into_iter().collect();
        assert_eq!(of(&c, &named), TalkOutcome::Failed);
        assert_eq!(of(&c, &HashSet::new()), TalkOutcome::Neutral);
        let (request, answer) = (c.messages[0].clone(), c.messages[1].clone());
        c.messages.push(crate::model::Message { n: 3, ..request });
        c.messages.push(crate::model::Message { n: 4, ..answer });
        assert_eq!(of(&c, &named), TalkOutcome::Granted);
        c.setup = Setup::Refused;
        assert_eq!(of(&c, &HashSet::new()), TalkOutcome::Failed);
    }
}
