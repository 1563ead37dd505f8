//! The report as one JSON object a line, each with `kind`: `tool`, `inputs`, `totals`, `verdict`, `attempts`, `conversations`,
//! `findings`.
//!
//! Every object is the one that the JSON document holds under that key; those of `inputs`, `attempts`, `conversations` and
//! `findings` are one each of the array of that name. What has a `kind` of its own there has it under the name `verdict` or
//! `attempt` here. Messages stand in their conversation.

use super::escape::JsonFormatter;
use super::view::{ReportParts, SCHEMA_VERSION, tool};
use super::{Report, ReportOptions};
use crate::model::{AttemptCounts, AttemptKind, Conclusion, Verdict, VerdictKind};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
pub(super) struct NdjsonLine<T: Serialize> {
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) schema_version: Option<u32>,
    #[serde(flatten)]
    pub(super) object: T,
}

/// The verdict, whose own `kind` is called `verdict` here.
#[derive(Serialize)]
struct VerdictLine<'a> {
    kind: &'static str,
    verdict: VerdictKind,
    text: &'a str,
    finding: Option<usize>,
    cautions: &'a [String],
    tried: &'a str,
}

/// Counts of attempts, whose own `kind` is called `attempt` here.
#[derive(Serialize)]
struct AttemptsLine<'a> {
    kind: &'static str,
    attempt: AttemptKind,
    server: Option<String>,
    asked: Option<&'a str>,
    granted: u64,
    refused: u64,
    unanswered: u64,
    cut_off: u64,
    unknown: u64,
    clients: u64,
    log: Option<&'a str>,
}

impl<'a> AttemptsLine<'a> {
    fn of(counts: &'a AttemptCounts) -> Self {
        let &AttemptCounts { kind, granted, refused, unanswered, cut_off, unknown, clients, .. } = counts;
        let (server, log) = (counts.server.map(|server| server.to_string()), counts.log.as_deref());
        let asked = counts.asked.as_deref();
        Self {
            kind: "attempts",
            attempt: kind,
            server,
            log,
            asked,
            granted,
            refused,
            unanswered,
            cut_off,
            unknown,
            clients,
        }
    }
}

/// Writes the verdict, and what was tried.
pub(super) fn conclusion_lines(conclusion: &Conclusion, out: &mut dyn Write) -> io::Result<()> {
    let Verdict { kind, text, finding, cautions, tried } = &conclusion.verdict;
    object(out, &VerdictLine { kind: "verdict", verdict: *kind, text, finding: *finding, cautions, tried })?;
    conclusion.attempts.iter().try_for_each(|counts| object(out, &AttemptsLine::of(counts)))
}

/// Writes one object a line; the tool with the version of the format comes first.
pub(crate) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let parts = ReportParts::new(report, options);
    object(out, &NdjsonLine { kind: "tool", schema_version: Some(SCHEMA_VERSION), object: tool() })?;
    for input in parts.inputs() {
        line(out, "inputs", input)?;
    }
    line(out, "totals", parts.totals())?;
    conclusion_lines(conclusion, out)?;
    for conversation in parts.conversations() {
        line(out, "conversations", conversation)?;
    }
    for finding in parts.findings() {
        line(out, "findings", finding)?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, kind: &'static str, inner: impl Serialize) -> io::Result<()> {
    object(out, &NdjsonLine { kind, schema_version: None, object: inner })
}

pub(super) fn object(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    line.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, JsonFormatter::compact()))?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::super::{Detail, Format, sample};
    use super::*;
    use nrpcsniff_dissectors::Reader;

    #[test]
    fn each_line_is_the_object_of_the_document() {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        let report = Report { analysis: &analysis, findings: &findings, reader: Reader::MASKED };
        let options = ReportOptions { detail: Detail::Messages, all: true, ..ReportOptions::new(Format::Ndjson) };
        let (mut lines, mut document) = (Vec::new(), Vec::new());
        write(report, &sample::conclusion(), &options, &mut lines).unwrap();
        super::super::json::write(report, &sample::conclusion(), &options, &mut document).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&document).unwrap();

        let mut next = std::collections::HashMap::<String, usize>::new();
        for line in String::from_utf8(lines).unwrap().lines() {
            let mut object: serde_json::Map<_, _> = serde_json::from_str(line).unwrap();
            let kind = object.shift_remove("kind").unwrap().as_str().unwrap().to_owned();
            for own in ["verdict", "attempt"] {
                if let Some(own) = object.shift_remove(own) {
                    object.insert("kind".to_owned(), own);
                }
            }
            let index = next.entry(kind.clone()).or_default();
            let whole = &document[&kind];
            if let Some(version) = object.shift_remove("schema_version") {
                assert_eq!(version, document["schema_version"]);
            }
            assert_eq!(serde_json::Value::Object(object), *whole.get(*index).unwrap_or(whole), "{kind} {index}");
            *index += 1;
        }
        for (kind, count) in [
            ("tool", 1),
            ("inputs", 1),
            ("totals", 1),
            ("verdict", 1),
            ("attempts", 1),
            ("conversations", 3),
            ("findings", 2),
        ] {
            assert_eq!(next.get(kind), Some(&count), "{kind}");
        }
    }

    #[test]
    fn a_name_with_a_line_break_stays_on_its_line() {
        let mut analysis = sample::analysis();
        analysis.inputs[0].path = "a\nb\u{202e}".to_owned();
        let options = ReportOptions { detail: Detail::Findings, all: false, ..ReportOptions::new(Format::Ndjson) };
        let mut lines = Vec::new();
        let report = Report { analysis: &analysis, findings: &[], reader: Reader::MASKED };
        write(report, &Conclusion::default(), &options, &mut lines).unwrap();
        let lines = String::from_utf8(lines).unwrap();
        assert_eq!(lines.lines().count(), 4);
        assert!(lines.contains(r#""path":"a\nb\u202e""#));
    }
}
