//! The exit status, decided in one place.

use crate::model::{Finding, Severity};
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
    /// Trouble outranks `--fail-on`, as with grep: what was not read may hold worse.
    pub(crate) fn of(trouble: bool, findings: &[Finding], fail_on: Option<Severity>) -> Self {
        if trouble {
            Self::Trouble
        } else if fail_on.is_some_and(|limit| findings.iter().any(|finding| finding.severity >= limit)) {
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
    use crate::model::{Confidence, Facts, Finding, Layer, RuleId, Severity};

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
        let status = |trouble, severity, limit| ExitStatus::of(trouble, &findings(severity), limit).status();
        assert_eq!(status(false, Severity::Blocker, None), 0);
        assert_eq!(status(false, Severity::Blocker, Some(Severity::Major)), 1);
        assert_eq!(status(false, Severity::Major, Some(Severity::Major)), 1);
        assert_eq!(status(false, Severity::Minor, Some(Severity::Major)), 0);
        assert_eq!(status(true, Severity::Blocker, Some(Severity::Major)), 2);
        assert_eq!(ExitStatus::of(false, &[], Some(Severity::Info)).status(), 0);
    }
}
