//! Findings for a spreadsheet: comma-separated values (RFC 4180) with a line of names, the verdict first, then a row a finding. With
//! `--all` the conversations of each stand below it.
//!
//! What comes from the wire is text there, too: no cell begins like a formula, and none holds a control character.

use super::{Report, ReportOptions, escape, order};
use crate::model::{Conclusion, Conversation, Finding, Timestamp};
use ::csv::{ErrorKind, Terminator, Writer, WriterBuilder};
use std::io::{self, Write};

/// Conversations of one finding that are listed with `--all`.
const LISTED: usize = 1024;

/// Names of the columns. `severity` of a verdict is its kind.
const COLUMNS: [&str; 22] = [
    "kind",
    "rule",
    "severity",
    "confidence",
    "score",
    "title",
    "count",
    "clients",
    "captures",
    "first",
    "last",
    "client",
    "server",
    "server_name",
    "asked",
    "user",
    "status",
    "input",
    "packet",
    "explanation",
    "remedy",
    "conversations_not_listed",
];

/// Writes the report.
pub(super) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut rows = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
    rows.write_record(COLUMNS).map_err(own)?;
    let verdict = &conclusion.verdict;
    let of_verdict = [
        ("kind", "verdict".to_owned()),
        ("severity", verdict.kind.name().to_owned()),
        ("title", verdict.text.clone()),
        ("explanation", verdict.cautions.join(" ")),
    ];
    row(&mut rows, &of_verdict)?;
    let told = order(report.findings, verdict);
    let rest = (0..report.findings.len()).filter(|place| !told.contains(place));
    for finding in told.iter().copied().chain(rest).filter_map(|place| report.findings.get(place)) {
        one(report, finding, options.all, &mut rows)?;
    }
    rows.flush()
}

fn one(report: Report<'_>, finding: &Finding, all: bool, rows: &mut Writer<&mut dyn Write>) -> io::Result<()> {
    let group = &finding.group;
    let first = report.conversations_of(finding).next();
    let fact = |name: &str| finding.facts.get(name).map(plain).unwrap_or_default();
    let input = finding.frames.first().and_then(|frame| report.analysis.inputs.get(frame.input as usize));
    let log = finding.evidence.iter().find_map(|evidence| evidence.line);
    let log = log.and_then(|line| report.analysis.logs.get(line.log as usize));
    let listed = if all { LISTED.min(finding.conversations.len()) } else { 0 };
    let not_listed = (finding.conversations.len() as u64).saturating_add(group.let_go).saturating_sub(listed as u64);
    let cells = [
        ("kind", "finding".to_owned()),
        ("rule", finding.rule.as_str().to_owned()),
        ("severity", finding.severity.name().to_owned()),
        ("confidence", finding.confidence.name().to_owned()),
        ("score", finding.score.to_string()),
        ("title", finding.title.clone()),
        ("count", group.count.to_string()),
        ("clients", group.clients.to_string()),
        ("captures", group.captures.to_string()),
        ("first", time(group.first)),
        ("last", time(group.last)),
        ("client", first.map(|c| c.client.ip.to_string()).unwrap_or_default()),
        ("server", first.map(|c| c.server.to_string()).unwrap_or_default()),
        ("server_name", fact("server_name")),
        ("asked", fact("asked")),
        ("user", fact("user")),
        ("status", fact("status")),
        ("input", input.map(|input| &input.path).or(log.map(|log| &log.path)).cloned().unwrap_or_default()),
        ("packet", finding.frames.first().map(|frame| frame.number.to_string()).unwrap_or_default()),
        ("explanation", finding.explanation.clone()),
        ("remedy", finding.remedy.join(" | ")),
        ("conversations_not_listed", not_listed.to_string()),
    ];
    row(rows, &cells)?;
    report.conversations_of(finding).take(listed).try_for_each(|c| conversation(report, finding, c, rows))
}

fn conversation(
    report: Report<'_>,
    finding: &Finding,
    c: &Conversation,
    rows: &mut Writer<&mut dyn Write>,
) -> io::Result<()> {
    let input = report.analysis.inputs.get(c.first.frame.input as usize);
    let cells = [
        ("kind", "conversation".to_owned()),
        ("rule", finding.rule.as_str().to_owned()),
        ("first", time(Some(c.first.time))),
        ("last", time(Some(c.last.time))),
        ("client", c.client.to_string()),
        ("server", c.server.to_string()),
        ("input", input.map(|input| input.path.clone()).unwrap_or_default()),
        ("packet", c.first.frame.number.to_string()),
    ];
    row(rows, &cells)
}

/// A row of cells by their columns: what is not named is empty.
fn row(rows: &mut Writer<&mut dyn Write>, cells: &[(&str, String)]) -> io::Result<()> {
    let cell = |column: &&str| cells.iter().find(|(name, _)| name == column).map_or("", |(_, text)| text);
    rows.write_record(COLUMNS.iter().map(|column| safe(cell(column)))).map_err(own)
}

/// The error of the writer as it was, so that a reader who has gone away is known as such.
fn own(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

/// Text that is text in a spreadsheet: one that begins with `=`, `+`, `-` or `@` would be taken for a formula.
fn safe(text: &str) -> String {
    let text = escape::terminal(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.into_owned() }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// In UTC, as in JSON.
fn time(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};
    use super::*;
    use nrpcsniff_dissectors::Reader;

    fn rows(all: bool) -> Vec<Vec<String>> {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        let report = Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED };
        let mut out = Vec::new();
        write(report, &sample::conclusion(), &ReportOptions { all, ..ReportOptions::new(Format::Csv) }, &mut out)
            .unwrap();
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_slice());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn a_row_for_the_verdict_and_for_each_finding() {
        let findings = sample::findings();
        let short = rows(false);
        assert_eq!(short[0], COLUMNS);
        let kinds: Vec<&str> = short.iter().skip(1).map(|row| row[0].as_str()).collect();
        assert_eq!(kinds, [&["verdict"][..], &vec!["finding"; findings.len()]].concat());
        let conversations: usize = findings.iter().map(|finding| finding.conversations.len()).sum();
        assert_eq!(rows(true).len(), short.len() + conversations);
    }

    #[test]
    fn a_reader_that_has_gone_away_is_known_as_such() {
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(own(gone.into()).kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn nothing_is_a_formula() {
        for (text, cell) in [("=1+1", "'=1+1"), ("@x", "'@x"), ("a=b", "a=b"), ("a\u{1b}[2Jb", "a\\x1b[2Jb")] {
            assert_eq!(safe(text), cell);
        }
    }
}
