//! The report for a ticket: the answer, what to do, whom it concerns, what happened and the evidence, as Markdown (CommonMark, with
//! the tables of GitHub).

use super::ladder::{self, LadderStyle};
use super::story::Story;
use super::text::{Paint, counted};
use super::{Report, ReportOptions, Zone, brief, escape, order};
use crate::model::{Conclusion, Finding};
use std::io::{self, Write};

/// Lines of the ladder.
const LADDER: usize = 24;

/// Writes the report.
pub(super) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let zone = &options.zone;
    let (badge, lead, to_do) = brief::for_page(report, conclusion, zone);
    writeln!(out, "# {}\n\n{}", text(zone, &badge), text(zone, &conclusion.verdict.text))?;
    if !lead.is_empty() {
        writeln!(out, "\n{}", text(zone, &lead))?;
    }
    list(out, "To do", &to_do, zone)?;
    let tried = &conclusion.verdict.tried;
    if !tried.is_empty() {
        writeln!(out, "\n{}", text(zone, tried))?;
    }
    for place in order(report.findings, &conclusion.verdict) {
        if let Some(finding) = report.findings.get(place) {
            one(report, finding, options, out)?;
        }
    }
    writeln!(out, "\n## What was read\n")?;
    for input in &report.analysis.inputs {
        let problem = input.problem.as_deref().map_or_else(|| "whole".to_owned(), |problem| text(zone, problem));
        let from = input.first.map(|first| format!(", from {}", zone.date_time(first))).unwrap_or_default();
        let packets = counted(input.packets, "packet");
        writeln!(out, "- {}: {packets}{from}, {problem}", text(zone, &input.path))?;
    }
    for log in &report.analysis.logs {
        writeln!(out, "- {}: {}", text(zone, &log.path), counted(log.lines, "line"))?;
    }
    Ok(())
}

fn one(report: Report<'_>, finding: &Finding, options: &ReportOptions, out: &mut dyn Write) -> io::Result<()> {
    let zone = &options.zone;
    writeln!(out, "\n## {}\n", text(zone, &finding.title))?;
    let (rule, severity) = (finding.rule.as_str(), finding.severity.name());
    writeln!(out, "`{rule}`, {severity}, {} confidence, {}\n", finding.confidence.name(), finding.group.extent())?;
    writeln!(out, "{}", text(zone, &finding.explanation))?;
    let several_inputs = report.analysis.inputs.len() > 1;
    let style = LadderStyle { paint: Paint(false), width: 100, room: LADDER, several_inputs };
    let story = Story::of_finding(report, finding);
    let lines = ladder::lines(&story, style);
    if !lines.is_empty() {
        // A fence longer than any in it: text of the capture cannot end the block.
        writeln!(out, "\n~~~~~~~~text\n{}\n~~~~~~~~", lines.join("\n").replace("~~~~~~~~", "~"))?;
    }
    if !finding.evidence.is_empty() {
        writeln!(out, "\n| packet | evidence |\n|---|---|")?;
        for fact in finding.evidence.iter().take(24) {
            let place = match (fact.line, fact.frame) {
                (Some(line), _) => format!("line {}", line.line),
                (None, Some(frame)) => frame.number.to_string(),
                (None, None) => "absent".to_owned(),
            };
            writeln!(out, "| {place} | {} |", text(zone, &fact.text))?;
        }
    }
    list(out, "What to do", &finding.remedy, zone)?;
    list(out, "Sources", &finding.references, zone)
}

fn list(out: &mut dyn Write, heading: &str, lines: &[String], zone: &Zone) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n**{heading}**\n")?;
    lines.iter().zip(1..).try_for_each(|(line, number)| writeln!(out, "{number}. {}", text(zone, line)))
}

/// Text that means nothing to Markdown: what would begin a mark has a backslash before it.
fn text(zone: &Zone, text: &str) -> String {
    let shown = escape::terminal(&zone.told_in(text)).into_owned();
    let mut safe = String::with_capacity(shown.len() + 8);
    for c in shown.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};
    use super::*;
    use nrpcsniff_dissectors::Reader;

    #[test]
    fn a_ticket_has_answer_ladder_evidence_and_remedy() {
        let (analysis, mut findings) = (sample::analysis(), sample::findings());
        for finding in &mut findings {
            finding.title.push_str(" <script>alert(1)</script> [x](javascript:1) | a");
        }
        let report = Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED };
        let mut out = Vec::new();
        write(report, &sample::conclusion(), &ReportOptions::new(Format::Markdown), &mut out).unwrap();
        let shown = String::from_utf8(out).unwrap();
        for part in ["# ✗ ", "**To do**", "| packet | evidence |", "~~~~~~~~text", "hangs up (FIN)", "## What was read"]
        {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(
            !shown.replace(r"\<", "").contains("<script")
                && shown.contains(r"\<script\>")
                && shown.contains(r"\[x\](javascript:1) \| a"),
            "{shown}"
        );
    }
}
