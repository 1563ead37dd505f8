//! Words, groups and numbers that the rules of the network share.

use super::{Draft, Talk};
use crate::model::Conversation;
use hashbrown::HashMap;
use std::fmt::Display;
use std::hash::Hash;

/// Lines of evidence of one kind in one finding; further ones are counted.
pub const EVIDENCE: usize = 12;

/// Puts items together that have the same key. Groups stand in the order of their first item, items in theirs.
pub fn group_by<T, K: Eq + Hash>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<Vec<T>> {
    let mut index: HashMap<K, usize> = HashMap::new();
    let mut groups: Vec<Vec<T>> = Vec::new();
    for item in items {
        let at = *index.entry(key(&item)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

/// Adds evidence for each of `items`, [`EVIDENCE`] of them at most, then how many more there are.
pub fn each<T>(draft: Draft, items: &[T], what: &str, add: impl Fn(Draft, &T) -> Draft) -> Draft {
    let draft = items.iter().take(EVIDENCE).fold(draft, add);
    match items.len().saturating_sub(EVIDENCE) {
        0 => draft,
        more => draft.note(format!("and {more} more {what}")),
    }
}

/// `client → server` of a conversation, with ports.
pub fn path(conversation: &Conversation) -> String {
    format!("{} → {}", conversation.client, conversation.server)
}

/// The clients of a group by address: "10.0.0.5", "10.0.0.5 and 10.0.0.6", "10.0.0.5 and 7 other clients".
pub fn clients(group: &[&Talk<'_>]) -> String {
    listed(group.iter().map(|talk| talk.conversation.client.ip), "clients")
}

/// Distinct items in their order, the first alone if there are more than two.
pub fn listed<T: Display>(items: impl IntoIterator<Item = T>, what: &str) -> String {
    let distinct: Vec<T> =
        group_by(items, ToString::to_string).into_iter().filter_map(|g| g.into_iter().next()).collect();
    match distinct.as_slice() {
        [] => format!("no {what}"),
        [one] => one.to_string(),
        [one, two] => format!("{one} and {two}"),
        [one, more @ ..] => format!("{one} and {} other {what}", more.len()),
    }
}

/// "1 attempt", "3 attempts".
pub fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// `part` of `whole`, between 0 and 1; 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "a share of counted segments, far below 2^52")]
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Nanoseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "compared with thresholds of milliseconds and more")]
pub fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

/// The middle one of some values; 0 of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Are these values equal within this share of their median?
pub fn equal_within(values: &[f64], spread: f64) -> bool {
    let middle = median(values);
    values.iter().all(|value| (value - middle).abs() <= spread * middle)
}

#[cfg(test)]
mod tests {
    use super::{equal_within, group_by, listed, median};

    #[test]
    fn groups_keep_their_order() {
        let groups = group_by(["b1", "a1", "b2"], |item| item.as_bytes()[0]);
        assert_eq!(groups, [vec!["b1", "b2"], vec!["a1"]]);
    }

    #[test]
    fn lists_read_well() {
        assert_eq!(listed(["a", "a"], "clients"), "a");
        assert_eq!(listed(["a", "b", "a"], "clients"), "a and b");
        assert_eq!(listed(["a", "b", "c"], "clients"), "a and 2 other clients");
    }

    #[test]
    fn equal_is_told_from_spread() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(equal_within(&[1800.0, 1801.0, 1799.0], 0.05) && !equal_within(&[1800.0, 600.0, 1799.0], 0.05));
    }
}
