//! What is not said where the capture's clock ran backwards: lengths of time, and how a clock differs from another.

use super::rules::{BY_DATE, BY_LENGTH};
use super::{Case, Draft};
use crate::model::{ConversationId, Span};
use hashbrown::HashSet;

/// Takes out what would be judged over a time that ran backwards.
pub(super) fn keep_what_holds(case: &Case<'_>, drafts: &mut Vec<Draft>) {
    if case.clock_steps().is_empty() && !case.is_out_of_order() {
        return;
    }
    let tolerance = Span::from_secs_f64(case.settings.thresholds.clock_skew);
    let (keeps_time, shaken) = (case.keeps_time(tolerance), shaken(case));
    drafts.retain(|draft| {
        let rule = draft.about().id;
        let is_shaken = || draft.conversations().iter().any(|id| shaken.contains(id));
        (keeps_time || !BY_DATE.contains(&rule)) && !(BY_LENGTH.contains(&rule) && is_shaken())
    });
}

/// Conversations during which the clock was set back.
fn shaken(case: &Case<'_>) -> HashSet<ConversationId> {
    case.analysis.conversations.iter().filter(|c| !case.runs_steadily(c)).map(|c| c.id).collect()
}
