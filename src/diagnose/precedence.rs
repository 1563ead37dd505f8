//! One cause, one finding: what follows from another finding is named under its `also`.

use super::{Draft, Layer};
use crate::model::Finding;
use hashbrown::{HashMap, HashSet};
use std::cmp::Reverse;

/// Settles what the rules said: consequences go under the finding that explains them, and the rest is put in order:
/// the capture first, then by severity, layer, score and first frame.
pub fn settle(drafts: &[Draft]) -> Vec<Finding> {
    let named = Named::new(drafts);
    let explained: Vec<Option<usize>> = drafts.iter().enumerate().map(|(i, d)| named.cause(drafts, i, d)).collect();
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

/// Which drafts name which conversations: looked up, never searched, so that 100,000 drafts stay cheap.
struct Named {
    drafts_of: HashMap<u32, Vec<usize>>,
    conversations: Vec<HashSet<u32>>,
}

impl Named {
    fn new(drafts: &[Draft]) -> Self {
        let conversations: Vec<HashSet<u32>> =
            drafts.iter().map(|draft| draft.conversations().iter().copied().collect()).collect();
        let mut drafts_of: HashMap<u32, Vec<usize>> = HashMap::new();
        for (index, ids) in conversations.iter().enumerate() {
            for &id in ids {
                drafts_of.entry(id).or_default().push(index);
            }
        }
        Self { drafts_of, conversations }
    }

    /// The first draft that explains `effect`. It must name every conversation of the effect, so it is among
    /// those that name the first one.
    fn cause(&self, drafts: &[Draft], index: usize, effect: &Draft) -> Option<usize> {
        let candidates = self.drafts_of.get(effect.conversations().first()?)?;
        let covers = |j: usize| effect.conversations().iter().all(|id| self.conversations[j].contains(id));
        candidates.iter().copied().find(|&j| j != index && explains(&drafts[j], effect) && covers(j))
    }
}

/// Does `cause` explain `effect`, if it names the same conversations?
fn explains(cause: &Draft, effect: &Draft) -> bool {
    let fallback = effect.layer() == Layer::Fallback
        && matches!(cause.layer(), Layer::Network | Layer::Protocol | Layer::SignOn | Layer::Information);
    fallback || cause.about().explains.contains(&effect.about().id)
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
