//! Formats of the report, one file each. Sees the model only.
//!
//! | Format | For |
//! |---|---|
//! | `brief` | people at a terminal: the answer, on one screen |
//! | [`table`] | people who want to see everything: findings with their evidence |
//! | [`json`] | programs: the whole report as one document |
//! | [`ndjson`] | pipes: one object a line |
//! | [`stream`] | captures that go on: a line or an object at a time |
//! | [`prometheus`] | monitoring: figures of a live capture |
//!
//! Every format writes to any [`io::Write`], as it goes: memory does not grow with the report. Text from the wire is
//! made harmless in [`escape`]; display filters for Wireshark come from [`filter`].

mod ascii;
mod brief;
pub(crate) mod catalogue;
pub(crate) mod compare;
mod csv;
pub(crate) mod escape;
pub(crate) mod filter;
mod heard;
mod html;
pub(crate) mod json;
mod ladder;
pub(crate) mod log_view;
mod markdown;
mod ndjson;
pub(crate) mod prometheus;
#[cfg(test)]
mod sample;
pub(crate) mod schema;
mod story;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod talk;
pub(crate) mod text;
pub(crate) mod token;
mod view;
mod zone;

pub use zone::Zone;

use crate::model::{Analysis, Conclusion, Conversation, ConversationId, Finding, Layer, Severity, Verdict};
use ascii::AsciiWriter;
use hashbrown::HashSet;
use nrpcsniff_dissectors::{Protocol, Reader};
use std::io::{self, Write};

/// Name of the tool, as reports state it.
pub(crate) const TOOL: &str = env!("CARGO_PKG_NAME");
/// Version of the tool.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An analysis, its findings, and how messages are read out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report<'a> {
    /// Captures and logs that were read.
    pub analysis: &'a Analysis,
    /// Findings, in order.
    pub findings: &'a [Finding],
    /// How messages are read out: masked or not, with which keys.
    pub reader: Reader<'a>,
}

/// Shape of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Table,
    /// A page to hand on: one file that loads nothing.
    Html,
    /// For a ticket.
    Markdown,
    /// For a spreadsheet: a row for the verdict and one for each finding.
    Csv,
    /// A line a capture, for scripts: `PATH: KIND: COUNT: RULE`.
    Concise,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    /// The detail of a report in that format, unless the user says otherwise.
    pub const fn default_detail(self) -> Detail {
        match self {
            Self::Table | Self::Concise | Self::Markdown | Self::Csv => Detail::Findings,
            Self::Html => Detail::Conversations,
            Self::Json | Self::Ndjson => Detail::Messages,
        }
    }
}

/// How much of the capture the report holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Findings and totals. In JSON `conversations` holds those that a finding names, without their messages, so that
    /// every id in the report can be looked up in it.
    Findings,
    /// Conversations too, without their messages.
    Conversations,
    /// Conversations with their messages.
    Messages,
}

/// Whose ladder is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LadderOf {
    /// That of the finding on which the verdict rests.
    Finding,
    /// That of these conversations, by their ids.
    Conversations(Vec<u32>),
}

/// Format, detail and appearance of a report.
#[derive(Debug, Clone)]
pub struct ReportOptions {
    /// Shape of the report.
    pub format: Format,
    /// How much of the capture it holds.
    pub detail: Detail,
    /// Also list conversations of an unknown protocol that no finding names.
    pub all: bool,
    /// Colours (table only).
    pub color: bool,
    /// Columns of the terminal (table only).
    pub width: usize,
    /// The answer on one screen instead of everything (table only).
    pub brief: bool,
    /// A ladder instead of either (table only).
    pub ladder: Option<LadderOf>,
    /// No character beyond ASCII (table only).
    pub ascii: bool,
    /// Zone of the times that people read. JSON has UTC.
    pub zone: Zone,
}

impl ReportOptions {
    /// A report of that shape as it is unless told otherwise: for people the short answer, without colours, 100 columns wide, in UTC.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        let detail = format.default_detail();
        Self {
            format,
            detail,
            all: false,
            color: false,
            width: 100,
            brief: true,
            ladder: None,
            ascii: false,
            zone: Zone::UTC,
        }
    }
}

/// The order in which the short answer numbers findings, as their places: that of the verdict first, those about the capture itself
/// not at all, unless they are grave.
pub(crate) fn order(findings: &[Finding], verdict: &Verdict) -> Vec<usize> {
    let first = verdict.finding.filter(|place| *place < findings.len());
    let is_told = |finding: &Finding| finding.layer != Layer::Capture || finding.severity >= Severity::Major;
    let others = findings.iter().enumerate().filter(|(place, finding)| Some(*place) != first && is_told(finding));
    first.into_iter().chain(others.map(|(place, _)| place)).collect()
}

/// Writes the report in the shape that was asked for.
pub(crate) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match options.format {
        Format::Table if options.ascii => for_people(report, conclusion, options, &mut AsciiWriter::new(out)),
        Format::Table => for_people(report, conclusion, options, out),
        Format::Html => html::write(report, conclusion, options, out),
        Format::Markdown => markdown::write(report, conclusion, options, out),
        Format::Csv => csv::write(report, conclusion, options, out),
        Format::Concise => brief::write_concise(report, conclusion, out),
        Format::Json => json::write(report, conclusion, options, out),
        Format::Ndjson => ndjson::write(report, conclusion, options, out),
    }
}

/// A ladder; the short answer; or everything, and the answer at its end, where no list was asked for.
fn for_people(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    if let Some(ladder) = &options.ladder {
        return brief::write_ladder(report, conclusion, options, ladder, out);
    }
    if options.brief {
        return brief::write(report, conclusion, options, out);
    }
    table::write(report, &conclusion.verdict, options, out)?;
    if options.detail > Detail::Findings {
        return Ok(());
    }
    writeln!(out)?;
    brief::write_answer(report, conclusion, options, out)
}

/// Name of a protocol in reports.
pub(crate) fn protocol_name(protocol: Option<&'static Protocol>) -> &'static str {
    protocol.map_or("unknown", |protocol| protocol.name)
}

impl<'a> Report<'a> {
    /// The conversation of that id, if it was kept.
    pub(crate) fn conversation(self, id: ConversationId) -> Option<&'a Conversation> {
        self.analysis.conversations.by_id(id)
    }

    /// Conversations that a finding is about, as far as they were kept.
    pub(crate) fn conversations_of(self, finding: &'a Finding) -> impl Iterator<Item = &'a Conversation> {
        finding.conversations.iter().filter_map(move |&id| self.conversation(id))
    }

    /// Those of them that stand for all: the first eight, and the last.
    pub(crate) fn examples_of(self, finding: &'a Finding) -> impl Iterator<Item = &'a Conversation> {
        finding.examples().into_iter().filter_map(move |id| self.conversation(id))
    }

    /// Conversations that the report lists, in order: examples of findings; with more detail all that findings are about and those
    /// of a known protocol, or all.
    fn listed(self, detail: Detail, all: bool) -> Vec<&'a Conversation> {
        // A flood is one finding about a million conversations: its examples tell what each of them is like.
        let named: HashSet<ConversationId> = match detail {
            Detail::Findings => self.findings.iter().flat_map(Finding::examples).collect(),
            Detail::Conversations | Detail::Messages => {
                self.findings.iter().flat_map(|f| f.conversations.iter().copied()).collect()
            }
        };
        let wanted =
            |c: &&Conversation| named.contains(&c.id) || (detail > Detail::Findings && (all || c.protocol.is_some()));
        self.analysis.conversations.iter().filter(wanted).collect()
    }
}
