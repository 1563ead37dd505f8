//! The report of a comparison: for people, and as JSON.

mod json;
mod side_by_side;
mod table;

use crate::model::{Analysis, Both, Class, Comparison, ComparisonResult, Difference, Finding, FrameRef, Step};
use nrpcsniff_dissectors::{Reader, Value};
use std::io::{self, Write};

/// A comparison, the captures and the findings of the failing one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ComparisonReport<'a> {
    /// Result of the comparison.
    pub comparison: &'a Comparison,
    /// The working and the failing capture.
    pub analyses: Both<&'a Analysis>,
    /// Further working captures.
    pub further: &'a [&'a Analysis],
    /// Findings of the failing capture, in order.
    pub findings: &'a [Finding],
    /// How messages are read out.
    pub reader: Reader<'a>,
}

/// Format and appearance of the report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ComparisonOptions {
    /// One JSON document instead of a table.
    pub json: bool,
    /// Noise and every line, too.
    pub all: bool,
    /// Colours (table only).
    pub color: bool,
    /// Columns of the terminal (table only).
    pub width: usize,
}

/// Writes the report.
pub(crate) fn write(report: ComparisonReport<'_>, options: &ComparisonOptions, out: &mut dyn Write) -> io::Result<()> {
    if options.json { json::write(report, options, out) } else { table::write(report, options, out) }
}

impl<'a> ComparisonReport<'a> {
    /// The working or failing capture as a report of its own.
    fn alone(self, analysis: &'a Analysis) -> super::Report<'a> {
        super::Report { analysis, findings: self.findings, reader: self.reader }
    }

    fn differences(self, class: Class) -> impl Iterator<Item = &'a Difference> {
        self.comparison.differences.iter().filter(move |difference| difference.class == class)
    }

    /// The finding of the failing capture that the comparison names as the cause. Where the two were swapped it is one of the
    /// other, which is not at hand.
    fn cause(self) -> Option<&'a Finding> {
        if self.comparison.result == ComparisonResult::Swapped {
            return None;
        }
        let rule = self.comparison.cause?;
        self.findings.iter().find(|finding| finding.rule == rule)
    }

    /// Frames of a capture that show where the two part and why: of steps at the fork, and of what explains it.
    fn frames(self, side: impl Fn(&Both<Option<crate::model::Stamp>>) -> Option<crate::model::Stamp>) -> Vec<FrameRef> {
        let fork = self.comparison.fork.as_ref();
        let at = |step: Option<&Step>| step.and_then(|step| step.at);
        let steps = fork.map(|fork| Both { good: at(fork.steps.good.as_ref()), bad: at(fork.steps.bad.as_ref()) });
        let explaining = self.differences(Class::Explains).map(|difference| difference.at);
        let mut frames: Vec<_> =
            explaining.chain(steps).filter_map(|stamps| side(&stamps)).map(|at| at.frame).collect();
        frames.sort_unstable();
        frames.dedup();
        frames
    }
}

/// A value for people; what is not there is `–`.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Bool(is)) => if *is { "yes" } else { "no" }.to_owned(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Float(number)) => number.to_string(),
        Some(Value::List(_) | Value::Map(_)) => "present".to_owned(),
    }
}
