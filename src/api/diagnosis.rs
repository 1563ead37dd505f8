//! What came of reading and judging.

use super::merge::MergedCaptures;
use crate::diagnose::{Settings, verdict};
use crate::model::{Analysis, Conclusion, Finding, Layer, Verdict, VerdictKind};
use crate::report::{self, Report};
use nrpcsniff_dissectors::Reader;
use std::io::{self, Write};

/// Captures and logs that were read, with their findings.
#[derive(Debug)]
pub struct Diagnosis {
    pub(crate) analysis: Analysis,
    pub(crate) findings: Vec<Finding>,
    pub(crate) conclusion: Conclusion,
    /// A capture could be opened.
    pub(crate) opened: bool,
    /// A capture or a log could not be read, or not to its end.
    pub(crate) trouble: bool,
    settings: Settings,
    show_secrets: bool,
}

impl Diagnosis {
    /// Nothing more comes: what was merged is the diagnosis.
    pub(super) fn new(merged: MergedCaptures, opened: bool, settings: Settings, show_secrets: bool) -> Self {
        let MergedCaptures { analysis, findings, wishes, attempts, outcomes, .. } = merged;
        let verdict = verdict(&analysis, &findings, &wishes);
        let conclusion = Conclusion { verdict, attempts: attempts.rows, captures: outcomes };
        let complete =
            analysis.inputs.iter().all(|input| input.complete) && analysis.logs.iter().all(|log| log.complete);
        Self { analysis, findings, conclusion, opened, trouble: !complete, settings, show_secrets }
    }

    /// What was read: inputs, totals, conversations with their messages, logs.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// What the rules say of it, in the order in which a reader should see it: what weighs most comes first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What all of it comes to: the same in every format.
    pub fn verdict(&self) -> &Verdict {
        &self.conclusion.verdict
    }

    /// True if every capture and every log was read to its end. What is wrong with one stands in its `problem`.
    pub fn is_complete(&self) -> bool {
        !self.trouble
    }

    /// Writes the report. It goes out in small pieces: give it a writer that collects them.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, options: &report::ReportOptions, out: &mut dyn Write) -> io::Result<()> {
        report::write(self.report(), &self.conclusion, options, out)
    }

    /// Leaves one finding alone, by its number in the list of the short answer, as if it were the only one: false if there are not so many.
    pub(crate) fn only(&mut self, number: usize) -> bool {
        let order = report::order(&self.findings, &self.conclusion.verdict);
        let Some(place) = number.checked_sub(1).and_then(|place| order.get(place)).copied() else { return false };
        let finding = self.findings.swap_remove(place);
        let verdict = &mut self.conclusion.verdict;
        if verdict.finding != Some(place) {
            verdict.kind = if finding.layer == Layer::Fallback { VerdictKind::Failed } else { VerdictKind::Fault };
            verdict.text.clone_from(&finding.title);
        }
        verdict.finding = Some(0);
        self.findings = vec![finding];
        true
    }

    /// How messages are read out.
    pub(crate) fn reader(&self) -> Reader<'_> {
        self.settings.reader(self.show_secrets)
    }

    /// A log could be read, if only in part.
    pub(crate) fn has_log(&self) -> bool {
        self.analysis.logs.iter().any(|log| log.kind.is_some())
    }

    fn report(&self) -> Report<'_> {
        Report { analysis: &self.analysis, findings: &self.findings, reader: self.reader() }
    }
}
