//! Lists and counts in sentences.

use super::Clients;
use crate::facts::Talk;
use crate::model::Conversation;
use hashbrown::HashSet;
use std::fmt::Display;
use std::hash::Hash;

/// Items of a list that facts hold; the rest is counted.
const FEW: usize = 8;

/// `client → server` of a conversation, with ports.
pub(crate) fn path(conversation: &Conversation) -> String {
    format!("{} → {}", conversation.client, conversation.server)
}

/// The clients of a group by address.
pub(crate) fn clients(group: &[&Talk<'_>]) -> Clients {
    Clients::of(group.iter().map(|talk| talk.conversation.client.ip))
}

/// Distinct items in their order, as [`few_of`] says them.
pub(crate) fn listed<T: Display>(items: impl IntoIterator<Item = T>, what: &str) -> String {
    let (first, count) = few(items.into_iter().map(|item| item.to_string()));
    few_of(&first, count, what)
}

/// Distinct items in their order: the first eight, and how many they are.
pub(crate) fn few<T: Clone + Eq + Hash>(items: impl IntoIterator<Item = T>) -> (Vec<T>, usize) {
    let mut seen = HashSet::new();
    let distinct = items.into_iter().filter(|item| seen.insert(item.clone()));
    let mut first = Vec::new();
    let mut count = 0_usize;
    for item in distinct {
        if first.len() < FEW {
            first.push(item);
        }
        count = count.saturating_add(1);
    }
    (first, count)
}

/// "10.0.0.5", "10.0.0.5 and 10.0.0.6", "10.0.0.5 and 7 other clients": the first items of `count`.
pub(crate) fn few_of<T: Display>(first: &[T], count: usize, what: &str) -> String {
    match (first, count) {
        ([], _) => format!("no {what}"),
        ([one], _) => one.to_string(),
        ([one, two], 2) => format!("{one} and {two}"),
        ([one, ..], _) => format!("{one} and {} other {what}", count.saturating_sub(1)),
    }
}

/// "1 attempt", "3 attempts".
pub(crate) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::{few, few_of, listed};

    #[test]
    fn lists_read_well() {
        assert_eq!(listed(["a", "a"], "clients"), "a");
        assert_eq!(listed(["a", "b", "a"], "clients"), "a and b");
        assert_eq!(listed(["a", "b", "c"], "clients"), "a and 2 other clients");
        assert_eq!(listed([""; 0], "clients"), "no clients");
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let (first, count) = few((0..100).chain(0..100));
        assert_eq!((first.as_slice(), count), (&[0, 1, 2, 3, 4, 5, 6, 7][..], 100));
        assert_eq!(few_of(&first, count, "ports"), "0 and 99 other ports");
    }
}
