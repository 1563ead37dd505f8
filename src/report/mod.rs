//! Formats of the report, one file each. Sees the model only.
//!
//! | Format | For |
//! |---|---|
//! | [`table`] | people at a terminal: the verdict first |
//! | [`json`] | programs: the whole report as one document |
//! | [`ndjson`] | pipes: one object a line |
//! | [`stream`] | captures that go on: a line or an object at a time |
//! | [`prometheus`] | monitoring: figures of a live capture |
//!
//! Every format writes to any [`io::Write`], as it goes: memory does not grow with the report. Text from the wire is
//! made harmless in [`escape`]; display filters for Wireshark come from [`filter`].

pub(crate) mod catalogue;
pub(crate) mod compare;
pub(crate) mod escape;
pub(crate) mod filter;
pub(crate) mod json;
pub(crate) mod log_view;
mod ndjson;
pub(crate) mod prometheus;
#[cfg(test)]
mod sample;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod talk;
pub(crate) mod text;
pub(crate) mod token;
mod view;

use crate::model::{Analysis, Conclusion, Conversation, ConversationId, Finding};
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
    /// A table for people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Ndjson,
}

impl Format {
    /// The detail of a report in that format, unless the user says otherwise.
    pub const fn default_detail(self) -> Detail {
        match self {
            Self::Table => Detail::Findings,
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

/// Format, detail and appearance of a report.
#[derive(Debug, Clone, Copy)]
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
}

impl ReportOptions {
    /// A report of that shape as it is unless told otherwise: no colours, and 100 columns where there is no terminal to ask.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format, detail: format.default_detail(), all: false, color: false, width: 100 }
    }
}

/// Writes the report in the shape that was asked for.
pub(crate) fn write(
    report: Report<'_>,
    conclusion: &Conclusion,
    options: &ReportOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    match options.format {
        Format::Table => table::write(report, &conclusion.verdict, options, out),
        Format::Json => json::write(report, conclusion, options, out),
        Format::Ndjson => ndjson::write(report, conclusion, options, out),
    }
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

    /// Conversations that the report lists, in order: of a known protocol, or named by a finding, or all.
    fn listed(self, detail: Detail, all: bool) -> Vec<&'a Conversation> {
        let named: HashSet<ConversationId> =
            self.findings.iter().flat_map(|f| f.conversations.iter().copied()).collect();
        let wanted =
            |c: &&Conversation| named.contains(&c.id) || (detail > Detail::Findings && (all || c.protocol.is_some()));
        self.analysis.conversations.iter().filter(wanted).collect()
    }
}
