//! Where findings are told while the capture goes on, and the report at its end.
//!
//! As a table: a line for each finding, and the report once the capture is over. As NDJSON: findings with the conversations
//! that they name, messages, conversations once they are over, statistics. As JSON: one document, at the end.

use super::output_file::{is_descriptor, reopen_to_append};
use super::plan::Plan;
use super::schedule::Evaluation;
use super::tracker::{ConversationKey, conversation_key};
use crate::model::{Analysis, Close, Conclusion, Conversation, Finding, Input};
use crate::report::stream::{self, FindingChange, Stats};
use crate::report::talk::{hide_status, say};
use crate::report::text::Paint;
use crate::report::{self, Detail, Format, Report};
use anyhow::{Context, Result};
use hashbrown::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::Path;

/// Output of findings.
pub(super) struct ReportOutput<'a> {
    plan: &'a Plan,
    out: BufWriter<Box<dyn Write>>,
    /// Conversations that are held, as far as NDJSON has shown them.
    shown: HashMap<ConversationKey, Shown>,
    /// The first error: it ends the capture, and is told at the end.
    failure: Option<io::Error>,
}

/// A conversation as far as it was shown.
#[derive(Debug, Clone, Copy, Default)]
struct Shown {
    /// The conversation itself, once it was over.
    over: bool,
    /// The number of the last of its messages that was shown; they count from 1.
    messages: u32,
}

impl<'a> ReportOutput<'a> {
    /// Begins to write to this file, or to stdout.
    pub(super) fn new(plan: &'a Plan, file: Option<File>) -> Self {
        let out: Box<dyn Write> = file.map_or_else(|| Box::new(io::stdout()) as _, |file| Box::new(file) as _);
        let mut report = Self { plan, out: BufWriter::new(out), shown: HashMap::new(), failure: None };
        report.begin();
        report
    }

    /// Nobody listens any longer, or the output cannot be written.
    pub(super) const fn is_lost(&self) -> bool {
        self.failure.is_some()
    }

    /// The output file was moved away: the next line goes into a new one of that name.
    pub(super) fn reopen(&mut self) {
        let Some(path) = self.plan.output.as_deref().filter(|path| !is_descriptor(path)) else { return };
        match reopen_to_append(path) {
            Ok(file) => {
                // What is left went into the old file when it was said; an error of that was told.
                self.out = BufWriter::new(Box::new(file));
                self.begin();
                if self.plan.verbosity.verbose {
                    say(&format!("{}: opened again", path.display()));
                }
            }
            Err(error) => {
                say(&format!("{}: cannot be opened again ({error}); the old file is written on", path.display()));
            }
        }
    }

    /// Tells what is new in an evaluation.
    pub(super) fn show(&mut self, evaluation: Evaluation<'_>) {
        if !evaluation.updates.is_empty() {
            hide_status();
        }
        let done = match self.plan.report.format {
            Format::Table => self.write_lines(evaluation),
            Format::Ndjson => self.write_objects(evaluation),
            Format::Json | Format::Html | Format::Markdown | Format::Csv | Format::Concise => Ok(()),
        };
        let done = done.and_then(|()| self.out.flush());
        self.record(done);
    }

    /// A conversation is let go: NDJSON shows it, for no other place will.
    pub(super) fn let_go(&mut self, conversation: &Conversation) {
        let shown = self.shown.remove(&conversation_key(conversation)).unwrap_or_default();
        if self.plan.report.format == Format::Ndjson && !shown.over {
            let done = self.write_conversation(conversation);
            self.record(done);
        }
    }

    /// Tells how it is going: beside the table, in NDJSON within it.
    pub(super) fn stats(&mut self, stats: &Stats) {
        if self.plan.report.format == Format::Ndjson {
            let done = stream::write_stats(stats, &mut self.out).and_then(|()| self.out.flush());
            self.record(done);
        } else {
            say(&stream::stats_line(stats));
        }
    }

