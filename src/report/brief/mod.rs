//! The short answer, for the first screen of a terminal: what was read, what happened, who it concerns, and last, next to the prompt,
//! what it comes to and what to do. One finding fits 24 lines; what is left out is in the full table (`-v`).
//!
//! | what was read | screen |
//! |---|---|
//! | one capture, one finding | the ladder of its clearest example |
//! | one capture, several findings | a numbered list of one line each, and what works |
//! | one capture, nothing failed | what was wanted, and what came of it |
//! | several captures | a line for each, and causes over all |

mod answer;
mod captures;
mod causes;
mod drawn;
mod single;
mod wanted;

pub(super) use answer::write as write_answer;
pub(super) use captures::write_concise;
pub(super) use drawn::write as write_ladder;

use super::text::{Paint, counted, flow, lapse};
use super::{Report, ReportOptions, Zone, escape};
use crate::model::{Conclusion, Finding, Layer, Severity, Timestamp, VerdictKind};
use std::io::{self, Write};

/// Lines of a terminal, without that of the command and that of the next prompt.
const ROOM: usize = 22;
/// Sentences are no wider, however wide the terminal.
const SENTENCES: usize = 100;
/// Room of a label at the beginning of a line.
const LABEL: usize = 9;
/// Columns that nothing goes below, however narrow the terminal.
const NARROWEST: usize = 60;

/// What every part of the screen needs.
#[derive(Clone, Copy)]
struct Screen<'a> {
    report: Report<'a>,
    conclusion: &'a Conclusion,
    zone: &'a Zone,
    paint: Paint,
    width: usize,
    /// Lists are whole.
    all: bool,
}

/// Writes the short answer.
pub(super) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let width = options.width.max(NARROWEST);
    let paint = Paint(options.color);
    let screen = Screen { report, conclusion, zone: &options.zone, paint, width, all: options.all };
    let told = screen.told();
    let lines = match told.as_slice() {
        _ if conclusion.captures.len() > 1 => captures::lines(screen),
        [] => wanted::lines(screen),
        [one] if conclusion.verdict.finding.is_some() => single::lines(screen, one),
        several if conclusion.verdict.finding.is_some() => causes::lines(screen, several),
        _ => wanted::lines(screen),
    };
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// What a page says first: the word of the answer with its mark, why, and what to do, the first thing first.
pub(super) fn for_page(report: Report<'_>, conclusion: &Conclusion, zone: &Zone) -> (String, String, Vec<String>) {
    let screen = Screen { report, conclusion, zone, paint: Paint(false), width: SENTENCES, all: true };
    let (word, mark, _) = word(conclusion.verdict.kind);
    let finding = conclusion.verdict.finding.and_then(|place| report.findings.get(place));
    let lead = finding.map(|finding| finding.explanation.clone()).unwrap_or_default();
    let to_do = match finding {
        Some(finding) if !finding.remedy.is_empty() => finding.remedy.clone(),
        _ => answer::to_do(screen),
    };
    (format!("{mark} {word}"), lead, to_do)
}

