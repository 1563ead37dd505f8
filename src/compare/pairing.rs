//! Which dialogue of the working capture is the counterpart of which in the failing one: by what they are for, never by address or
//! by stream number.

use super::dialogue::Dialogue;
use crate::facts::names::{self, NameLikeness};
use hashbrown::HashSet;
use nrpcsniff_dissectors::Dialogues;

/// Dialogues of one protocol that are paired; more are counted.
const LIMIT: usize = 300;

/// Two dialogues that belong together.
#[derive(Debug)]
pub(crate) struct DialoguePair<'d, 'a> {
    /// The dialogue of the working capture.
    pub good: &'d Dialogue<'a>,
    /// The dialogue of the failing one.
    pub bad: &'d Dialogue<'a>,
    /// How sure it is that they belong together, 0 to 100.
    pub score: u8,
    /// Why they were paired, in words.
    pub reasons: Vec<String>,
    /// The counterpart has a better one: a further attempt.
    pub is_further: bool,
}

/// Pairs every dialogue of the failing capture with its best counterpart. Each has one of its own as far as that goes; further
/// attempts of the failing capture are laid beside the one that fits best. Gives also how many were not looked at.
pub(crate) fn pair<'d, 'a>(good: &'d [Dialogue<'a>], bad: &'d [Dialogue<'a>]) -> (Vec<DialoguePair<'d, 'a>>, usize) {
    let within = |side: &'d [Dialogue<'a>]| side.iter().filter(|d| d.rank < LIMIT).collect::<Vec<_>>();
    let (goods, bads) = (within(good), within(bad));
    let left_out = good.len() + bad.len() - goods.len() - bads.len();
    let mut candidates = Vec::new();
    for (b, bad) in bads.iter().enumerate() {
        for (g, good) in goods.iter().enumerate() {
            if let Some((score, _)) = score(good, bad, (&goods, &bads)) {
                candidates.push((score, distance(good, bad), b, g));
            }
        }
    }
    candidates.sort_by(|x, y| (y.0, x.1, x.2, x.3).cmp(&(x.0, y.1, y.2, y.3)));
    let (mut taken, mut paired) = (HashSet::new(), vec![None; bads.len()]);
    // First everybody gets a counterpart of his own, so that a further attempt takes none from one that fits less well.
    for first_round in [true, false] {
        for (place, candidate) in candidates.iter().enumerate() {
            let (_, _, b, g) = candidate;
            if paired[*b].is_none() && (!first_round || !taken.contains(g)) {
                taken.insert(*g);
                paired[*b] = Some((place, !first_round));
            }
        }
    }
    let matched = paired.into_iter().flatten().map(|(place, again)| {
        let (_, _, b, g) = candidates[place];
        let (score, mut reasons) = score(goods[g], bads[b], (&goods, &bads))?;
        if again {
            reasons.push("a further attempt, laid beside the same one".to_owned());
        }
        Some(DialoguePair { good: goods[g], bad: bads[b], score, reasons, is_further: again })
    });
    (matched.flatten().collect(), left_out)
}

/// How well two dialogues fit, and why; `None` if they cannot be counterparts.
fn score(
    good: &Dialogue<'_>,
    bad: &Dialogue<'_>,
    all: (&[&Dialogue<'_>], &[&Dialogue<'_>]),
) -> Option<(u8, Vec<String>)> {
    if good.protocol != bad.protocol {
        return None;
    }
    let mut reasons =
        vec![format!("both {}", good.protocol.map_or("of an unknown protocol", |protocol| protocol.name))];
    let mut score = 40;
    let alone = |side: &[&Dialogue<'_>]| side.iter().filter(|d| d.protocol == good.protocol).count() == 1;
    match purpose(good, bad) {
        Some((points, reason)) => {
            score += points;
            reasons.push(reason);
        }
        // Two hosts that are no namesakes have two purposes.
        None if is_of_host(good) && !(alone(all.0) && alone(all.1)) => return None,
        None => {}
    }
    let port = |dialogue: &Dialogue<'_>| dialogue.opening().map(|c| c.server.port);
    if port(good) == port(bad) {
        score += 10;
        reasons.extend(port(good).map(|port| format!("port {port}")));
    }
    if begins_alike(good, bad) {
        score += 10;
        reasons.push("they begin alike".to_owned());
    }
    if distance(good, bad) == 0 {
        score += 5;
        let place = if is_for_the_same(good, bad) { good.turn } else { good.rank };
        reasons.push(format!("number {} of their kind", place + 1));
    }
    Some((score, reasons))
}

/// It is what a client asked of one host.
fn is_of_host(dialogue: &Dialogue<'_>) -> bool {
    dialogue.protocol.is_some_and(|protocol| protocol.dialogues == Dialogues::Host)
}

/// Both say for whom they are, and they are for the same one.
fn is_for_the_same(good: &Dialogue<'_>, bad: &Dialogue<'_>) -> bool {
    let both = good.purpose.wanted.as_ref().zip(bad.purpose.wanted.as_ref());
    both.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other) || names::compare(one, other) == NameLikeness::Same)
}

/// How far apart they are in the order of their captures: among those for the same, else among those of their protocol.
fn distance(good: &Dialogue<'_>, bad: &Dialogue<'_>) -> usize {
    if is_for_the_same(good, bad) { good.turn.abs_diff(bad.turn) } else { good.rank.abs_diff(bad.rank) }
}

/// Points for the same purpose, up to 35.
fn purpose(good: &Dialogue<'_>, bad: &Dialogue<'_>) -> Option<(u8, String)> {
    let (g, b) = (&good.purpose, &bad.purpose);
    let manner = g.manner.as_ref().filter(|manner| b.manner.as_ref() == Some(manner));
    if let (Some(_), Some(other)) = (&g.wanted, &b.wanted) {
        let points = if g.manner.is_some() && manner.is_none() { 25 } else { 35 };
        if is_for_the_same(good, bad) {
            return Some((points, format!("both for {other}")));
        }
    }
    if let (Some(answered), Some(other)) = (&g.answered, &b.answered)
        && names::compare(answered, other) == NameLikeness::Same
    {
        return Some((20, format!("{other} answers in both")));
    }
    if let Some(manner) = manner {
        return Some((15, format!("both {manner}")));
    }
    match (&g.wanted, &b.wanted) {
        (Some(wanted), Some(other)) => akin(wanted, other),
        (None, None) => Some((10, "neither says for whom".to_owned())),
        _ => None,
    }
}

/// Namesakes in two domains, and two users of one domain.
fn akin(wanted: &str, other: &str) -> Option<(u8, String)> {
    let label = |name: &str| name.split('.').next().map(str::to_ascii_lowercase);
    let domain = |name: &str| name.split_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
    let (mine, theirs) = (domain(wanted), domain(other));
    if mine.is_some() && mine == theirs {
        return Some((15, format!("users of the same domain, {}", theirs.unwrap_or_default())));
    }
    let namesakes = wanted.contains('.') && other.contains('.') && label(wanted) == label(other);
    (mine.is_none() && namesakes).then(|| (15, format!("namesakes: {wanted} and {other}")))
}

/// The first turn of both comes to the same, and so does the second as far as there is one.
fn begins_alike(good: &Dialogue<'_>, bad: &Dialogue<'_>) -> bool {
    let first = |dialogue: &Dialogue<'_>| dialogue.turns.first().map(|turn| turn.key.clone());
    first(good).is_some() && first(good) == first(bad)
}
