//! Several captures: a line for each in the order in which they were read, the causes over all of them with counts, and the answer
//! for the first. The list alone is the format `concise`, for scripts.

use super::causes::{list, padded};
use super::{Screen, answer, word};
use crate::model::{CaptureOutcome, Conclusion, Finding, VerdictKind};
use crate::report::text::{count, counted};
use crate::report::{Report, escape};
use std::io::{self, Write};

/// The screen.
pub(super) fn lines(screen: Screen<'_>) -> Vec<String> {
    let captures = &screen.conclusion.captures;
    let mut lines = screen.read();
    lines.push(String::new());
    lines.extend(table(screen, captures));
    let told = screen.told();
    if !told.is_empty() {
        lines.push(String::new());
        lines.extend(list(screen, &told));
    }
    lines.push(String::new());
    lines.push(tally(screen.report, captures));
    let text = match told.len() {
        0 | 1 => answer::text(screen),
        number if screen.conclusion.verdict.finding.is_some() => {
            let failing = captures.iter().filter(|capture| is_failing(capture.kind)).count() as u64;
            format!("{number} causes in {}. First: {}", counted(failing, "capture"), answer::text(screen))
        }
        _ => answer::text(screen),
    };
    let mut to_do = answer::to_do(screen);
    let shown_by = |finding: &&Finding| {
        let input = finding.frames.first()?.input as usize;
        captures.iter().find(|capture| capture.inputs.contains(&input))
    };
    let example = told.first().and_then(shown_by).and_then(|capture| path(screen.report, capture));
    to_do.extend(example.map(|path| format!("nrpcsniff {path} shows what is behind it")));
    lines.extend(answer::lines(screen, &text, &to_do));
    lines
}

/// A line a capture: `PATH: KIND: COUNT: RULE`.
pub(in crate::report) fn write_concise(
    report: Report<'_>,
    conclusion: &Conclusion,
    out: &mut dyn Write,
) -> io::Result<()> {
    for capture in &conclusion.captures {
        let kind = kind(report, capture);
        let mut parts = vec![path(report, capture).unwrap_or_else(|| "-".to_owned()), kind.to_owned()];
        match capture.kind {
            _ if kind == UNREADABLE => parts.extend(problem(report, capture)),
            VerdictKind::Fault | VerdictKind::Failed => {
                parts.push(format!("{} of {}", capture.failed, capture.tried));
            }
            VerdictKind::Works => {
                let granted = capture.tried.saturating_sub(capture.failed);
                parts.push(format!("{granted} of {}", capture.tried));
            }
            VerdictKind::Undecided => parts.push(capture.tried.to_string()),
            VerdictKind::Nothing => {}
        }
        if kind != UNREADABLE && capture.kind != VerdictKind::Works {
            parts.extend(capture.finding.as_ref().map(|(rule, _)| rule.to_string()));
        }
        writeln!(out, "{}", parts.join(": "))?;
    }
    Ok(())
}

const UNREADABLE: &str = "unreadable";

