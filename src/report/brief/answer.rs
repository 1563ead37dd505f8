//! The answer: one word, what it means, and what to do about it. It stands last, next to the prompt.

use super::{LABEL, Screen, is_note, word};
use crate::model::Conclusion;
use crate::model::{Finding, VerdictKind};
use crate::report::text::{Paint, flow, sentence};
use crate::report::{Report, ReportOptions};
use std::io::{self, Write};

/// The answer as a report ends with it that shows everything.
pub(in crate::report) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (zone, paint, width) = (&options.zone, Paint(options.color), options.width.max(super::NARROWEST));
    let screen = Screen { report, conclusion, zone, paint, width, all: options.all };
    lines(screen, &text(screen), &to_do(screen)).iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// The word, its sentence, and what to do.
pub(super) fn lines(screen: Screen<'_>, text: &str, to_do: &[String]) -> Vec<String> {
    let (word, _, like) = word(screen.conclusion.verdict.kind);
    let label = format!("{word:<LABEL$}");
    let mut lines = block(screen, &label, &screen.paint.like(like, word), text);
    for (index, what) in to_do.iter().enumerate() {
        let label = if index == 0 { "TO DO" } else { "" };
        lines.extend(block(screen, &format!("{label:<LABEL$}"), &screen.paint.bold(label), what));
    }
    lines
}

/// A paragraph behind a label that may have a colour.
fn block(screen: Screen<'_>, label: &str, painted: &str, text: &str) -> Vec<String> {
    let flowed = flow(&screen.zone.told_in(text), &" ".repeat(LABEL), screen.sentences());
    let rest = flowed.get(LABEL..).unwrap_or_default();
    let gap = " ".repeat(label.len().saturating_sub(label.trim_end().len()));
    format!("{painted}{gap}{rest}").lines().map(str::to_owned).collect()
}

/// What the verdict says, as a sentence.
pub(super) fn text(screen: Screen<'_>) -> String {
    let verdict = &screen.conclusion.verdict;
    let text = sentence(verdict.text.trim());
    match verdict.kind {
        VerdictKind::Undecided => {
            let rest = text.strip_prefix("It cannot be told whether sign-on works. ").unwrap_or(&text);
            format!("Cannot be told: {rest}")
        }
        VerdictKind::Works => {
            text.strip_prefix("Sign-on works, as far as the capture shows it: ").unwrap_or(&text).to_owned()
        }
        VerdictKind::Failed if verdict.finding.is_some() => format!("{text} The capture does not show why."),
        VerdictKind::Failed | VerdictKind::Fault | VerdictKind::Nothing => text,
    }
}

/// The first thing to do, with the values of this capture in it; where the capture does not tell, what would.
pub(super) fn to_do(screen: Screen<'_>) -> Vec<String> {
    let verdict = &screen.conclusion.verdict;
    let advice = |finding: &Finding| finding.remedy.first().cloned();
    match verdict.kind {
        VerdictKind::Works => Vec::new(),
        VerdictKind::Fault | VerdictKind::Failed => {
            let finding = verdict.finding.and_then(|place| screen.report.findings.get(place));
            let own = finding.and_then(advice);
            own.or_else(|| screen.report.findings.iter().find_map(advice)).into_iter().collect()
        }
        VerdictKind::Undecided | VerdictKind::Nothing => {
            let notes = screen.report.findings.iter().filter(|finding| is_note(finding));
            let first = verdict.finding.and_then(|place| screen.report.findings.get(place)).and_then(advice);
            let ways = verdict.cautions.iter().filter(|text| is_advice(text)).take(2).cloned();
            let ways: Vec<String> = first.into_iter().chain(ways).collect();
            if ways.is_empty() { notes.filter_map(advice).take(1).collect() } else { ways }
        }
    }
}

/// What limits a verdict is no advice: it begins with a number.
fn is_advice(caution: &str) -> bool {
    !caution.starts_with(|c: char| c.is_ascii_digit())
}
