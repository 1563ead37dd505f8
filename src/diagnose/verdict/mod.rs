//! What everything comes to: the verdict, computed in one place for every format.
//!
//! It rests on findings and on what became of wishes ([`Wishes`]). A fault is one that a finding gives the cause of; what failed
//! without one is said to have failed. "Works" is said of what was seen to be granted, never of what could not be judged.

mod logged;
#[cfg(test)]
mod tests;
mod wishes;
mod words;

pub(crate) use wishes::Wishes;

use super::rules::cap::wrong_place;
use crate::model::{
    Analysis, AttemptKind, Confidence, Conversation, ConversationId, Finding, Input, Layer, Severity, Unjudged,
    Verdict, VerdictKind,
};
use words::Survey;

/// What the wishes, findings and conversations of everything that was read come to. Findings stand in their order.
pub(crate) fn verdict(analysis: &Analysis, findings: &[Finding], wishes: &Wishes) -> Verdict {
    let unseen = (wishes.is_empty() && !wishes.unseen.is_empty()).then(|| wishes.with_unseen());
    let wishes = unseen.as_ref().unwrap_or(wishes);
    let (kind, finding) = judge(analysis, findings, wishes);
    let title = finding.and_then(|place| findings.get(place)).map(|finding| finding.title.clone());
    let survey = Survey::of(analysis);
    let unread = words::unread(&analysis.inputs);
    let mut text = match (kind, title) {
        (_, Some(title)) => title,
        (VerdictKind::Works, None) => words::works(wishes),
        (VerdictKind::Undecided, None) if analysis.inputs.is_empty() => words::of_logs(&analysis.logs),
        (VerdictKind::Undecided, None) => words::undecided(wishes, &survey),
        (VerdictKind::Nothing, None) => words::nothing(analysis),
        (VerdictKind::Fault | VerdictKind::Failed, None) => words::failed(wishes),
    };
    let mut cautions = match kind {
        VerdictKind::Fault | VerdictKind::Failed => Vec::new(),
        _ if analysis.inputs.is_empty() => words::log_cautions(&analysis.logs),
        VerdictKind::Nothing => words::where_to_look(wishes),
        VerdictKind::Undecided => words::ways_out(wishes, &survey),
        VerdictKind::Works => words::limits(wishes, &survey),
    };
    match unread {
        Some(unread) if kind == VerdictKind::Undecided && finding.is_none() => {
            text = format!("{} {unread}", text.trim_end());
        }
        Some(unread) => cautions.insert(0, unread),
        None => {}
    }
    Verdict { kind, text, finding, cautions, tried: words::tried(wishes) }
}

/// The kind, and the finding that it rests on.
fn judge(analysis: &Analysis, findings: &[Finding], wishes: &Wishes) -> (VerdictKind, Option<usize>) {
    let first = |is: &dyn Fn(&Finding) -> bool| {
        findings.iter().position(|finding| is(finding) && !rests_on_disputed(analysis, finding))
    };
    let kind_of = |place: usize| match findings.get(place) {
        Some(finding) if finding.layer == Layer::Fallback => VerdictKind::Failed,
        _ => VerdictKind::Fault,
    };
    let is_of_the_capture = |finding: &Finding| finding.layer == Layer::Capture;
    if let Some(place) = first(&|finding| !is_of_the_capture(finding) && finding.severity >= Severity::Major) {
        return (kind_of(place), Some(place));
    }
    if wishes.untold() > 0 {
        return (VerdictKind::Failed, None);
    }
    if wishes.lost() > 0 {
        let tells =
            |finding: &Finding| !matches!(finding.layer, Layer::Capture | Layer::Information | Layer::Performance);
        let place = first(&tells);
        return (place.map_or(VerdictKind::Failed, kind_of), place);
    }
    // The server that is asked about is not in the capture: whatever works there is another one's.
    if let Some(place) = first(&|finding| finding.rule == wrong_place::ID) {
        return (VerdictKind::Undecided, Some(place));
    }
    // A log names its fault or does not: there are no attempts to be held against a small one.
    let tells = |finding: &Finding| finding.severity >= Severity::Minor && !is_of_the_capture(finding);
    if let Some(place) = first(&tells).filter(|_| analysis.inputs.is_empty()) {
        return (kind_of(place), Some(place));
    }
    let kind = match () {
        // What could not be read may be the failure that is looked for.
        () if analysis.inputs.iter().any(Input::is_unread) => VerdictKind::Undecided,
        () if wishes.all_granted() => VerdictKind::Works,
        () if wishes.is_empty() && words::log_facts(&analysis.logs) == 0 => VerdictKind::Nothing,
        () => VerdictKind::Undecided,
    };
    (kind, None)
}

/// Bytes of which the capture holds two versions are all that it is seen by: nobody knows whether it happened.
fn rests_on_disputed(analysis: &Analysis, finding: &Finding) -> bool {
    let of = |id: &ConversationId| analysis.conversations.by_id(*id);
    let shown = |c: &Conversation| c.disputes.iter().any(|dispute| finding.frames.contains(&dispute.other_in.frame));
    finding.confidence == Confidence::Low
        && finding.layer != Layer::Capture
        && finding.conversations.iter().filter_map(of).any(shown)
}

/// Kinds that are one way of signing on: where one of them is granted, another may be left open.
const WAYS: [&[AttemptKind]; 9] = [
    &[AttemptKind::NrpcOpen],
    &[AttemptKind::HttpLogin, AttemptKind::HttpToken],
    &[AttemptKind::SipRegister, AttemptKind::SipCall],
    &[AttemptKind::SametimeLogin],
    &[AttemptKind::LdapBind],
    &[AttemptKind::AdLogon],
    &[AttemptKind::SmtpLogin],
    &[AttemptKind::IdVault],
    &[AttemptKind::Peer],
];

impl Wishes {
    /// Nobody was seen to want anything, not even in what cannot be judged.
    fn is_empty(&self) -> bool {
        self.of.values().all(|count| count.tried() == 0 && count.unknown.is_empty())
    }

    /// How many came to nothing, and stayed so.
    pub(crate) fn lost(&self) -> u64 {
        self.sum(wishes::WishCount::lost)
    }

    /// How many were seen.
    pub(crate) fn tried(&self) -> u64 {
        self.sum(wishes::WishCount::tried)
    }

    fn untold(&self) -> u64 {
        self.sum(|count| count.untold)
    }

    fn sum(&self, number: impl Fn(&wishes::WishCount) -> u64) -> u64 {
        self.of.values().map(number).fold(0, u64::saturating_add)
    }

    /// Something was granted, and nothing was tried of which nothing was seen to be granted.
    fn all_granted(&self) -> bool {
        let of = |way: &[AttemptKind]| way.iter().filter_map(|kind| self.of.get(kind)).collect::<Vec<_>>();
        let is_open = |counts: &[&wishes::WishCount]| {
            counts.iter().all(|count| count.granted == 0) && counts.iter().any(|count| count.unjudged() > 0)
        };
        let ways = || WAYS.iter().map(|way| of(way));
        ways().flatten().any(|count| count.granted > 0) && !ways().any(|counts| is_open(&counts))
    }

    /// How many of each kind cannot be told for that reason.
    fn unknown(&self, why: Unjudged) -> impl Iterator<Item = (AttemptKind, u64)> {
        let of = move |(kind, count): (&AttemptKind, &wishes::WishCount)| Some((*kind, *count.unknown.get(&why)?));
        self.of.iter().filter_map(of)
    }
}
