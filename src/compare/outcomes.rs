//! What became of what people wanted in a capture or a part of it: "works" and "fails" mean here what they mean in a verdict.

use super::capture::Capture;
use super::dialogue::Dialogue;
use crate::diagnose::{Wishes, verdict};
use crate::facts::attempts::unjudged;
use crate::model::{Attempt, Conversation, ConversationId, Finding, Verdict, VerdictKind};

/// The capture holds it from its beginning, whole and in order, so that what is not there was not said.
pub(super) fn is_whole(c: &Conversation) -> bool {
    unjudged(c).is_none() && c.messages.is_sorted_by_key(|message| message.at.time)
}

/// It failed, with or without a cause that is seen.
pub(super) const fn fails(verdict: &Verdict) -> bool {
    matches!(verdict.kind, VerdictKind::Fault | VerdictKind::Failed)
}

/// The verdict on a part of a capture: on these dialogues alone. `both` are findings that are as much about what they are compared
/// with.
pub(super) fn verdict_on(capture: Capture<'_, '_>, dialogues: &[Dialogue<'_>], both: &[&Finding]) -> Verdict {
    let holds = |id: ConversationId| dialogues.iter().any(|dialogue| dialogue.has(id));
    let has = |attempt: &Attempt| attempt.conversations.iter().any(|&id| holds(id));
    let wishes = Wishes::of_part(capture.case, capture.findings, has, |c| holds(c.id));
    let is_own = |finding: &&Finding| {
        dialogues.iter().any(|dialogue| dialogue.is_named_by(finding))
            && !both.iter().any(|other| std::ptr::eq(*other, *finding))
    };
    let findings: Vec<Finding> = capture.findings.iter().filter(is_own).cloned().collect();
    verdict(capture.case.analysis, &findings, &wishes)
}
