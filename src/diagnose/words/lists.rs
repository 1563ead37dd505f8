//! Lists and counts in sentences.

use crate::facts::Talk;
use crate::facts::grouping::group_by;
use crate::model::Conversation;
use std::fmt::Display;

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

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn lists_read_well() {
        assert_eq!(listed(["a", "a"], "clients"), "a");
        assert_eq!(listed(["a", "b", "a"], "clients"), "a and b");
        assert_eq!(listed(["a", "b", "c"], "clients"), "a and 2 other clients");
    }
}
