//! Findings, one after the other: what, why, the evidence, the picture, what to do.

use super::super::filter;
use super::super::text::{counted, frame, sentence, wrap};
use super::{TableContext, exchange, grid, heading, indented, is_capture_note};
use crate::model::{Conversation, Evidence, Finding, FrameRef, Source, Stamp, Timestamp};
use hashbrown::HashMap;
use std::io::{self, Write};

const INDENT: &str = "  ";
/// More facts than this are counted, not listed; JSON holds them all.
const MOST_FACTS: usize = 24;

/// Conversations that are drawn of one finding.
const PICTURES: usize = 3;
/// Among so many of its conversations.
const CANDIDATES: usize = 64;

type FrameTimes = HashMap<FrameRef, Timestamp>;

/// Notes about the capture in short, then every other finding in full.
pub(super) fn write(context: TableContext<'_>, out: &mut dyn Write) -> io::Result<()> {
    let times = times(context);
    let (notes, full): (Vec<_>, Vec<_>) = context.report.findings.iter().partition(|f| is_capture_note(f));
    if !notes.is_empty() {
        heading(context, "About the capture", out)?;
        notes.iter().try_for_each(|finding| note(context, finding, out))?;
        writeln!(out)?;
    }
    full.iter().try_for_each(|finding| in_full(context, finding, &times, out))
}

fn note(context: TableContext<'_>, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let mut text = format!("{}: {} {}", finding.rule, sentence(&finding.title), finding.explanation);
    if let Some(remedy) = finding.remedy.first() {
        text = format!("{text} {remedy}");
    }
    let frames = match finding.frames.as_slice() {
        [] => String::new(),
        [one] => format!(" Frame {}.", frame(*one, context.several_inputs)),
        [first, rest @ ..] => format!(" Frame {} and {} more.", frame(*first, context.several_inputs), rest.len()),
    };
    writeln!(out, "{}", wrap(&context.zone.told_in(&format!("{text}{frames}")), "  - ", context.width))
}

fn in_full(context: TableContext<'_>, finding: &Finding, times: &FrameTimes, out: &mut dyn Write) -> io::Result<()> {
    let badge = context.paint.badge(finding.severity);
    let indent = " ".repeat(finding.severity.name().len() + 2);
    writeln!(out, "{badge}  {}", wrap(&context.zone.told_in(&finding.title), &indent, context.width).trim_start())?;
    let standing =
        format!("{} · {} confidence (score {} of 100)", finding.rule, finding.confidence.name(), finding.score);
    writeln!(out, "{}\n", context.paint.dim(&wrap(&standing, INDENT, context.width)))?;
    if !finding.explanation.is_empty() {
        writeln!(out, "{}\n", wrap(&context.zone.told_in(&finding.explanation), INDENT, context.width))?;
    }
    evidence(context, finding, times, out)?;
    pictured(context, finding).into_iter().try_for_each(|c| exchange::write(context, c, finding, out))?;
    what_to_do(context, finding, out)?;
    pointers(context, finding, out)
}

/// The conversations that are drawn: the first, and where the story goes over several protocols the first of each that
/// holds evidence.
fn pictured<'a>(context: TableContext<'a>, finding: &'a Finding) -> Vec<&'a Conversation> {
    let frames = Wanted::new(context, finding.frames.iter().copied());
    let shows = |c: &&Conversation| frames.may_be_in(c) && frames.of(c).next().is_some();
    let mut pictured: Vec<&Conversation> = Vec::new();
    for c in context.report.conversations_of(finding).filter(shows).take(CANDIDATES) {
        if pictured.len() < PICTURES && pictured.iter().all(|other| other.protocol != c.protocol) {
            pictured.push(c);
        }
    }
    if pictured.len() < 2 {
        pictured = context.report.conversations_of(finding).take(1).collect();
    }
    pictured
}

fn evidence(context: TableContext<'_>, finding: &Finding, times: &FrameTimes, out: &mut dyn Write) -> io::Result<()> {
    if finding.evidence.is_empty() {
        return Ok(());
    }
    let rows = finding.evidence.iter().take(MOST_FACTS).map(|fact| {
        let time = fact.frame.and_then(|frame| times.get(&frame)).copied().or_else(|| time_of_line(context, fact));
        [
            place(context, fact),
            time.map(|at| context.zone.precise(at)).unwrap_or_default(),
            context.zone.told_in(&fact.text),
        ]
    });
    let logged = finding.evidence.iter().any(|fact| fact.line.is_some());
    let table = grid(
        [if logged { "frame or line" } else { "frame" }, context.times("time").as_str(), "evidence"],
        rows,
        context.width - INDENT.len(),
    );
    indented(&table, INDENT, out)?;
    if let Some(more) = finding.evidence.len().checked_sub(MOST_FACTS).filter(|&more| more > 0) {
        writeln!(out, "{INDENT}and {} (--format json has all)", counted(more as u64, "more fact"))?;
    }
    writeln!(out)
}