    /// Writes the report of everything. That a reader has gone away is no error.
    pub(super) fn finish(
        mut self,
        analysis: &Analysis,
        findings: &[Finding],
        conclusion: &Conclusion,
        stats: &Stats,
    ) -> Result<()> {
        hide_status();
        let report = self.report(analysis, findings);
        if self.failure.is_none() {
            let done = match self.plan.report.format {
                Format::Ndjson => self.write_rest(analysis, conclusion, stats),
                _ => report::write(report, conclusion, &self.plan.report, &mut self.out),
            };
            let done = done.and_then(|()| self.out.flush());
            self.record(done);
        }
        let out = self.plan.output.as_deref().unwrap_or(Path::new("stdout")).display().to_string();
        match self.failure {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(error).with_context(|| format!("{out}: cannot be written, and the capture ended"))
            }
            _ => Ok(()),
        }
    }

    /// The first line of every file of NDJSON, also of one that was opened again.
    fn begin(&mut self) {
        if self.plan.report.format == Format::Ndjson {
            let done = stream::write_tool(&mut self.out).and_then(|()| self.out.flush());
            self.record(done);
        }
    }

    /// Keeps the first error.
    fn record(&mut self, done: io::Result<()>) {
        if let Err(error) = done {
            self.failure.get_or_insert(error);
        }
    }

    fn report<'b>(&self, analysis: &'b Analysis, findings: &'b [Finding]) -> Report<'b>
    where
        'a: 'b,
    {
        Report { analysis, findings, reader: self.plan.reader() }
    }

    /// A line for each finding of which something changed. What is confirmed only because the capture ends stands in the report that
    /// follows.
    fn write_lines(&mut self, evaluation: Evaluation<'_>) -> io::Result<()> {
        let paint = Paint(self.plan.report.color);
        let is_ended = |change: &FindingChange| evaluation.is_last && *change == FindingChange::Confirmed;
        // A journal or a script reads line by line; a terminal would break a long one in the middle of words.
        let is_read = self.plan.output.is_none() && io::stdout().is_terminal();
        let width = is_read.then_some(self.plan.report.width);
        for update in evaluation.updates.iter().filter(|update| !is_ended(&update.change)) {
            let report = self.report(evaluation.analysis, evaluation.findings);
            writeln!(self.out, "{}", stream::line(report, update, paint, width))?;
        }
        Ok(())
    }

    /// What an evaluation adds to NDJSON. Conversations come before the findings that name them, so that who reads line by line
    /// can look them up.
    fn write_objects(&mut self, evaluation: Evaluation<'_>) -> io::Result<()> {
        if self.plan.report.detail > Detail::Findings {
            evaluation.analysis.conversations.iter().try_for_each(|conversation| self.write_progress(conversation))?;
        }
        for update in evaluation.updates {
            let report = self.report(evaluation.analysis, evaluation.findings);
            if update.change.is_news() {
                report
                    .examples_of(&update.finding)
                    .try_for_each(|conversation| self.write_conversation(conversation))?;
            }
            stream::write_finding(report, update, &mut self.out)?;
        }
        Ok(())
    }

    /// Shows messages of a conversation that are new, and the conversation once it is over.
    fn write_progress(&mut self, conversation: &Conversation) -> io::Result<()> {
        let is_wanted = self.plan.report.all || conversation.protocol.is_some();
        let shown = self.shown.entry(conversation_key(conversation)).or_default();
        let already = shown.messages;
        if let Some(last) = conversation.messages.last() {
            shown.messages = last.n;
        }
        let ends = conversation.teardown.how != Close::Open
            && !std::mem::replace(&mut shown.over, conversation.teardown.how != Close::Open);
        if self.plan.report.detail == Detail::Messages {
            let reader = self.plan.reader();
            let start = conversation.messages.partition_point(|message| message.n <= already);
            for message in conversation.messages.get(start..).unwrap_or_default() {
                stream::write_message(conversation, message, reader, &mut self.out)?;
            }
        }
        if ends && is_wanted { self.write_conversation(conversation) } else { Ok(()) }
    }

    fn write_conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        stream::write_conversation(conversation, self.plan.reader(), &mut self.out)
    }

    /// Shows what NDJSON has at the end: conversations that were going on, the interfaces, the totals, and what it comes to.
    fn write_rest(&mut self, analysis: &Analysis, conclusion: &Conclusion, stats: &Stats) -> io::Result<()> {
        for conversation in &analysis.conversations {
            let shown = self.shown.get(&conversation_key(conversation)).copied().unwrap_or_default();
            let is_wanted = self.plan.report.all || conversation.protocol.is_some();
            if self.plan.report.detail > Detail::Findings && is_wanted && !shown.over {
                self.write_conversation(conversation)?;
            }
        }
        let input = |input: &Input| stream::write_input(input, &mut self.out);
        analysis.inputs.iter().try_for_each(input)?;
        stream::write_totals(&analysis.totals, &mut self.out)?;
        stream::write_conclusion(conclusion, &mut self.out)?;
        stream::write_stats(stats, &mut self.out)
    }
}
