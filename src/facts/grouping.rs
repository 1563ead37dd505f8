//! Putting together what has the same key.

use hashbrown::HashMap;
use std::hash::Hash;

/// Puts items together that have the same key. Groups stand in the order of their first item, items in theirs.
pub(crate) fn group_by<T, K: Eq + Hash>(items: impl IntoIterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<Vec<T>> {
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

#[cfg(test)]
mod tests {
    use super::group_by;

    #[test]
    fn groups_keep_their_order() {
        let groups = group_by(["b1", "a1", "b2"], |item| item.as_bytes()[0]);
        assert_eq!(groups, [vec!["b1", "b2"], vec!["a1"]]);
    }
}
