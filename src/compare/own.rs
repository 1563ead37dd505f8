//! Findings that only one of the two captures has: what is wrong with both is not the difference.

use super::capture::Capture;
use super::dialogue::Dialogue;
use super::pairing::DialoguePair;
use crate::model::{Both, Finding, Severity};

/// Findings of two captures, told apart by who has them.
pub(super) struct OwnFindings<'s> {
    /// Findings that one of the two has alone, in order.
    pub alone: Both<Vec<&'s Finding>>,
    /// Findings that name both halves of a pair, where both captures are one: such a finding may be the cause all the same.
    pub both: Vec<&'s Finding>,
}

/// The half of a pair that belongs to one of the captures.
type Half = for<'m, 'd, 'a> fn(&'m DialoguePair<'d, 'a>) -> &'d Dialogue<'a>;

impl<'s> OwnFindings<'s> {
    /// Tells the findings of two captures apart. What the capture itself lacks (`cap-…`) is no difference between sign-ons.
    pub(super) fn of<'a>(good: Capture<'s, 'a>, bad: Capture<'s, 'a>, pairs: &[DialoguePair<'_, 'a>]) -> Self {
        let of_sign_on = |capture: Capture<'s, 'a>| {
            capture.findings.iter().filter(|finding| !finding.rule.starts_with("cap-")).collect::<Vec<_>>()
        };
        let (bads, goods) = (of_sign_on(bad), of_sign_on(good));
        let split = |own: Vec<&'s Finding>, others: &[&Finding], mine: Half, theirs: Half| {
            own.into_iter().partition::<Vec<_>, _>(|finding| is_shared(finding, others, pairs, mine, theirs))
        };
        let (both, bad_alone) = split(bads.clone(), &goods, |pair| pair.bad, |pair| pair.good);
        let (_, good_alone) = split(goods, &bads, |pair| pair.good, |pair| pair.bad);
        // Within one capture a finding may name both, and be the cause all the same.
        let is_one_capture = std::ptr::eq(good.case.analysis, bad.case.analysis);
        Self { alone: Both { good: good_alone, bad: bad_alone }, both: if is_one_capture { both } else { Vec::new() } }
    }

    /// Takes out what names other conversations than these. What logs alone tell names none.
    pub(super) fn keep_those_of(&mut self, sides: &Both<Vec<Dialogue<'_>>>) {
        let names = |dialogues: &[Dialogue<'_>], finding: &Finding| {
            finding.conversations.is_empty() || dialogues.iter().any(|dialogue| dialogue.is_named_by(finding))
        };
        self.alone.good.retain(|finding| names(&sides.good, finding));
        self.alone.bad.retain(|finding| names(&sides.bad, finding));
        self.both.retain(|finding| names(&sides.bad, finding));
    }

    /// Takes out what a further working capture has, too.
    pub(super) fn forgive(&mut self, further: &[Finding], pairs: &[DialoguePair<'_, '_>]) {
        let others: Vec<&Finding> = further.iter().collect();
        self.alone.bad.retain(|finding| !is_shared(finding, &others, pairs, |pair| pair.bad, |pair| pair.good));
    }
}

/// The same rule speaks of a counterpart, and no less severely; or of no pair in either capture.
fn is_shared(
    finding: &Finding,
    of_other: &[&Finding],
    pairs: &[DialoguePair<'_, '_>],
    mine: Half,
    theirs: Half,
) -> bool {
    let counterparts: Vec<_> = pairs.iter().filter(|pair| mine(pair).is_named_by(finding)).map(theirs).collect();
    let is_unpaired = |other: &Finding| !pairs.iter().any(|pair| theirs(pair).is_named_by(other));
    of_other.iter().any(|other| {
        other.rule == finding.rule
            && other.severity >= finding.severity
            && match counterparts.as_slice() {
                [] => is_unpaired(other),
                counterparts => counterparts.iter().any(|dialogue| dialogue.is_named_by(other)),
            }
    })
}

/// Something is to be mended: more than information.
pub(super) fn is_fault(finding: &Finding) -> bool {
    finding.severity > Severity::Info
}
