//! The exit status, decided in one place.

use crate::model::{Finding, Severity, VerdictKind};
use std::process::ExitCode;

/// The end of a run, as the exit status tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// Everything was read and reported.
    Done,
    /// Everything was read, and a finding is at least as severe as `--fail-on` says.
    FailOn,
    /// Two captures differ in a way that matters, or something differs from what was expected.
    Differs,
    /// Wrong usage, or an input that cannot be read or is damaged, or two captures that cannot be compared.
    Trouble,
    /// The user ended it before anything could be reported.
    Stopped,
}

impl ExitStatus {
    /// Trouble outranks `--fail-on`, as with grep: what was not read may hold worse. What the verdict calls failed counts as
    /// major, whether a finding tells of it or not.
    pub(crate) fn of(trouble: bool, findings: &[Finding], verdict: VerdictKind, fail_on: Option<Severity>) -> Self {
        let failed = (verdict == VerdictKind::Failed).then_some(Severity::Major);
        let worst = findings.iter().map(|finding| finding.severity).max().max(failed);
        if trouble {
            Self::Trouble
        } else if fail_on.is_some_and(|limit| worst.is_some_and(|worst| worst >= limit)) {
            Self::FailOn
        } else {
            Self::Done
        }
    }

    /// The number that the shell sees.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::FailOn | Self::Differs => 1,
            Self::Trouble => 2,
            Self::Stopped => 130,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(outcome: ExitStatus) -> Self {
        Self::from(outcome.status())
    }
}

#[cfg(test)]
mod tests {
    use super::ExitStatus;
    use crate::model::{Confidence, Facts, Finding, Layer, RuleId, Severity, VerdictKind};

    fn findings(severity: Severity) -> Vec<Finding> {
        vec![Finding {
            rule: RuleId::new("x"),
            severity,
            confidence: Confidence::Low,
            score: 0,
            title: String::new(),
            explanation: String::new(),
            conversations: Vec::new(),
            frames: Vec::new(),
            evidence: Vec::new(),
            remedy: Vec::new(),
            references: Vec::new(),
            also: Vec::new(),
            layer: Layer::Protocol,
            facts: Facts::default(),
            group: crate::model::Group::default(),
        }]
    }

    #[test]
    fn the_limit_includes_itself_and_what_is_worse() {
        let status =
            |trouble, severity, limit| ExitStatus::of(trouble, &findings(severity), VerdictKind::Works, limit).status();
        assert_eq!(status(false, Severity::Blocker, None), 0);
        assert_eq!(status(false, Severity::Blocker, Some(Severity::Major)), 1);
        assert_eq!(status(false, Severity::Major, Some(Severity::Major)), 1);
        assert_eq!(status(false, Severity::Minor, Some(Severity::Major)), 0);
        assert_eq!(status(true, Severity::Blocker, Some(Severity::Major)), 2);
        assert_eq!(ExitStatus::of(false, &[], VerdictKind::Works, Some(Severity::Info)).status(), 0);
    }

    #[test]
    fn what_failed_without_a_cause_counts_as_major() {
        let status = |verdict, limit| ExitStatus::of(false, &[], verdict, Some(limit)).status();
        assert_eq!(status(VerdictKind::Failed, Severity::Major), 1);
        assert_eq!(status(VerdictKind::Failed, Severity::Blocker), 0);
        assert_eq!(status(VerdictKind::Undecided, Severity::Info), 0);
    }
}
