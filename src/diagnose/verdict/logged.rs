//! What people wanted by what logs tell.

use super::Wishes;
use super::wishes::WishCount;
use crate::facts::logs::LoggedAttempt;
use crate::model::{AttemptKind, Finding, LogLine, Outcome, Severity, Weight};
use hashbrown::HashSet;

impl Wishes {
    /// Counts what logs tell of attempts; findings say what of the failures is explained. Steps count where they fail.
    pub(crate) fn of_logs<'c, 'a: 'c>(
        attempts: impl Iterator<Item = &'c LoggedAttempt<'a>>,
        findings: impl Iterator<Item = &'c Finding>,
    ) -> Self {
        let attempts: Vec<&LoggedAttempt<'_>> = attempts.collect();
        let (faults, others): (Vec<&Finding>, Vec<&Finding>) =
            findings.partition(|finding| finding.severity >= Severity::Minor);
        let (faults, told) = (ToldFailures::by(&faults, &attempts), ToldFailures::by(&others, &attempts));
        let mut wishes = Self::default();
        for attempt in attempts.iter().filter(|attempt| !(attempt.kind.is_step() && attempt.outcome.is_granted())) {
            let kind = if attempt.kind == AttemptKind::NrpcAuth { AttemptKind::NrpcOpen } else { attempt.kind };
            let count = wishes.of.entry(kind).or_default();
            let before = count.tried();
            add(count, attempt, &faults, &told);
            wishes.logged = wishes.logged.saturating_add(count.tried().saturating_sub(before));
        }
        wishes
    }
}

fn add(count: &mut WishCount, attempt: &LoggedAttempt<'_>, faults: &ToldFailures<'_>, told: &ToldFailures<'_>) {
    let is_fault = faults.has(attempt);
    let counter = match &attempt.outcome {
        Outcome::Granted => &mut count.granted,
        Outcome::Unknown(_) => return,
        _ if attempt.weight == Weight::NobodyMinds || (told.has(attempt) && !is_fault) => &mut count.unminded,
        _ if attempt.is_mended => &mut count.mended,
        Outcome::Unanswered => &mut count.unanswered,
        Outcome::CutOff(_) => &mut count.cut_off,
        Outcome::Refused(_) => &mut count.refused,
    };
    *counter = counter.saturating_add(1);
    if attempt.is_lost() && !is_fault && !told.has(attempt) {
        count.untold = count.untold.saturating_add(1);
        count.how.get_or_insert_with(|| attempt.outcome.words());
    }
}

/// Failures that findings name: by a line, or as one that ended in the same words in the same log.
struct ToldFailures<'c> {
    lines: HashSet<LogLine>,
    alike: HashSet<(u32, AttemptKind, &'c str)>,
}

impl<'c> ToldFailures<'c> {
    fn by(findings: &[&Finding], attempts: &[&'c LoggedAttempt<'_>]) -> Self {
        let evidence = findings.iter().flat_map(|finding| &finding.evidence);
        let lines = evidence.filter_map(|fact| fact.line).collect();
        let mut told = Self { lines, alike: HashSet::new() };
        let named = attempts.iter().filter(|attempt| told.shows(attempt)).filter_map(|attempt| alike(attempt));
        told.alike = named.collect();
        told
    }

    fn shows(&self, attempt: &LoggedAttempt<'_>) -> bool {
        attempt.lines.iter().any(|line| self.lines.contains(line))
    }

    fn has(&self, attempt: &LoggedAttempt<'_>) -> bool {
        self.shows(attempt) || alike(attempt).is_some_and(|alike| self.alike.contains(&alike))
    }
}

fn alike<'c>(attempt: &LoggedAttempt<'c>) -> Option<(u32, AttemptKind, &'c str)> {
    attempt.id().map(|line| (line.log, attempt.kind, attempt.said))
}
