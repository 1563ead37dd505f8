//! The report for people at a terminal: the verdict first, then each finding with its evidence, the exchange as a
//! picture, what to do, and at the end what was read.

mod answer;
mod exchange;
mod findings;
mod heard;
mod listing;
mod totals;
mod verdict;

pub(super) use listing::ending;

use super::text::{Paint, counted, span};
use super::{Detail, Report, ReportOptions, TOOL, VERSION, Zone, escape, protocol_name};
use crate::model::{Finding, Layer, Severity, Verdict};
use std::io::{self, Write};
use tabled::builder::Builder;
use tabled::settings::{Style, Width, peaker::PriorityMax};

/// Columns that a table does not go below, however narrow the terminal.
const NARROWEST: usize = 60;

/// The report with width and colours, as every part of the table needs it.
#[derive(Clone, Copy)]
struct TableContext<'a> {
    report: Report<'a>,
    paint: Paint,
    width: usize,
    several_inputs: bool,
    zone: &'a Zone,
}

impl TableContext<'_> {
    /// Heading of a column of times: `time (CET)`.
    fn times(self, what: &str) -> String {
        let first = self.report.analysis.inputs.iter().find_map(|input| input.first);
        format!("{what} ({})", first.map_or_else(|| "UTC".to_owned(), |first| self.zone.name(first)))
    }
}

/// Writes the report for people.
pub(crate) fn write(
    report: Report<'_>,
    verdict: &Verdict,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let context = TableContext {
        report,
        paint: Paint(options.color),
        width: options.width.max(NARROWEST),
        several_inputs: report.analysis.inputs.len() > 1,
        zone: &options.zone,
    };
    header(context, out)?;
    verdict::write(context, verdict, out)?;
    findings::write(context, out)?;
    heard::write(context, out)?;
    if options.detail > Detail::Findings {
        listing::write(context, options, out)?;
    }
    totals::write(context, out)
}

/// Rules that judge the capture itself, not what it shows.
fn is_about_the_capture(finding: &Finding) -> bool {
    finding.layer == Layer::Capture
}

/// Capture findings stand in a section of their own, unless they are grave.
fn is_capture_note(finding: &Finding) -> bool {
    is_about_the_capture(finding) && finding.severity < Severity::Major
}

/// `nrpcsniff 0.1.0 · refused.pcap · 15 packets in 20.0 ms from 2025-04-22 17:48:19 UTC`: several inputs are only counted, as
/// the table of inputs names them.
fn header(context: TableContext<'_>, out: &mut dyn Write) -> io::Result<()> {
    let analysis = context.report.analysis;
    let captures = match analysis.inputs.as_slice() {
        [] => None,
        [one] => Some(escape::terminal(&one.path).into_owned()),
        several => {
            let captures = several.iter().filter(|input| !input.is_missing).count() as u64;
            Some(counted(captures, "capture"))
        }
    };
    let logs = match analysis.logs.as_slice() {
        [] => None,
        [one] => Some(escape::terminal(&one.path).into_owned()),
        several => Some(counted(several.len() as u64, "log")),
    };
    let what = [captures.clone(), logs].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let first = analysis.inputs.iter().filter_map(|input| input.first).min();
    let last = analysis.inputs.iter().filter_map(|input| input.last).max();
    let when = match (first, last) {
        (Some(first), Some(last)) => {
            let lasted = last
                .lasted_since(first)
                .map_or_else(String::new, |lasted| format!(" in {}", span(lasted.as_secs_f64())));
            format!("{lasted} from {}", context.zone.date_time(first))
        }
        _ => String::new(),
    };
    let lines = analysis.logs.iter().map(|log| log.lines).sum();
    let amounts = [
        captures.map(|_| format!("{}{when}", counted(analysis.totals.packets, "packet"))),
        (!analysis.logs.is_empty()).then(|| format!("{} of logs", counted(lines, "line"))),
    ];
    let amounts = amounts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    writeln!(out, "{} {VERSION} · {what} · {amounts}\n", context.paint.bold(TOOL))
}

/// The protocol, and that it travels in TLS.
fn spoken(conversation: &crate::model::Conversation) -> String {
    let name = protocol_name(conversation.protocol);
    if conversation.over_tls { format!("{name} over TLS") } else { name.to_owned() }
}

