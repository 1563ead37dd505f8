//! The end of the report: what was read, and what of it was not looked at.

use super::super::text::{count, counted, span, wrap};
use super::{TableContext, grid, heading};
use crate::model::{ClockPlacement, Conversations, Input, InputFormat, Log, LogKind, Property};
use nrpcsniff_dissectors::{PROTOCOLS, Protocol};
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

/// More captures than this are not all listed.
const MOST_INPUTS: usize = 12;

/// Captures with what they hold, and logs.
pub(super) fn write(context: TableContext<'_>, out: &mut dyn Write) -> io::Result<()> {
    let analysis = context.report.analysis;
    heading(context, "What was read", out)?;
    if !analysis.inputs.is_empty() {
        captures(context, out)?;
    }
    if !analysis.logs.is_empty() {
        let rows = analysis.logs.iter().map(|one| log(context, one));
        writeln!(out, "{}", grid(["log", "kind", "lines", "facts", "from", "times", "state"], rows, context.width))?;
    }
    match analysis.totals.other_files {
        0 => Ok(()),
        1 => writeln!(out, "  1 file is neither capture nor log nor key, and was passed over (-v names it)."),
        many => {
            let many = count(many);
            writeln!(out, "  {many} files are neither capture nor log nor key, and were passed over (-v names them).")
        }
    }
}

/// Captures, conversations by protocol, and what could not be decoded.
fn captures(context: TableContext<'_>, out: &mut dyn Write) -> io::Result<()> {
    let analysis = context.report.analysis;
    let worth = worth_listing(context);
    let rows =
        analysis.inputs.iter().enumerate().filter(|(index, _)| worth(*index)).map(|(i, input)| row(context, i, input));
    writeln!(
        out,
        "{}",
        grid(
            ["", "capture", "format", "packets", context.times("from").as_str(), "duration", "state"],
            rows,
            context.width
        )
    )?;
    let others = (0..analysis.inputs.len()).filter(|&index| !worth(index)).count() as u64;
    if others > 0 {
        writeln!(out, "  and {}, complete, that no finding names.", counted(others, "more capture"))?;
    }
    writeln!(out, "{}", wrap(&conversations(context), "  ", context.width))?;
    if !analysis.totals.undecoded.is_empty() {
        let total = analysis.totals.undecoded.values().sum();
        let text = format!("Not decoded: {} ({}).", counted(total, "frame"), parts(&analysis.totals.undecoded));
        writeln!(out, "{}", wrap(&text, "  ", context.width))?;
    }
    Ok(())
}

/// Of many captures those that are not in order, and those whose frames a finding names.
fn worth_listing(context: TableContext<'_>) -> impl Fn(usize) -> bool {
    let inputs = &context.report.analysis.inputs;
    let frames = context.report.findings.iter().flat_map(|finding| &finding.frames);
    let mut worth: HashSet<usize> = frames.map(|frame| frame.input as usize).collect();
    let odd = |input: &Input| !input.complete || input.problem.is_some() || input.dropped.is_some_and(|n| n > 0);
    worth.extend(inputs.iter().enumerate().filter(|(_, input)| odd(input)).map(|(index, _)| index));
    let few = inputs.len() <= MOST_INPUTS;
    move |index| few || worth.contains(&index)
}

fn row(context: TableContext<'_>, index: usize, input: &Input) -> [String; 7] {
    let format = match input.format {
        Some(InputFormat::Pcap) => "pcap",
        Some(InputFormat::Pcapng) => "pcapng",
        Some(InputFormat::Live) => "live",
        None => "?",
    };
    let duration = input.first.zip(input.last).map(|(first, last)| {
        last.lasted_since(first).map_or_else(|| "unknown".to_owned(), |lasted| span(lasted.as_secs_f64()))
    });
    [
        (index + 1).to_string(),
        input.path.clone(),
        format.to_owned(),
        count(input.packets),
        input.first.map(|at| context.zone.day_and_clock(at)).unwrap_or_default(),
        duration.unwrap_or_default(),
        state(input),
    ]
}

