//! Aligns what was said in two dialogues: messages, not packets, with gaps where one side says more.

use super::dialogue::{Dialogue, DialogueMessage, DialogueTurn};
use crate::model::{Both, Likeness};
use hashbrown::HashMap;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::VecDeque;

/// Two messages side by side, or one that has no counterpart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlignedMessages<'d, 'a> {
    /// The message of the working and that of the failing dialogue.
    pub messages: Both<Option<&'d DialogueMessage<'a>>>,
    /// Whether the two come to the same.
    pub likeness: Likeness,
}

/// Lays two dialogues side by side. Turns keep their order, but for requests with responses: those of a browser that opens several
/// connections may come in any.
pub(crate) fn align<'d, 'a>(good: &'d Dialogue<'a>, bad: &'d Dialogue<'a>) -> Vec<AlignedMessages<'d, 'a>> {
    let keys = |dialogue: &'d Dialogue<'a>| dialogue.turns.iter().map(|turn| &turn.key).collect::<Vec<_>>();
    let ops = capture_diff_slices(Algorithm::Myers, &keys(good), &keys(bad));
    let mut places = Vec::new();
    for op in ops {
        push_aligned(&op, good, bad, &mut places);
    }
    if !good.is_one_connection() {
        join_reordered(&mut places, good, bad);
    }
    places.into_iter().flat_map(|(g, b)| rows(g.map(|i| &good.turns[i]), b.map(|i| &bad.turns[i]))).collect()
}

/// Places of two turns that stand side by side.
type AlignedTurns = (Option<usize>, Option<usize>);

fn push_aligned(op: &DiffOp, good: &Dialogue<'_>, bad: &Dialogue<'_>, places: &mut Vec<AlignedTurns>) {
    match *op {
        DiffOp::Equal { old_index, new_index, len } => {
            places.extend((0..len).map(|i| (Some(old_index + i), Some(new_index + i))));
        }
        DiffOp::Delete { old_index, old_len, .. } => {
            places.extend((0..old_len).map(|i| (Some(old_index + i), None)));
        }
        DiffOp::Insert { new_index, new_len, .. } => {
            places.extend((0..new_len).map(|i| (None, Some(new_index + i))));
        }
        DiffOp::Replace { old_index, old_len, new_index, new_len } => {
            let mut goods: VecDeque<_> = (old_index..old_index + old_len).collect();
            let mut bads: VecDeque<_> = (new_index..new_index + new_len).collect();
            // In order, as long as the next two could be the same message with another content.
            while let (Some(&g), Some(&b)) = (goods.front(), bads.front()) {
                if !may_correspond(&good.turns[g], &bad.turns[b]) {
                    break;
                }
                places.push((goods.pop_front(), bads.pop_front()));
            }
            places.extend(goods.into_iter().map(|g| (Some(g), None)));
            places.extend(bads.into_iter().map(|b| (None, Some(b))));
        }
    }
}

/// The two turns may be counterparts: the same side speaks, and both ask or both answer.
fn may_correspond(good: &DialogueTurn<'_>, bad: &DialogueTurn<'_>) -> bool {
    let answers = |turn: &DialogueTurn<'_>| turn.first.as_ref().map(|said| said.is_answer);
    good.key.0 == bad.key.0 && answers(good) == answers(bad)
}

/// Turns that both sides have, in another order, are put side by side where the failing dialogue has them.
fn join_reordered(places: &mut Vec<AlignedTurns>, good: &Dialogue<'_>, bad: &Dialogue<'_>) {
    let mut waiting: HashMap<_, VecDeque<usize>> = HashMap::new();
    for &(g, _) in places.iter().filter(|(_, b)| b.is_none()) {
        let Some(g) = g else { continue };
        waiting.entry(&good.turns[g].key).or_default().push_back(g);
    }
    let mut found = hashbrown::HashSet::new();
    for (g, b) in places.iter_mut() {
        let (None, Some(b)) = (*g, *b) else { continue };
        let counterpart = waiting.get_mut(&bad.turns[b].key).and_then(VecDeque::pop_front);
        found.extend(counterpart);
        *g = counterpart;
    }
    places.retain(|(g, b)| b.is_some() || g.is_none_or(|g| !found.contains(&g)));
}

/// The request, then the response.
fn rows<'d, 'a>(
    good: Option<&'d DialogueTurn<'a>>,
    bad: Option<&'d DialogueTurn<'a>>,
) -> impl Iterator<Item = AlignedMessages<'d, 'a>> {
    let first = Both { good: good.and_then(|t| t.first.as_ref()), bad: bad.and_then(|t| t.first.as_ref()) };
    let second = Both { good: good.and_then(|t| t.second.as_ref()), bad: bad.and_then(|t| t.second.as_ref()) };
    let aligned = |messages: Both<Option<&'d DialogueMessage<'a>>>| {
        let likeness = match (messages.good, messages.bad) {
            (Some(good), Some(bad)) if good.meaning == bad.meaning => Likeness::Same,
            (Some(_), Some(_)) => Likeness::Changed,
            _ => Likeness::Alone,
        };
        (messages.good.is_some() || messages.bad.is_some()).then_some(AlignedMessages { messages, likeness })
    };
    [aligned(first), aligned(second)].into_iter().flatten()
}