/// The name of what came of a capture.
fn kind(report: Report<'_>, capture: &CaptureOutcome) -> &'static str {
    match capture.kind {
        _ if is_unreadable(report, capture) => UNREADABLE,
        VerdictKind::Fault => VerdictKind::Failed.name(),
        kind => kind.name(),
    }
}

/// Not one packet of it could be read.
fn is_unreadable(report: Report<'_>, capture: &CaptureOutcome) -> bool {
    let inputs = report.analysis.inputs.get(capture.inputs.clone()).unwrap_or_default();
    inputs.iter().all(|input| input.packets == 0) && inputs.iter().any(|input| !input.complete)
}

const fn is_failing(kind: VerdictKind) -> bool {
    matches!(kind, VerdictKind::Fault | VerdictKind::Failed)
}

/// Where its first file lies. Files of a rotated capture are one.
fn path(report: Report<'_>, capture: &CaptureOutcome) -> Option<String> {
    let first = report.analysis.inputs.get(capture.inputs.clone())?.first()?;
    Some(escape::terminal(&first.path).into_owned())
}

fn problem(report: Report<'_>, capture: &CaptureOutcome) -> Option<String> {
    let inputs = report.analysis.inputs.get(capture.inputs.clone())?;
    inputs.iter().find_map(|input| input.problem.as_deref()).map(|text| escape::terminal(text).into_owned())
}

fn table(screen: Screen<'_>, captures: &[CaptureOutcome]) -> Vec<String> {
    let width = screen.width.saturating_sub(1).min(160);
    let names: Vec<String> = captures.iter().map(|capture| path(screen.report, capture).unwrap_or_default()).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let name_room = longest.clamp(8, width / 2);
    let rest = width.saturating_sub(name_room + 3 + 9 + 8 + 2);
    let mut lines = vec![
        screen.paint.dim(&format!("   {:<name_room$} {:>8} {:>7}  first finding", "Capture", "attempts", "failed")),
    ];
    for (capture, name) in captures.iter().zip(&names) {
        let (mark, like) = if is_unreadable(screen.report, capture) {
            ("!", crate::model::Severity::Major)
        } else {
            let (_, mark, like) = word(capture.kind);
            (mark, like)
        };
        let failed =
            if is_failing(capture.kind) || capture.failed > 0 { count(capture.failed) } else { "-".to_owned() };
        let tried = if capture.tried == 0 { "-".to_owned() } else { count(capture.tried) };
        let what = crate::report::text::clip(&about(screen, capture), rest);
        // A path is never cut: a long one sticks out, and the line goes on behind it.
        let name = padded(name, name_room.max(name.chars().count()));
        lines.push(
            format!(" {} {name} {tried:>8} {failed:>7}  {what}", screen.paint.like(like, mark)).trim_end().to_owned(),
        );
    }
    lines
}

/// The first finding in a few words, or why there is none.
fn about(screen: Screen<'_>, capture: &CaptureOutcome) -> String {
    if is_unreadable(screen.report, capture) {
        return format!("cannot be read: {}", problem(screen.report, capture).unwrap_or_default());
    }
    match (&capture.finding, capture.kind) {
        (Some((_, title)), _) => screen.zone.told_in(title),
        (None, VerdictKind::Nothing) => "no sign-on in it".to_owned(),
        (None, VerdictKind::Undecided) => "cannot be told".to_owned(),
        (None, VerdictKind::Failed) => "failed, the cause is not seen".to_owned(),
        (None, _) => String::new(),
    }
}

/// `8 captures: 3 failed, 3 work, 1 cannot be told, 1 without sign-on`. A name without a file is no capture.
fn tally(report: Report<'_>, captures: &[CaptureOutcome]) -> String {
    let is_missing = |capture: &&CaptureOutcome| {
        report.analysis.inputs.get(capture.inputs.clone()).unwrap_or_default().iter().all(|input| input.is_missing)
    };
    let (missing, captures): (Vec<_>, Vec<_>) = captures.iter().partition(is_missing);
    let kinds = [
        ("failed", is_failing as fn(VerdictKind) -> bool),
        ("work", |kind| kind == VerdictKind::Works),
        ("cannot be told", |kind| kind == VerdictKind::Undecided),
        ("without sign-on", |kind| kind == VerdictKind::Nothing),
    ];
    let parts = kinds.into_iter().filter_map(|(name, is)| {
        let number = captures.iter().filter(|capture| is(capture.kind)).count() as u64;
        (number > 0).then(|| format!("{} {name}", count(number)))
    });
    let missing = (!missing.is_empty()).then(|| format!("{} without a file", counted(missing.len() as u64, "name")));
    let parts = parts.chain(missing);
    format!("{}: {}", counted(captures.len() as u64, "capture"), parts.collect::<Vec<_>>().join(", "))
}
