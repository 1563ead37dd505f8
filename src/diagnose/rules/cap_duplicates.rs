//! Frames that the mirror port delivered twice.

use super::super::network::{count, each, path};
use super::super::{About, Case, Draft, Layer, Rule, Talk};
use crate::model::Severity;

/// See [`ABOUT`].
pub struct Duplicates;

static ABOUT: About = About {
    id: "cap-duplicates",
    title: "Frames were captured twice",
    severity: Severity::Info,
    layer: Layer::Capture,
    sees: "The same segment with the same IP ID again within a millisecond.",
    matters: "The mirror port copies frames on their way in and out (or two mirrored ports see the same frame). Copies \
              are not taken for repetitions; loss is not judged where there are many of them.",
    guards: &["A repetition by the sender comes later, or with another IP ID."],
    remedy: &["Mirror one direction of each port only, or remove the copies: editcap -d."],
    references: &["editcap manual: -d, -D, -w"],
    explains: &[],
};

impl Rule for Duplicates {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Draft> {
        let twice: Vec<&Talk<'_>> = case.talks().filter(|talk| talk.conversation.tcp.duplicate_frames > 0).collect();
        finding(&twice).into_iter().collect()
    }
}

fn finding(twice: &[&Talk<'_>]) -> Option<Draft> {
    let first = twice.first()?;
    let frames = twice.iter().fold(0_u64, |sum, talk| sum.saturating_add(talk.conversation.tcp.duplicate_frames));
    let draft = Draft::new(&ABOUT, 90)
        .conversations_of(twice.iter().copied())
        .title(format!("{frames} frames of {} were captured twice", count(twice.len(), "NRPC conversation")))
        .explain(format!(
            "{frames} frames of {} are copies of the frame before (first of {}, at {}). They are left out of the \
             judgement.",
            count(twice.len(), "NRPC conversation"),
            path(first.conversation),
            first.conversation.tcp.duplicate_at.unwrap_or(first.conversation.first).time,
        ));
    Some(each(draft, twice, "conversations", |draft, talk| {
        let c = talk.conversation;
        let at = c.tcp.duplicate_at.unwrap_or(c.first);
        draft.packet(at, format!("{}: {} copies, first here", path(c), c.tcp.duplicate_frames))
    }))
}