/// A log as a row of the table. A time that could not be placed is shown as written, as it must not be taken for one of
/// the packets.
fn log(context: TableContext<'_>, log: &Log) -> [String; 7] {
    let from = log.first.as_ref().map(|at| match log.clock.place(at) {
        Some(time) => context.zone.date_time(time),
        None => at.text.clone(),
    });
    let times = match log.clock.placed {
        _ if log.kind.is_none() => String::new(),
        ClockPlacement::No => format!("not placed: {}", log.clock.why),
        _ => log.clock.why.clone(),
    };
    let mut state = vec![log.problem.clone().unwrap_or_else(|| "complete".to_owned())];
    let odd = [
        (log.not_understood, "line of no known form"),
        (log.cut, "line cut for its length"),
        (log.facts_left_out, "earlier fact left out"),
    ];
    state.extend(odd.into_iter().filter(|(number, _)| *number > 0).map(|(number, what)| {
        if number == 1 {
            format!("1 {what}")
        } else {
            format!("{} {}", count(number), what.replacen("line", "lines", 1).replacen("fact", "facts", 1))
        }
    }));
    [
        log.path.clone(),
        log.kind.map_or("?", LogKind::name).to_owned(),
        count(log.lines),
        count(log.facts.len() as u64),
        from.unwrap_or_default(),
        times,
        state.join("; "),
    ]
}

fn state(input: &Input) -> String {
    let dropped = match input.dropped {
        Some(number) if number > 0 => format!("; {} dropped while capturing", counted(number, "packet")),
        _ => String::new(),
    };
    match (&input.problem, input.complete) {
        (Some(problem), _) => format!("{problem}{dropped}"),
        (None, true) => format!("complete{dropped}"),
        (None, false) => format!("not read to its end{dropped}"),
    }
}

fn conversations(context: TableContext<'_>) -> String {
    let analysis = context.report.analysis;
    let (totals, let_go) = (&analysis.totals, &analysis.facts.let_go);
    let mut protocols: Vec<&Protocol> = PROTOCOLS.to_vec();
    protocols.sort_by_key(|protocol| protocol.name);
    let mut text =
        format!("Conversations: {} TCP, {} UDP.", count(totals.tcp_conversations), count(totals.udp_conversations));
    for protocol in protocols {
        // What was let go counts as well: totals must not depend on how much memory there was.
        let kept = analysis.conversations.iter().filter(|c| c.is(protocol)).count();
        let number = (kept + let_go.of(Property::Protocol(protocol.name)).conversations) as u64;
        if number > 0 {
            let messages = totals.messages.get(protocol.name).copied().unwrap_or(0);
            let messages = counted(messages, protocol.counts.trim_end_matches('s'));
            text = format!("{text} {}: {} with {messages}.", protocol.label, counted(number, "conversation"));
        }
    }
    for (by, own, spoken, number) in handed_on(&analysis.conversations) {
        let number = number + let_go.of(Property::HandedOn(own.name, spoken.name)).conversations as u64;
        let conversations = counted(number, &format!("{} conversation", own.label));
        text = format!("{text} {} over {by} in {conversations}.", spoken.label);
    }
    if !totals.passed_over.is_empty() {
        text = format!("{text} Passed over: {}.", parts(&totals.passed_over));
    }
    if !totals.set_aside.is_empty() {
        text = format!("{text} Counted, as no part of a sign-on: {}.", parts(&totals.set_aside));
    }
    if let_go.early > 0 {
        let early = counted(let_go.early, "conversation");
        text = format!("{text} {early} judged before it showed what their clients did next: --memory allows no more.");
    }
    text
}

/// Conversations that their own protocol hands on to another: by what, from which to which, and how many.
fn handed_on(conversations: &Conversations) -> Vec<(&'static str, &'static Protocol, &'static Protocol, u64)> {
    let mut found: Vec<(&'static str, &'static Protocol, &'static Protocol, u64)> = Vec::new();
    for c in conversations {
        let (Some(own), Some(spoken)) = (c.protocol, c.spoken()) else { continue };
        let Some(by) = own.hands_on_by.filter(|_| own != spoken) else { continue };
        match found.iter_mut().find(|(_, from, to, _)| *from == own && *to == spoken) {
            Some((.., number)) => *number += 1,
            None => found.push((by, own, spoken, 1)),
        }
    }
    found
}

/// `12 not IP, 3 cut short`, most frequent first.
fn parts(reasons: &BTreeMap<&'static str, u64>) -> String {
    let mut reasons: Vec<_> = reasons.iter().collect();
    reasons.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    reasons.iter().map(|(reason, number)| format!("{} {reason}", count(**number))).collect::<Vec<_>>().join(", ")
}