/// A heading.
fn heading(context: TableContext<'_>, text: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", context.paint.bold(text))
}

/// A table with a heading row, no wider than the terminal: the widest columns are wrapped first. Cells are escaped
/// here.
fn grid<const N: usize>(headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>, width: usize) -> String {
    let mut builder = Builder::default();
    builder.push_record(headings);
    for row in rows {
        builder.push_record(row.iter().map(|cell| escape::terminal(cell).into_owned()));
    }
    let mut table = builder.build();
    table.with(Style::rounded());
    table.with(Width::wrap(width).keep_words(true).priority(PriorityMax::right()));
    table.to_string()
}

/// Writes a block of lines with an indent.
fn indented(block: &str, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    block.lines().try_for_each(|line| writeln!(out, "{indent}{line}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample};
    use super::*;
    use crate::model::{Analysis, VerdictKind};
    use nrpcsniff_dissectors::Reader;

    fn text(analysis: &Analysis, findings: &[Finding], options: &ReportOptions) -> String {
        let verdict = if findings.is_empty() { undecided() } else { sample::verdict() };
        let mut out = Vec::new();
        write(Report { analysis, findings, reader: Reader::MASKED }, &verdict, options, &mut out).unwrap();
        String::from_utf8(out).unwrap().replace(VERSION, "VERSION")
    }

    /// A verdict of what nothing was found in.
    fn undecided() -> Verdict {
        Verdict {
            kind: VerdictKind::Undecided,
            text: "It cannot be told whether sign-on works. 1 Notes session: only one direction was captured."
                .to_owned(),
            cautions: vec!["Capture both directions.".to_owned()],
            ..Verdict::default()
        }
    }

    fn options(detail: Detail) -> ReportOptions {
        ReportOptions { detail, all: true, brief: false, ..ReportOptions::new(Format::Table) }
    }

    #[test]
    fn findings_with_everything() {
        insta::assert_snapshot!(text(&sample::analysis(), &sample::findings(), &options(Detail::Findings)));
    }

    #[test]
    fn messages_too() {
        insta::assert_snapshot!(text(&sample::analysis(), &[], &options(Detail::Messages)));
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        let colored = text(&analysis, &findings, &ReportOptions { color: true, ..options(Detail::Messages) });
        assert!(colored.contains("\x1b[1;31mBLOCKER\x1b[0m"));
        let mut plain = colored;
        for style in ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[1;32m"] {
            plain = plain.replace(style, "");
        }
        assert_eq!(plain, text(&analysis, &findings, &options(Detail::Messages)));
    }

    #[test]
    fn nothing_from_the_wire_reaches_the_terminal_raw() {
        let mut analysis = sample::analysis();
        analysis.inputs[0].path = sample::HOSTILE.to_owned();
        analysis.inputs[0].problem = Some(sample::HOSTILE.to_owned());
        analysis.inputs.push(analysis.inputs[0].clone());
        let shown = text(&analysis, &sample::findings(), &options(Detail::Messages));
        assert!(!shown.replace('\n', "").contains(escape::is_hidden));
        assert_eq!(shown.lines().filter(|line| line.trim_start().starts_with("VERDICT")).count(), 1);
    }

    #[test]
    fn a_narrow_terminal_is_respected() {
        let (analysis, findings) = (sample::analysis(), sample::findings());
        for width in [60, 80, 120] {
            let shown = text(&analysis, &findings, &ReportOptions { width, ..options(Detail::Messages) });
            for line in shown.lines().skip(1).filter(|line| !line.contains("Wireshark")) {
                let columns = tabled::grid::util::string::get_string_width(line);
                assert!(columns <= width, "{columns} > {width}: {line}");
            }
        }
    }

    #[test]
    fn of_many_captures_the_odd_ones_are_listed() {
        let mut analysis = sample::analysis();
        analysis.inputs = vec![analysis.inputs[0].clone(); 30];
        analysis.inputs[17].problem = Some("cut off".to_owned());
        let shown = text(&analysis, &sample::findings(), &options(Detail::Findings));
        assert_eq!(shown.lines().filter(|line| line.contains("refused.pcap") && line.starts_with('│')).count(), 2);
        assert!(shown.contains("cut off") && shown.contains("28 more captures"), "{shown}");
    }
}
