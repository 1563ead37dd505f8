//! A working capture and a failing one, side by side: where do they part, and what explains it?
//!
//! Two sessions never have the same packets, so packets are not compared. `pairing` finds the counterpart of each dialogue by what
//! it is for, `align` lays messages side by side, `fork` finds the first place where they part in a way that matters,
//! `fields` what differs before it. What is noise is known per field (`Protocol::roles` of the dissectors), and learned: a
//! field in which two working captures differ can never be the cause. The rules have judged the failing capture before; their
//! findings say which difference is the cause.

mod align;
mod capture;
mod dialogue;
mod explain;
mod fields;
mod fork;
mod learn;
mod pairing;
mod steps;
mod story;
#[cfg(test)]
mod tests;
mod timing;
mod tokens;
mod verdict;

pub(crate) use capture::Capture;

use crate::diagnose::Case;
use crate::model::{Both, Comparison, Conversation, ConversationId, Finding, FrameRef, Severity};
use dialogue::Dialogue;
use fork::{ForkOutcome, SideBySide, compare_dialogues};
use hashbrown::HashSet;
use learn::KnownNoise;
use pairing::DialoguePair;
use story::Story;

/// Compares a failing capture with working ones. The first of them is laid beside it; the others teach what differs anyway.
///
/// `by_hand` holds conversations (by id, of the first working and of the failing capture) that are to be compared and nothing
/// else; empty if counterparts are to be found.
pub(crate) fn compare<'a>(
    goods: &[Capture<'_, 'a>],
    bad: Capture<'_, 'a>,
    by_hand: &[Both<ConversationId>],
) -> Comparison {
    let Some((good, further)) = goods.split_first() else { return verdict::without_working_capture() };
    let sides =
        Both { good: dialogues(good.case, by_hand, |ids| ids.good), bad: dialogues(bad.case, by_hand, |ids| ids.bad) };
    let (matches, left_out) = match by_hand {
        [] => pairing::pair(&sides.good, &sides.bad),
        _ => (chosen(&sides.good, &sides.bad), 0),
    };
    // Conversations that were chosen by hand have no counterparts in further captures.
    let further = if by_hand.is_empty() { further } else { &[] };
    let others: Vec<_> = further.iter().map(|capture| (capture.findings, dialogue::all(capture.case))).collect();
    let others: Vec<_> =
        others.iter().map(|(findings, goods)| (*findings, pairing::pair(goods, &sides.bad).0)).collect();
    let shared = |f: &&Finding| {
        is_shared(f, good.findings, &matches)
            || others.iter().any(|(findings, matches)| is_shared(f, findings, matches))
    };
    let of_sign_on = || bad.findings.iter().filter(|finding| !finding.rule.starts_with("cap-"));
    let own: Vec<&Finding> = of_sign_on().filter(|f| !shared(f)).collect();
    // Within one capture a finding may name both, and be the cause all the same.
    let is_one_capture = std::ptr::eq(good.case.analysis, bad.case.analysis);
    let both: Vec<&Finding> = of_sign_on().filter(|f| is_one_capture && shared(f)).collect();
    let mut comparisons: Vec<SideBySide<'_, '_>> = matches.iter().map(|m| side_by_side(m, &own, bad.case)).collect();
    for (_, others) in &others {
        forgive(&mut comparisons, &matches, others, &own, bad.case);
    }
    let learned = KnownNoise::from(&sides.good, further);
    let story =
        Story { good: *good, bad, sides: &sides, matches: &matches, comparisons: &comparisons, own: &own, both: &both };
    verdict::conclude(&story, &learned, left_out, further.len())
}

/// All dialogues, or one for each conversation that was chosen.
fn dialogues<'a>(
    case: &Case<'a>,
    by_hand: &[Both<ConversationId>],
    id: fn(&Both<ConversationId>) -> ConversationId,
) -> Vec<Dialogue<'a>> {
    if by_hand.is_empty() {
        return dialogue::all(case);
    }
    let find = |wanted: ConversationId| case.analysis.conversations.iter().find(|c: &&Conversation| c.id == wanted);
    by_hand.iter().filter_map(|ids| find(id(ids))).map(dialogue::of_conversation).collect()
}

fn chosen<'d, 'a>(good: &'d [Dialogue<'a>], bad: &'d [Dialogue<'a>]) -> Vec<DialoguePair<'d, 'a>> {
    let matched = good.iter().zip(bad);
    let reasons = || vec!["chosen by hand".to_owned()];
    matched.map(|(good, bad)| DialoguePair { good, bad, score: 100, reasons: reasons(), is_further: false }).collect()
}

/// The rule says the same of a counterpart: what is wrong with both is not the difference.
fn is_shared(finding: &Finding, of_good: &[Finding], matches: &[DialoguePair<'_, '_>]) -> bool {
    let named = matches.iter().filter(|m| m.bad.is_named_by(finding));
    let counterparts: Vec<_> = named.map(|m| m.good).collect();
    of_good.iter().any(|other| {
        other.rule == finding.rule
            && other.severity >= finding.severity
            && counterparts.iter().any(|dialogue| dialogue.is_named_by(other))
    })
}

fn side_by_side<'d, 'a>(m: &DialoguePair<'d, 'a>, own: &[&Finding], bad: &Case<'_>) -> SideBySide<'d, 'a> {
    let grave = own.iter().filter(|f| f.severity >= Severity::Major && m.bad.is_named_by(f));
    let evidence: Vec<FrameRef> = grave.flat_map(|finding| finding.frames.iter().copied()).collect();
    compare_dialogues(m.good, m.bad, &evidence, bad)
}

/// What another working capture does too is no fork.
fn forgive<'a>(
    comparisons: &mut [SideBySide<'_, 'a>],
    matches: &[DialoguePair<'_, 'a>],
    others: &[DialoguePair<'_, 'a>],
    own: &[&Finding],
    bad: &Case<'_>,
) {
    let alike = others.iter().filter(|m| side_by_side(m, own, bad).outcome == ForkOutcome::Alike);
    let alike: HashSet<_> = alike.map(|m| m.bad.place()).collect();
    for (side_by_side, _) in comparisons.iter_mut().zip(matches).filter(|(_, m)| alike.contains(&m.bad.place())) {
        side_by_side.outcome = ForkOutcome::Alike;
    }
}
