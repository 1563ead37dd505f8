//! The first thing to read: what everything comes to, and what limits it.

use super::super::text::{counted, wrap};
use super::{TableContext, is_about_the_capture};
use crate::model::{Finding, Severity, Verdict};
use std::io::{self, Write};

/// Room of the label, and of what stands below it.
const INDENT: usize = 9;

/// Writes the verdict, how many findings there are and what was tried, and what limits it.
pub(super) fn write(context: TableContext<'_>, verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    let indent = " ".repeat(INDENT);
    let label = context.paint.bold("VERDICT");
    writeln!(out, "{label}  {}\n", wrap(&context.zone.told_in(&verdict.text), &indent, context.width).trim_start())?;
    let judged: Vec<_> = context.report.findings.iter().filter(|f| !is_about_the_capture(f)).collect();
    // Where the verdict rests on a finding its text is that of the finding.
    let tried = if verdict.finding.is_some() { verdict.tried.as_str() } else { "" };
    let tally = if judged.is_empty() { String::new() } else { tally(&judged) };
    let counts = [tally.as_str(), tried].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ");
    if !counts.is_empty() {
        writeln!(out, "{}\n", wrap(&counts, &indent, context.width))?;
    }
    verdict.cautions.iter().try_for_each(|line| writeln!(out, "{}", wrap(line, "  - ", context.width)))?;
    if verdict.cautions.is_empty() { Ok(()) } else { writeln!(out) }
}

/// `2 findings: 1 blocker, 1 info.`
fn tally(findings: &[&Finding]) -> String {
    let severities = [Severity::Blocker, Severity::Major, Severity::Minor, Severity::Info];
    let parts: Vec<_> = severities
        .into_iter()
        .map(|severity| (findings.iter().filter(|f| f.severity == severity).count(), severity.name()))
        .filter(|(number, _)| *number > 0)
        .map(|(number, name)| format!("{number} {name}"))
        .collect();
    format!("{}: {}.", counted(findings.len() as u64, "finding"), parts.join(", "))
}
