//! What tells one fault from another, however many it hits and however often the capture is judged.

use super::words::CAUSE;
use crate::model::{Finding, Layer, Severity};

/// What tells one cause from another, as text.
pub(crate) type Cause = String;

/// What tells causes apart: the rule, and of what it found out the server, what was asked of it and how it was refused.
/// What is said of the capture, and what names nothing of these, is told as the rule says it.
pub(super) fn cause(finding: &Finding) -> Cause {
    let by_itself = || format!("{} {:?} {:?}", finding.rule, finding.conversations, finding.frames);
    lasting_cause(finding).unwrap_or_else(by_itself)
}

/// What tells the cause of a finding from others however often the capture is judged; none where only conversations and frames do.
pub(crate) fn lasting_cause(finding: &Finding) -> Option<Cause> {
    let told = |name: &&'static str| finding.facts.get(name).map(|value| format!("{name}={value}"));
    let values: Vec<String> = CAUSE.iter().filter_map(told).collect();
    if finding.layer == Layer::Capture || values.is_empty() {
        return None;
    }
    // What is only good to know (an alias that is accepted) is no example of a fault.
    let is_fault = finding.severity > Severity::Info;
    Some(format!("{} {is_fault} {}", finding.rule, values.join(" ")))
}

#[cfg(test)]
mod tests {
    #[test]
    fn causes_are_told_apart_by_facts_that_exist() {
        let names = include_str!("words/facts.md");
        let unknown: Vec<_> = super::CAUSE.iter().filter(|name| !names.contains(&format!("| `{name}` |"))).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
