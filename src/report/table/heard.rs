//! What the logs say beside the findings: every line that the catalogue knows and that no finding shows, under its time.

use super::super::heard::heard;
use super::super::text::{count, wrap};
use super::{TableContext, grid, heading, indented};
use crate::model::{Log, LogFact, LogOutcome};
use std::collections::BTreeMap;
use std::io::{self, Write};

const INDENT: &str = "  ";
/// Rows of one report; of more those that matter most are shown. JSON has every line.
const ROWS: usize = 40;

/// The section; nothing where no log has a line for it.
pub(super) fn write(context: TableContext<'_>, out: &mut dyn Write) -> io::Result<()> {
    let logs = &context.report.analysis.logs;
    let (heard, more) = heard(context.report, ROWS);
    if heard.is_empty() {
        return Ok(());
    }
    heading(context, if logs.len() == 1 { "What the log says" } else { "What the logs say" }, out)?;
    for log in logs {
        let tried = tried(log);
        if !tried.is_empty() {
            writeln!(out, "{}", wrap(&format!("{}: {tried}.", log.name()), INDENT, context.width))?;
        }
    }
    let rows = heard.iter().map(|line| {
        let log = logs.get(line.log);
        let times = if line.count > 1 { format!(" ({} times)", count(line.count)) } else { String::new() };
        let place = format!("{} line {}", log.map_or("", |log| log.name()), line.first.line);
        [
            place,
            log.map(|log| when(context, log, line.first)).unwrap_or_default(),
            format!("{}{times}", line.meaning.means),
            line.first.text.clone(),
        ]
    });
    let table = grid(["line", "time", "it means", "it says"], rows, context.width - INDENT.len());
    indented(&table, INDENT, out)?;
    if more > 0 {
        writeln!(out, "{INDENT}and {} more kinds of line (--format json has all)", count(more as u64))?;
    }
    writeln!(out)
}

/// On the clock of the packets, else as written.
fn when(context: TableContext<'_>, log: &Log, fact: &LogFact) -> String {
    let at = fact.at.as_ref();
    at.map(|at| log.clock.place(at).map_or_else(|| at.text.clone(), |time| context.zone.date_time(time)))
        .unwrap_or_default()
}

/// "sametime.login 2 refused, 1 granted; http.token 4 granted": by lines, so that one attempt may count more than once.
fn tried(log: &Log) -> String {
    let mut counts: BTreeMap<&'static str, BTreeMap<LogOutcome, u64>> = BTreeMap::new();
    for (attempt, outcome) in log.facts.iter().filter_map(|fact| fact.meaning?.proves) {
        if outcome == LogOutcome::Granted || outcome.is_lost() {
            *counts.entry(attempt).or_default().entry(outcome).or_default() += 1;
        }
    }
    let told = counts.iter().map(|(attempt, outcomes)| {
        let outcomes = outcomes.iter().map(|(outcome, number)| format!("{} {}", count(*number), words(*outcome)));
        format!("{attempt} {}", outcomes.collect::<Vec<_>>().join(", "))
    });
    told.collect::<Vec<_>>().join("; ")
}

const fn words(outcome: LogOutcome) -> &'static str {
    match outcome {
        LogOutcome::Unanswered => "not answered",
        LogOutcome::CutOff => "cut off",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Detail, Format, Report, ReportOptions};
    use crate::model::{Analysis, LogWeight, Verdict};
    use crate::testing::logs::{SOME_TIME, console, log};
    use nrpcsniff_dissectors::Reader;

    fn text(logs: Vec<crate::model::Log>) -> String {
        let analysis = Analysis { logs, ..Analysis::default() };
        let report = Report { analysis: &analysis, findings: &[], reader: Reader::MASKED };
        let options = ReportOptions { detail: Detail::Findings, width: 200, ..ReportOptions::new(Format::Table) };
        let mut out = Vec::new();
        super::super::write(report, &Verdict::default(), &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_that_no_finding_shows_is_shown_under_its_time() {
        let opened = "Opened session for Ann Smith/ACME (Release 12.0.2)";
        let shown = text(vec![log("console.log", &console(SOME_TIME, &[opened, opened]))]);
        for part in ["What the log says", "console.log line 1", "(2 times)", "Ann Smith/ACME", "nrpc.auth 2 granted"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!text(vec![log("console.log", &console(SOME_TIME, &["x"]))]).contains("What the log says"));
        assert!(LogWeight::Info < LogWeight::Blocker);
    }
}
