//! Findings, one after the other: what, why, the evidence, the picture, what to do.

use super::super::filter;
use super::super::text::{counted, frame, sentence, time_of_day, wrap};
use super::{TableContext, exchange, grid, heading, indented, is_capture_note};
use crate::model::{Conversation, Evidence, Finding, FrameRef, Source, Timestamp};
use hashbrown::{HashMap, HashSet};
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
pub(super) fn write(table: TableContext<'_>, out: &mut dyn Write) -> io::Result<()> {
    let times = times(table);
    let (notes, full): (Vec<_>, Vec<_>) = table.report.findings.iter().partition(|f| is_capture_note(f));
    if !notes.is_empty() {
        heading(table, "About the capture", out)?;
        notes.iter().try_for_each(|finding| note(table, finding, out))?;
        writeln!(out)?;
    }
    full.iter().try_for_each(|finding| in_full(table, finding, &times, out))
}

fn note(table: TableContext<'_>, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let mut text = format!("{}: {} {}", finding.rule, sentence(&finding.title), finding.explanation);
    if let Some(remedy) = finding.remedy.first() {
        text = format!("{text} {remedy}");
    }
    let frames = match finding.frames.as_slice() {
        [] => String::new(),
        [one] => format!(" Frame {}.", frame(*one, table.several_inputs)),
        [first, rest @ ..] => format!(" Frame {} and {} more.", frame(*first, table.several_inputs), rest.len()),
    };
    writeln!(out, "{}", wrap(&format!("{text}{frames}"), "  - ", table.width))
}

fn in_full(table: TableContext<'_>, finding: &Finding, times: &FrameTimes, out: &mut dyn Write) -> io::Result<()> {
    let badge = table.paint.badge(finding.severity);
    let indent = " ".repeat(finding.severity.name().len() + 2);
    writeln!(out, "{badge}  {}", wrap(&finding.title, &indent, table.width).trim_start())?;
    let standing =
        format!("{} · {} confidence (score {} of 100)", finding.rule, finding.confidence.name(), finding.score);
    writeln!(out, "{}\n", table.paint.dim(&wrap(&standing, INDENT, table.width)))?;
    if !finding.explanation.is_empty() {
        writeln!(out, "{}\n", wrap(&finding.explanation, INDENT, table.width))?;
    }
    evidence(table, finding, times, out)?;
    pictured(table, finding).into_iter().try_for_each(|c| exchange::write(table, c, finding, out))?;
    what_to_do(table, finding, out)?;
    pointers(table, finding, out)
}

/// The conversations that are drawn: the first, and where the story goes over several protocols the first of each that
/// holds evidence.
fn pictured<'a>(table: TableContext<'a>, finding: &'a Finding) -> Vec<&'a Conversation> {
    let frames: HashSet<_> = finding.frames.iter().copied().collect();
    let shows = |c: &&Conversation| exchange::stamps(c).any(|at| frames.contains(&at.frame));
    let mut pictured: Vec<&Conversation> = Vec::new();
    for c in table.report.conversations_of(finding).filter(shows).take(CANDIDATES) {
        if pictured.len() < PICTURES && pictured.iter().all(|other| other.protocol != c.protocol) {
            pictured.push(c);
        }
    }
    if pictured.len() < 2 {
        pictured = table.report.conversations_of(finding).take(1).collect();
    }
    pictured
}

fn evidence(table: TableContext<'_>, finding: &Finding, times: &FrameTimes, out: &mut dyn Write) -> io::Result<()> {
    if finding.evidence.is_empty() {
        return Ok(());
    }
    let rows = finding.evidence.iter().take(MOST_FACTS).map(|fact| {
        let time = fact.frame.and_then(|frame| times.get(&frame)).copied().or_else(|| time_of_line(table, fact));
        [place(table, fact), time.map(time_of_day).unwrap_or_default(), fact.text.clone()]
    });
    let logged = finding.evidence.iter().any(|fact| fact.line.is_some());
    let table = grid(
        [if logged { "frame or line" } else { "frame" }, "time (UTC)", "evidence"],
        rows,
        table.width - INDENT.len(),
    );
    indented(&table, INDENT, out)?;
    if let Some(more) = finding.evidence.len().checked_sub(MOST_FACTS).filter(|&more| more > 0) {
        writeln!(out, "{INDENT}and {} (--format json has all)", counted(more as u64, "more fact"))?;
    }
    writeln!(out)
}

fn place(table: TableContext<'_>, fact: &Evidence) -> String {
    if let Some(line) = fact.line {
        let log = table.report.analysis.logs.get(line.log as usize);
        return format!("{} line {}", log.map_or("", |log| log.name()), line.line);
    }
    match (fact.frame, fact.source) {
        (Some(at), Source::Packet) => frame(at, table.several_inputs),
        (Some(at), _) => format!("{} (DNS)", frame(at, table.several_inputs)),
        (None, Source::Absence) => "absent".to_owned(),
        (None, _) => String::new(),
    }
}

/// When a line was written, on the clock of the packets, if that is known.
fn time_of_line(table: TableContext<'_>, fact: &Evidence) -> Option<Timestamp> {
    let line = fact.line?;
    let log = table.report.analysis.logs.get(line.log as usize)?;
    log.clock.place(log.fact(line.line)?.at.as_ref()?)
}

/// Times of the frames that findings name as evidence, as far as the model still knows them.
fn times(table: TableContext<'_>) -> FrameTimes {
    let evidence = table.report.findings.iter().flat_map(|finding| &finding.evidence);
    let wanted: HashSet<FrameRef> = evidence.filter_map(|fact| fact.frame).collect();
    if wanted.is_empty() {
        return FrameTimes::new();
    }
    let stamps = table.report.analysis.conversations.iter().flat_map(exchange::stamps);
    stamps.filter(|at| wanted.contains(&at.frame)).map(|at| (at.frame, at.time)).collect()
}

fn what_to_do(table: TableContext<'_>, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    if finding.remedy.is_empty() {
        return Ok(());
    }
    writeln!(out, "{INDENT}{}", table.paint.bold("What to do"))?;
    for (index, remedy) in finding.remedy.iter().enumerate() {
        writeln!(out, "{}", wrap(remedy, &format!("{INDENT}{:>2}. ", index + 1), table.width))?;
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
fn pointers(table: TableContext<'_>, finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let mut pointer =
        |label: &str, text: &str| writeln!(out, "{}", wrap(text, &format!("{INDENT}{label:<11}"), table.width));
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
    let filter = filter::finding(table.report, finding);
    if !filter.is_empty() {
        writeln!(out, "{INDENT}Wireshark  {filter}")?;
    }
    if table.several_inputs
        && let Some(first) = finding.frames.first()
    {
        let path = table.report.analysis.inputs.get(first.input as usize).map_or("", |input| &input.path);
        writeln!(out, "{}", wrap(path, &format!("{INDENT}{:<11}", "In"), table.width))?;
    }
    writeln!(out)
}
