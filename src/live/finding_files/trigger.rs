//! Which findings have their packets written (`--trigger`).

use crate::model::{Finding, RuleId, Severity};

/// Findings whose packets are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Trigger {
    /// Findings that are at least this severe; `None`: severity does not count.
    pub level: Option<Severity>,
    /// Findings of these rules, whatever their severity.
    pub rules: Vec<RuleId>,
}

impl Trigger {
    /// The packets of this finding are to be written.
    pub(crate) fn fires(&self, finding: &Finding) -> bool {
        self.level.is_some_and(|level| finding.severity >= level) || self.rules.contains(&finding.rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::finding_files::tests::finding;

    #[test]
    fn triggers_are_levels_and_rules() {
        let trigger =
            |level, rules: &[&'static str]| Trigger { level, rules: rules.iter().copied().map(RuleId::new).collect() };
        let major = finding("r", &[]);
        assert!(trigger(Some(Severity::Major), &[]).fires(&major) && trigger(Some(Severity::Info), &[]).fires(&major));
        assert!(trigger(Some(Severity::Blocker), &["x", "r"]).fires(&major));
        assert!(!trigger(Some(Severity::Blocker), &["x"]).fires(&major) && !trigger(None, &[]).fires(&major));
    }
}
