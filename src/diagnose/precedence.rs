//! One cause, one finding: what follows from another finding is named under its `also`.

use super::{Draft, Layer};
use crate::model::Finding;
use std::cmp::Reverse;

/// Settles what the rules said: consequences go under the finding that explains them, and the rest is put in order:
/// the capture first, then by severity, layer, score and first frame.
pub fn settle(drafts: &[Draft]) -> Vec<Finding> {
    let explained: Vec<Option<usize>> =
        (0..drafts.len()).map(|i| (0..drafts.len()).find(|&j| i != j && explains(&drafts[j], &drafts[i]))).collect();
    let mut kept = drafts.to_vec();
    for (i, by) in explained.iter().enumerate() {
        if let Some(root) = by.map(|j| root(j, &explained)) {
            kept[root].absorb(&drafts[i]);
        }
    }
    let mut findings: Vec<(Layer, Finding)> = kept
        .into_iter()
        .zip(&explained)
        .filter(|(_, by)| by.is_none())
        .map(|(draft, _)| (draft.layer(), draft.finish()))
        .collect();
    findings.sort_by_key(|(layer, f)| {
        let first = f.frames.first().copied();
        (*layer != Layer::Capture, Reverse(f.severity), *layer, Reverse(f.score), first, f.rule)
    });
    findings.into_iter().map(|(_, finding)| finding).collect()
}

/// Does `cause` explain `effect`? Only where it names every conversation of the effect.
fn explains(cause: &Draft, effect: &Draft) -> bool {
    let fallback = effect.layer() == Layer::Fallback
        && matches!(cause.layer(), Layer::Network | Layer::Protocol | Layer::Information);
    (fallback || cause.about().explains.contains(&effect.about().id))
        && !effect.conversations().is_empty()
        && effect.conversations().iter().all(|id| cause.conversations().contains(id))
}

/// Follows a chain of explanations to its end; a circle ends where it began.
fn root(start: usize, explained: &[Option<usize>]) -> usize {
    let mut at = start;
    for _ in 0..explained.len() {
        match explained[at] {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}
