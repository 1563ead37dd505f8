//! The end of the report: what was read, and what of it was not looked at.

use super::super::text::{count, counted, date_time, span, wrap};
use super::{Sheet, carries_sip, grid, heading};
use crate::model::{Input, InputFormat};
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

/// More captures than this are not all listed.
const MOST_INPUTS: usize = 12;

/// Inputs, conversations by protocol, and what could not be decoded.
pub(super) fn write(sheet: Sheet<'_>, out: &mut dyn Write) -> io::Result<()> {
    let analysis = sheet.report.analysis;
    heading(sheet, "What was read", out)?;
    let worth = worth_listing(sheet);
    let rows = analysis.inputs.iter().enumerate().filter(|(index, _)| worth(*index)).map(|(i, input)| row(i, input));
    writeln!(
        out,
        "{}",
        grid(["", "capture", "format", "packets", "from (UTC)", "duration", "state"], rows, sheet.width)
    )?;
    let others = (0..analysis.inputs.len()).filter(|&index| !worth(index)).count() as u64;
    if others > 0 {
        writeln!(out, "  and {}, complete, that no finding names.", counted(others, "more capture"))?;
    }
    writeln!(out, "{}", wrap(&conversations(sheet), "  ", sheet.width))?;
    if !analysis.totals.undecoded.is_empty() {
        let total = analysis.totals.undecoded.values().sum();
        let text = format!("Not decoded: {} ({}).", counted(total, "frame"), parts(&analysis.totals.undecoded));
        writeln!(out, "{}", wrap(&text, "  ", sheet.width))?;
    }
    Ok(())
}

/// Of many captures those that are not in order, and those whose frames a finding names.
fn worth_listing(sheet: Sheet<'_>) -> impl Fn(usize) -> bool {
    let inputs = &sheet.report.analysis.inputs;
    let frames = sheet.report.findings.iter().flat_map(|finding| &finding.frames);
    let mut worth: HashSet<usize> = frames.map(|frame| frame.input as usize).collect();
    let odd = |input: &Input| !input.complete || input.problem.is_some() || input.dropped.is_some_and(|n| n > 0);
    worth.extend(inputs.iter().enumerate().filter(|(_, input)| odd(input)).map(|(index, _)| index));
    let few = inputs.len() <= MOST_INPUTS;
    move |index| few || worth.contains(&index)
}

fn row(index: usize, input: &Input) -> [String; 7] {
    let format = match input.format {
        Some(InputFormat::Pcap) => "pcap",
        Some(InputFormat::Pcapng) => "pcapng",
        None => "?",
    };
    let duration = input.first.zip(input.last).map(|(first, last)| span(last.seconds_since(first)));
    [
        (index + 1).to_string(),
        input.path.clone(),
        format.to_owned(),
        count(input.packets),
        input.first.map(date_time).unwrap_or_default(),
        duration.unwrap_or_default(),
        state(input),
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

fn conversations(sheet: Sheet<'_>) -> String {
    let analysis = sheet.report.analysis;
    let totals = &analysis.totals;
    let mut protocols: BTreeMap<&str, u64> = BTreeMap::new();
    for c in analysis.conversations.iter().filter(|c| c.protocol != "unknown") {
        *protocols.entry(c.protocol).or_default() += 1;
    }
    let mut text =
        format!("Conversations: {} TCP, {} UDP.", count(totals.tcp_conversations), count(totals.udp_conversations));
    for (protocol, number) in protocols {
        let messages = totals.messages.get(protocol).copied().unwrap_or(0);
        let unit = nrpcsniff_dissectors::protocol(protocol).map_or("message", |p| p.counts.trim_end_matches('s'));
        let (conversations, messages) = (counted(number, "conversation"), counted(messages, unit));
        text = format!("{text} {}: {conversations} with {messages}.", title(protocol));
    }
    let upgraded = analysis.conversations.iter().filter(|c| c.protocol == "http" && carries_sip(c)).count() as u64;
    if upgraded > 0 {
        text = format!("{text} SIP over WebSocket in {}.", counted(upgraded, "HTTP conversation"));
    }
    if !totals.passed_over.is_empty() {
        text = format!("{text} Passed over: {}.", parts(&totals.passed_over));
    }
    text
}

fn title(protocol: &str) -> String {
    if protocol == "sametime" { "Sametime".to_owned() } else { protocol.to_uppercase() }
}

/// `12 not IP, 3 cut short`, most frequent first.
fn parts(reasons: &BTreeMap<&'static str, u64>) -> String {
    let mut reasons: Vec<_> = reasons.iter().collect();
    reasons.sort_by_key(|(_, number)| std::cmp::Reverse(**number));
    reasons.iter().map(|(reason, number)| format!("{} {reason}", count(**number))).collect::<Vec<_>>().join(", ")
}
