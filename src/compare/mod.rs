//! A working capture and a failing one, side by side: where do they part, and what explains it?
//!
//! Two sessions never have the same packets, so packets are not compared. `pairing` finds the counterpart of each dialogue by what
//! it is for, `align` lays messages side by side, `fork` finds the first place where they part in a way that matters,
//! `fields` what differs before it. What is noise is known per field (`Protocol::roles` of the dissectors), and learned: a
//! field in which two working captures differ can never be the cause. The rules have judged both captures before: `own` tells which
//! findings only one of them has, `outcomes` what people got in each, and `decision` weighs both against where they part.

mod align;
mod capture;
mod decision;
mod dialogue;
mod explain;
mod fields;
mod fork;
mod learn;
mod outcomes;
mod own;
mod pairing;
mod steps;
mod story;
#[cfg(test)]
mod swapped_tests;
#[cfg(test)]
mod tests;
mod timing;
mod tokens;
mod verdict;

pub(crate) use capture::Capture;

use crate::diagnose::Case;
use crate::facts::attempts::Outcomes;
use crate::model::{Both, Comparison, Conversation, ConversationId, Finding, FrameRef, Severity};
use dialogue::Dialogue;
use fork::{ForkOutcome, Known, SideBySide, compare_dialogues};
use hashbrown::HashSet;
use learn::KnownNoise;
use outcomes::verdict_on;
use own::OwnFindings;
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
    let dialogues: Vec<_> = further.iter().map(|capture| dialogue::all(capture.case)).collect();
    let others: Vec<_> =
        further.iter().zip(&dialogues).map(|(of, goods)| (of, pairing::pair(goods, &sides.bad).0)).collect();
    let mut own = OwnFindings::of(*good, bad, &matches);
    if !by_hand.is_empty() {
        own.keep_those_of(&sides);
    }
    for (capture, pairs) in &others {
        own.forgive(capture.findings, pairs);
    }
    let comparisons = lay(*good, bad, &matches, &others, &own.alone.bad);
    let learned = KnownNoise::from(&sides.good, further);
    let parts = (!by_hand.is_empty())
        .then(|| Both { good: verdict_on(*good, &sides.good, &own.both), bad: verdict_on(bad, &sides.bad, &own.both) });
    let verdicts = match &parts {
        Some(parts) => Both { good: &parts.good, bad: &parts.bad },
        None => Both { good: good.verdict, bad: bad.verdict },
    };
    let further: Vec<_> = further.iter().map(|capture| capture.verdict).collect();
    let (good, sides, matches, comparisons) = (*good, &sides, &matches, &comparisons);
    let story = Story { good, bad, sides, matches, comparisons, own: &own, verdicts, further: &further };
    verdict::conclude(&story, &learned, left_out)
}

/// Lays every pair side by side. `others` are the further working captures with their own pairs.
fn lay<'d, 'a>(
    good: Capture<'_, 'a>,
    bad: Capture<'_, 'a>,
    matches: &[DialoguePair<'d, 'a>],
    others: &[(&Capture<'_, 'a>, Vec<DialoguePair<'_, 'a>>)],
    own: &[&Finding],
) -> Vec<SideBySide<'d, 'a>> {
    let outcomes = Both { good: Outcomes::of(good.case), bad: Outcomes::of(bad.case) };
    let known = Known { case: bad.case, outcomes: Both { good: &outcomes.good, bad: &outcomes.bad } };
    let mut comparisons: Vec<_> = matches.iter().map(|m| side_by_side(m, own, known)).collect();
    for (capture, pairs) in others {
        let outcomes = Both { good: &Outcomes::of(capture.case), ..known.outcomes };
        forgive(&mut comparisons, matches, pairs, own, Known { outcomes, ..known });
    }
    comparisons
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

fn side_by_side<'d, 'a>(m: &DialoguePair<'d, 'a>, own: &[&Finding], known: Known<'_>) -> SideBySide<'d, 'a> {
    let grave = own.iter().filter(|f| f.severity >= Severity::Major && m.bad.is_named_by(f));
    let evidence: Vec<FrameRef> = grave.flat_map(|finding| finding.frames.iter().copied()).collect();
    compare_dialogues(m.good, m.bad, &evidence, known)
}

/// What another working capture does too is no fork.
fn forgive<'a>(
    comparisons: &mut [SideBySide<'_, 'a>],
    matches: &[DialoguePair<'_, 'a>],
    others: &[DialoguePair<'_, 'a>],
    own: &[&Finding],
    known: Known<'_>,
) {
    let alike = others.iter().filter(|m| side_by_side(m, own, known).outcome == ForkOutcome::Alike);
    let alike: HashSet<_> = alike.map(|m| m.bad.place()).collect();
    for (side_by_side, _) in comparisons.iter_mut().zip(matches).filter(|(_, m)| alike.contains(&m.bad.place())) {
        side_by_side.outcome = ForkOutcome::Alike;
    }
}
