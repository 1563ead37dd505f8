//! What the file of a finding is called, and what its comment says.

use crate::live::retention::utc;
use crate::model::{Conversation, Finding, Timestamp};
use crate::report::escape;

/// Time, rule and client, in characters that are safe everywhere.
pub(super) fn name(finding: &Finding, conversation: Option<&Conversation>, now: Timestamp, copy: u32) -> String {
    let client = conversation.map(|conversation| conversation.client.ip.to_string());
    let copy = (copy > 1).then(|| copy.to_string());
    let parts = [Some(utc(now, "%Y%m%dT%H%M%S.%3fZ")), Some(finding.rule.to_string()), client, copy];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let name: String = name.chars().map(|letter| if is_safe(letter) { letter } else { '-' }).collect();
    name + ".pcapng"
}

/// The finding, in words. What comes from the wire is escaped, for tools show comments on terminals.
pub(super) fn comment(finding: &Finding) -> String {
    let Finding { rule, severity, confidence, title, explanation, .. } = finding;
    let mut lines = vec![
        format!("{rule}: {}", escape::terminal(title)),
        format!("Severity {}, confidence {}.", severity.name(), confidence.name()),
        escape::terminal(explanation).into_owned(),
    ];
    if !finding.remedy.is_empty() {
        lines.push("What to do:".to_owned());
        let steps = finding.remedy.iter().zip(1..);
        lines.extend(steps.map(|(remedy, number)| format!("{number}. {}", escape::terminal(remedy))));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::finding_files::tests::{BEGIN, conversations, finding};
    use crate::model::Close;

    #[test]
    fn names_are_safe() {
        let mut talks = conversations(&[(1, Close::Open)]);
        talks[0].client.ip = "2001:db8::5".parse().unwrap();
        let name = |talk| name(&finding("../r", &[0]), talk, Timestamp::new(BEGIN + 123_999_999, 9), 1);
        assert_eq!(name(talks.first()), "20261127T081000.123Z-..-r-2001-db8--5.pcapng");
        assert_eq!(name(None), "20261127T081000.123Z-..-r.pcapng");
    }

    #[test]
    fn the_comment_is_the_finding_and_harmless() {
        let comment = comment(&finding("some-rule", &[]));
        assert!(comment.starts_with("some-rule: It is \\x1b[31mred\nSeverity major, confidence high."), "{comment}");
        assert!(comment.ends_with("What to do:\n1. Mend it"), "{comment}");
    }
}