fn place(context: TableContext<'_>, fact: &Evidence) -> String {
    if let Some(line) = fact.line {
        let log = context.report.analysis.logs.get(line.log as usize);
        return format!("{} line {}", log.map_or("", |log| log.name()), line.line);
    }
    match (fact.frame, fact.source) {
        (Some(at), Source::Packet) => frame(at, context.several_inputs),
        (Some(at), _) => format!("{} (DNS)", frame(at, context.several_inputs)),
        (None, Source::Absence) => "absent".to_owned(),
        (None, _) => String::new(),
    }
}

/// When a line was written, on the clock of the packets, if that is known.
fn time_of_line(context: TableContext<'_>, fact: &Evidence) -> Option<Timestamp> {
    let line = fact.line?;
    let log = context.report.analysis.logs.get(line.log as usize)?;
    log.clock.place(log.fact(line.line)?.at.as_ref()?)
}

/// Times of the frames that findings name as evidence, as far as the model still knows them.
fn times(context: TableContext<'_>) -> FrameTimes {
    let evidence = context.report.findings.iter().flat_map(|finding| &finding.evidence);
    let wanted = Wanted::new(context, evidence.filter_map(|fact| fact.frame));
    let conversations = context.report.analysis.conversations.iter().filter(|c| wanted.may_be_in(c));
    let stamps = conversations.flat_map(|c| wanted.of(c));
    stamps.map(|at| (at.frame, at.time)).collect()
}

/// Frames that are looked for in conversations.
struct Wanted {
    /// In ascending order.
    frames: Vec<FrameRef>,
    /// All of one capture, whose frames between the first and the last of a conversation are all that it can have.
    is_of_one_input: bool,
}

impl Wanted {
    fn new(context: TableContext<'_>, frames: impl Iterator<Item = FrameRef>) -> Self {
        let mut frames: Vec<FrameRef> = frames.collect();
        frames.sort_unstable();
        Self { frames, is_of_one_input: !context.several_inputs }
    }

    /// Most conversations have none: that is told without walking through them.
    fn may_be_in(&self, c: &Conversation) -> bool {
        let (first, last) = (c.first.frame.min(c.last.frame), c.first.frame.max(c.last.frame));
        let next = self.frames.partition_point(|&frame| frame < first);
        !self.is_of_one_input || self.frames.get(next).is_some_and(|&frame| frame <= last)
    }

    /// Those that the conversation has.
    fn of<'c>(&self, c: &'c Conversation) -> impl Iterator<Item = Stamp> + use<'c, '_> {
        exchange::stamps(c).filter(|at| self.frames.binary_search(&at.frame).is_ok())
    }
}

fn what_to_do(context: TableContext<'_>, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    if finding.remedy.is_empty() {
        return Ok(());
    }
    writeln!(out, "{INDENT}{}", context.paint.bold("What to do"))?;
    for (index, remedy) in finding.remedy.iter().enumerate() {
        writeln!(
            out,
            "{}",
            wrap(&context.zone.told_in(remedy), &format!("{INDENT}{:>2}. ", index + 1), context.width)
        )?;
    }
    writeln!(out)
}

/// "200 conversations of 200 clients".
fn seen_in(finding: &Finding) -> String {
    let conversations = counted(finding.conversations.len() as u64, "conversation");
    match finding.group.clients {
        0 | 1 => conversations,
        clients => format!("{conversations} of {}", counted(clients, "client")),
    }
}

/// Where to read on. The filter stays on one line, so that it can be copied.
fn pointers(context: TableContext<'_>, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let mut pointer =
        |label: &str, text: &str| writeln!(out, "{}", wrap(text, &format!("{INDENT}{label:<11}"), context.width));
    if finding.conversations.len() > 1 {
        pointer("Seen in", &seen_in(finding))?;
    }
    if !finding.also.is_empty() {
        pointer(
            "Also",
            &format!(
                "{} (follows from this)",
                finding.also.iter().map(|rule| rule.as_str()).collect::<Vec<_>>().join(", ")
            ),
        )?;
    }
    if !finding.references.is_empty() {
        pointer("Sources", &finding.references.join("; "))?;
    }
    let filter = filter::finding(context.report, finding);
    if !filter.is_empty() {
        writeln!(out, "{INDENT}Wireshark  {filter}")?;
    }
    if context.several_inputs
        && let Some(first) = finding.frames.first()
    {
        let path = context.report.analysis.inputs.get(first.input as usize).map_or("", |input| &input.path);
        writeln!(out, "{}", wrap(path, &format!("{INDENT}{:<11}", "In"), context.width))?;
    }
    writeln!(out)
}
