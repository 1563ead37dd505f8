//! One cause, one finding: what follows from another finding is named under its `also`.

use super::rules::cap::others::ID as OTHERS;
use super::rules::nearness;
use super::{Draft, Layer};
use crate::model::{ConversationId, Finding, LogLine, Severity};
use hashbrown::{HashMap, HashSet};
use std::cell::OnceCell;
use std::cmp::Reverse;

/// Settles what the rules said: consequences go under the finding that explains them, and the rest is put in order:
/// see [`sort`].
pub(crate) fn settle(drafts: &[Draft]) -> Vec<Finding> {
    let named = Named::new(drafts);
    let explained: Vec<Option<usize>> = drafts.iter().enumerate().map(|(i, d)| named.cause(drafts, i, d)).collect();
    let mut kept = drafts.to_vec();
    for (i, by) in explained.iter().enumerate() {
        if let Some(root) = by.map(|j| root(j, &explained)) {
            kept[root].absorb(&drafts[i]);
        }
    }
    let standing = kept.into_iter().zip(&explained).filter(|(_, by)| by.is_none());
    let mut findings: Vec<Finding> = standing.map(|(draft, _)| draft.finish()).collect();
    sort(&mut findings);
    findings
}

/// Puts findings in the order in which a reader should see them: the capture first; of the grave ones those about signing on with
/// Notes, Sametime or a token before those of other telephones and pages, and these before the rest; then by severity, layer,
/// score and first frame.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(order);
}

fn order(finding: &Finding) -> impl Ord + use<> {
    let first = finding.frames.first().copied();
    // What is set aside as none of the reader's business stands behind what is.
    let is_of_capture = finding.layer == Layer::Capture && finding.rule != OTHERS;
    let is_grave = finding.severity >= Severity::Major;
    let place = if is_grave { nearness(finding.rule) } else { 0 };
    (
        !is_of_capture,
        !is_grave,
        place,
        Reverse(finding.severity),
        finding.layer,
        Reverse(finding.score),
        first,
        finding.rule,
    )
}

/// Which drafts name which conversations: looked up, never searched, so that 100,000 drafts stay cheap; and put together only where
/// somebody asks, so that one draft about 100,000 conversations is.
struct Named {
    /// By the first subject of some draft.
    drafts_of: HashMap<Subject, Vec<usize>>,
    subjects: Vec<OnceCell<HashSet<Subject>>>,
}

/// A conversation or a log line that a draft is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    Conversation(ConversationId),
    /// A sign-on in a log.
    Login(LogLine),
}

fn subjects(draft: &Draft) -> impl Iterator<Item = Subject> {
    let conversations = draft.conversations().iter().copied().map(Subject::Conversation);
    conversations.chain(draft.logins().iter().copied().map(Subject::Login))
}

impl Named {
    fn new(drafts: &[Draft]) -> Self {
        let firsts = drafts.iter().filter_map(|draft| subjects(draft).next());
        let mut drafts_of: HashMap<Subject, Vec<usize>> = firsts.map(|first| (first, Vec::new())).collect();
        for (index, draft) in drafts.iter().enumerate() {
            for subject in subjects(draft) {
                if let Some(naming) = drafts_of.get_mut(&subject).filter(|naming| naming.last() != Some(&index)) {
                    naming.push(index);
                }
            }
        }
        Self { drafts_of, subjects: drafts.iter().map(|_| OnceCell::new()).collect() }
    }

    /// The first draft that explains `effect`. It must name every conversation of the effect (every sign-on in a log, if the
    /// effect names no conversation), so it is among those that name the first one.
    fn cause(&self, drafts: &[Draft], index: usize, effect: &Draft) -> Option<usize> {
        let candidates = self.drafts_of.get(&subjects(effect).next()?)?;
        let by_packets = !effect.conversations().is_empty();
        let counts = |subject: &Subject| !by_packets || matches!(subject, Subject::Conversation(_));
        let named = |j: usize| self.subjects[j].get_or_init(|| subjects(&drafts[j]).collect());
        let covers = |j: usize| subjects(effect).filter(counts).all(|subject| named(j).contains(&subject));
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