impl<'a> Screen<'a> {
    /// Findings in the order in which they are told: that of the verdict first, those about the capture itself not at all.
    fn told(self) -> Vec<&'a Finding> {
        let order = super::order(self.report.findings, &self.conclusion.verdict);
        order.into_iter().filter_map(|place| self.report.findings.get(place)).collect()
    }

    /// The narrower of the terminal and the widest sentence.
    fn sentences(self) -> usize {
        self.width.saturating_sub(1).min(SENTENCES)
    }

    /// A label and what belongs to it.
    fn labelled(self, label: &str, text: &str) -> Vec<String> {
        let block = flow(&self.zone.told_in(text), &" ".repeat(LABEL), self.sentences());
        let rest = block.get(LABEL..).unwrap_or_default();
        let head = format!("{}{}", self.paint.dim(label), " ".repeat(LABEL.saturating_sub(label.len()).max(1)));
        format!("{head}{rest}").lines().map(str::to_owned).collect()
    }

    /// Time of day; with the date where it is not the day on which the capture begins.
    fn clock(self, at: Timestamp) -> String {
        let first = self.report.analysis.inputs.iter().filter_map(|input| input.first).min();
        let is_other_day = first.is_some_and(|first| self.zone.day(first) != self.zone.day(at));
        if is_other_day { self.zone.day_and_clock(at) } else { self.zone.clock(at) }
    }

    /// What was read, in one line; a long path takes one of its own.
    fn read(self) -> Vec<String> {
        let analysis = self.report.analysis;
        let names = analysis.inputs.iter().map(|input| &input.path).chain(analysis.logs.iter().map(|log| &log.path));
        let names: Vec<_> = names.map(|path| escape::terminal(path).into_owned()).collect();
        let names = if names.len() > 3 {
            let captures = analysis.inputs.iter().filter(|input| !input.is_missing).count();
            let captures = counted(captures as u64, "capture");
            let logs = counted(analysis.logs.len() as u64, "log");
            if analysis.logs.is_empty() { captures } else { format!("{captures}, {logs}") }
        } else {
            names.join(" · ")
        };
        let mut parts = Vec::new();
        if !analysis.inputs.is_empty() {
            parts.push(counted(analysis.totals.packets, "packet"));
        }
        let lines: u64 = analysis.logs.iter().map(|log| log.lines).sum();
        if !analysis.logs.is_empty() {
            parts.push(format!("{} of logs", counted(lines, "line")));
        }
        if analysis.totals.other_files > 0 {
            parts.push(counted(analysis.totals.other_files, "other file"));
        }
        let first = analysis.inputs.iter().filter_map(|input| input.first).min();
        let last = analysis.inputs.iter().filter_map(|input| input.last).max();
        if let (Some(first), Some(last)) = (first, last) {
            let lasted = last.lasted_since(first).map(|span| format!(", {}", lapse(span.as_secs_f64())));
            parts.push(format!("{}{}", self.zone.date_time(first), lasted.unwrap_or_default()));
        }
        let line = format!("{} · {}", self.paint.bold(&names), parts.join(" · "));
        let plain = names.chars().count() + 3 + parts.join(" · ").chars().count();
        if plain < self.width { vec![line] } else { vec![self.paint.bold(&names), format!("  {}", parts.join(" · "))] }
    }

    /// What of the capture could not be read, or was not looked at.
    fn not_seen(self) -> Vec<String> {
        let notes = self.report.findings.iter().filter(|finding| is_note(finding)).map(|finding| finding.title.clone());
        let damage = self.report.analysis.inputs.iter().filter_map(|input| input.problem.clone());
        let logs = self.report.analysis.logs.iter().filter_map(|log| log.problem.clone());
        damage.chain(logs).chain(notes).take(2).flat_map(|text| self.labelled("Not seen", &text)).collect()
    }
}

/// Findings about the capture stand in a line of their own, unless they are grave.
fn is_note(finding: &Finding) -> bool {
    finding.layer == Layer::Capture && finding.severity < Severity::Major
}

/// The word for a verdict, its mark, and the severity whose colour it has.
const fn word(kind: VerdictKind) -> (&'static str, &'static str, Severity) {
    match kind {
        VerdictKind::Fault => ("FAULT", "✗", Severity::Blocker),
        VerdictKind::Failed => ("FAILED", "✗", Severity::Blocker),
        VerdictKind::Works => ("WORKS", "✓", Severity::Info),
        VerdictKind::Undecided => ("UNKNOWN", "?", Severity::Major),
        VerdictKind::Nothing => ("NOTHING", "–", Severity::Minor),
    }
}

/// `1 client`, `200 clients`, and who it is.
fn clients(report: Report<'_>, finding: &Finding) -> String {
    let mut known: Vec<_> = report.conversations_of(finding).map(|c| c.client.ip).collect();
    known.sort_unstable();
    known.dedup();
    let number = finding.group.clients.max(known.len() as u64);
    let names = match known.as_slice() {
        [] => String::new(),
        few if few.len() <= 3 && few.len() as u64 == number => {
            format!(" ({})", few.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        [first, .., last] => format!(" ({first} to {last})"),
        [one] => format!(" ({one} and others)"),
    };
    format!("{}{names}", counted(number, "client"))
}
