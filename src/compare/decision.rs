//! What the comparison comes to, and on what that rests.
//!
//! First it is asked what became of each capture by itself, as a verdict tells it; then where they part. So two captures that were
//! given the wrong way round are recognised, and what failed in one of them, or cannot be judged, is never passed over.

use super::dialogue::Dialogue;
use super::fork::ForkOutcome;
use super::outcomes::fails;
use super::own::is_fault;
use super::story::{Story, comes_before};
use crate::model::{Both, ComparisonResult, Finding, Severity, Verdict, VerdictKind};

/// What decides over a comparison.
#[derive(Clone, Copy)]
pub(super) enum Decision<'s, 'd, 'a> {
    /// The pair in that place parts.
    Fork(usize),
    /// The failing capture lacks a dialogue that the working one has, although it goes on for long enough.
    Missing(&'d Dialogue<'a>),
    /// It ends before that dialogue would come.
    EndsBefore(&'d Dialogue<'a>),
    /// The failing capture has a fault that the working one has not, and no pair parts by it.
    Fault(&'s Finding),
    /// The failing capture fails, the working one does not, and no finding tells the two apart.
    Fails,
    /// The capture given as working has the fault, with the finding that tells it.
    Swapped(Option<&'s Finding>),
    /// Both fail, and nothing that was found tells them apart; with what one that was given as working comes to.
    BothFail(&'s Verdict),
    /// What became of one of them at least cannot be told.
    Untold,
    /// The pair in that place cannot be judged.
    Doubtful(usize),
    /// Nothing belongs together.
    NothingToPair,
    /// They go alike, and nothing failed.
    Same,
}

impl Decision<'_, '_, '_> {
    /// What the report calls it.
    pub(super) const fn result(self) -> ComparisonResult {
        match self {
            Self::Fork(_) | Self::Missing(_) | Self::Fault(_) | Self::Fails => ComparisonResult::Diverges,
            Self::Swapped(_) => ComparisonResult::Swapped,
            Self::Same => ComparisonResult::Same,
            Self::EndsBefore(_) | Self::BothFail(_) | Self::Untold | Self::Doubtful(_) | Self::NothingToPair => {
                ComparisonResult::Inconclusive
            }
        }
    }
}

impl<'s, 'd, 'a> Story<'s, 'd, 'a> {
    /// What decides. What failed comes before what cannot be told, and a place where they part before what is told without one.
    pub(super) fn decide(&self) -> Decision<'s, 'd, 'a> {
        let told = self.telling();
        if self.is_swapped(told) {
            return Decision::Swapped(self.first_alone(|alone| &alone.good));
        }
        let own = self.first_alone(|alone| &alone.bad);
        let missing = self.missing();
        let mut of_good = [self.verdicts.good].into_iter().chain(self.further.iter().copied());
        let failing_too = of_good.find(|verdict| fails(verdict));
        match (told, own, missing) {
            (Some(place), ..) => Decision::Fork(place),
            (None, Some(own), _) if fails(self.verdicts.bad) => Decision::Fault(own),
            (None, _, Some(missing)) if self.lasted_until(missing) => Decision::Missing(missing),
            _ if fails(self.verdicts.bad) => failing_too.map_or(Decision::Fails, Decision::BothFail),
            _ if fails(self.verdicts.good) => Decision::Untold,
            (None, _, Some(missing)) => Decision::EndsBefore(missing),
            _ if self.matches.is_empty() => Decision::NothingToPair,
            (None, own, None) => match (self.doubtful(), own) {
                (Some(place), _) => Decision::Doubtful(place),
                _ if !self.is_told() => Decision::Untold,
                (None, Some(own)) => Decision::Fault(own),
                (None, None) => Decision::Same,
            },
        }
    }

    /// The capture given as working fails and the other does not; or it alone has a fault, where both fail or both work.
    fn is_swapped(&self, told: Option<usize>) -> bool {
        let alone = &self.own.alone;
        let has_none = !alone.bad.iter().any(|finding| is_fault(finding));
        match (fails(self.verdicts.good), fails(self.verdicts.bad)) {
            (true, false) => matches!(self.verdicts.bad.kind, VerdictKind::Works | VerdictKind::Nothing),
            (true, true) => has_none && alone.good.iter().any(|finding| finding.severity >= Severity::Major),
            (false, true) => false,
            (false, false) => {
                let decides = self.is_told() && self.doubtful().is_none() && told.is_none();
                let mut faults = alone.good.iter().filter(|finding| is_fault(finding));
                decides && has_none && faults.any(|finding| self.concerns_known_client(finding))
            }
        }
    }

    /// The finding names a client in the working capture of whom something has a counterpart: strangers prove nothing.
    fn concerns_known_client(&self, finding: &Finding) -> bool {
        let client = |dialogue: &Dialogue<'_>| dialogue.opening().map(|c| c.client.ip);
        let named = || self.sides.good.iter().filter(|dialogue| dialogue.is_named_by(finding)).filter_map(client);
        self.matches.iter().filter_map(|m| client(m.good)).any(|known| named().any(|other| other == known))
    }

    /// The first fault that one of the captures has alone.
    fn first_alone(&self, of: impl Fn(&'s Both<Vec<&'s Finding>>) -> &'s Vec<&'s Finding>) -> Option<&'s Finding> {
        of(&self.own.alone).iter().copied().find(|finding| is_fault(finding))
    }

    /// Both were seen to work, or nobody signed on in either.
    fn is_told(&self) -> bool {
        let kinds = (self.verdicts.good.kind, self.verdicts.bad.kind);
        matches!(kinds, (VerdictKind::Works, VerdictKind::Works) | (VerdictKind::Nothing, VerdictKind::Nothing))
    }

    /// The pair that tells: of those that part, one that the gravest finding names, and of these the earliest. That something
    /// else is said counts more than when. Where a grave finding names none of them, what they part by is not the fault.
    fn telling(&self) -> Option<usize> {
        let parting = || (0..self.matches.len()).filter(|&place| self.fork_line(place).is_some());
        let rank = |place: &usize| (self.is_slower(*place), self.fork_time(*place));
        let named = |finding: &Finding| parting().filter(|&place| self.names(finding, place)).min_by_key(rank);
        let alone = || self.own.alone.bad.iter().copied();
        let told = alone().filter(|finding| is_fault(finding)).find_map(named);
        let by_packets = |finding: &Finding| !finding.conversations.is_empty();
        let is_other = || alone().any(|finding| finding.severity >= Severity::Major && by_packets(finding));
        told.or_else(|| if is_other() { None } else { parting().min_by_key(rank) })
    }

    /// A dialogue of sign-on that the working capture has, while the failing one has none of its protocol. Only of a client of
    /// whom something else has a counterpart: strangers in a capture prove nothing.
    fn missing(&self) -> Option<&'d Dialogue<'a>> {
        let is_dedicated = |dialogue: &&Dialogue<'_>| {
            dialogue.protocol.and_then(|protocol| protocol.sign_on).is_some_and(|sign_on| sign_on.dedicated)
        };
        let lacks = |dialogue: &&Dialogue<'_>| self.sides.bad.iter().all(|bad| bad.protocol != dialogue.protocol);
        let told = |dialogue: &&Dialogue<'_>| dialogue.has_messages();
        let is_known = |dialogue: &&Dialogue<'_>| self.matches.iter().any(|m| comes_before(m.good, dialogue));
        self.sides.good.iter().filter(is_dedicated).filter(told).filter(is_known).find(lacks)
    }

    /// The failing capture goes on for as long as the working one took to come to that dialogue.
    fn lasted_until(&self, missing: &Dialogue<'_>) -> bool {
        let before = self.matches.iter().filter(|m| comes_before(m.good, missing)).max_by_key(|m| m.good.start());
        let Some(before) = before else { return false };
        let took = missing.start().since(before.good.start());
        let left = self.bad.case.end().since(before.bad.start());
        left >= took
    }

    /// The first pair that cannot be judged: one of which the capture ends first, as a longer capture would tell.
    fn doubtful(&self) -> Option<usize> {
        let first =
            |is: fn(&ForkOutcome) -> bool| self.comparisons.iter().position(|side_by_side| is(&side_by_side.outcome));
        let ends = |outcome: &ForkOutcome| matches!(outcome, ForkOutcome::CaptureEndsAt(_));
        let undecided = |outcome: &ForkOutcome| matches!(outcome, ForkOutcome::LacksAt(_) | ForkOutcome::OpaqueFrom(_));
        first(ends).or_else(|| first(undecided))
    }
}
