//! Logs as JSON has them: what was read, how its times were placed, and what each known line says.

use crate::model::{
    ClockPlacement, Log, LogFact, LogKind, LogMeaning, LogOutcome, LogWeight, Timestamp, Witness, WrittenTime,
};
use serde::Serialize;
use serde::ser::Serializer;
use std::collections::BTreeMap;

/// A log as JSON has it. It has the keys of a capture, too, because programs read both from one list.
pub(super) fn log(log: &Log) -> LogView<'_> {
    let place = |at: &Option<WrittenTime>| at.as_ref().and_then(|at| log.clock.place(at));
    LogView {
        path: &log.path,
        format: log.kind,
        link_types: [],
        packets: 0,
        bytes: log.bytes,
        first: place(&log.first),
        last: place(&log.last),
        complete: log.complete,
        problem: log.problem.as_deref(),
        lines: log.lines,
        lines_not_understood: log.not_understood,
        lines_cut: log.cut,
        facts: log.facts.len() as u64,
        facts_left_out: log.facts_left_out,
        clock: ClockView {
            placed: log.clock.placed,
            offset_s: log.clock.offset.as_secs_f64(),
            day_first: log.clock.swapped,
            order_guessed: log.clock.order_guessed,
            why: &log.clock.why,
            first_written: log.first.as_ref().map(|at| at.text.as_str()),
            last_written: log.last.as_ref().map(|at| at.text.as_str()),
        },
        says: LogLinesView(log),
    }
}

/// One log.
#[derive(Serialize)]
pub(super) struct LogView<'a> {
    path: &'a str,
    format: Option<LogKind>,
    link_types: [u16; 0],
    packets: u64,
    bytes: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    complete: bool,
    problem: Option<&'a str>,
    lines: u64,
    lines_not_understood: u64,
    lines_cut: u64,
    facts: u64,
    facts_left_out: u64,
    clock: ClockView<'a>,
    says: LogLinesView<'a>,
}

/// Every line of a log that the catalogue of lines knows.
struct LogLinesView<'a>(&'a Log);

impl Serialize for LogLinesView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = self.0.facts.iter().filter_map(|fact| Some(log_line(self.0, fact, fact.meaning?)));
        serializer.collect_seq(known)
    }
}

/// A line of a log, and what it means.
#[derive(Serialize)]
struct LogLineView<'a> {
    line: u64,
    time: Option<Timestamp>,
    written: Option<&'a str>,
    text: &'a str,
    means: &'static str,
    known_by: &'static str,
    kind: Option<&'static str>,
    outcome: Option<LogOutcome>,
    weight: LogWeight,
    witness: Witness,
    source: &'static str,
    named: BTreeMap<&'static str, &'a str>,
}

fn log_line<'a>(log: &Log, fact: &'a LogFact, meaning: &'static LogMeaning) -> LogLineView<'a> {
    LogLineView {
        line: fact.line,
        time: fact.at.as_ref().and_then(|at| log.clock.place(at)),
        written: fact.at.as_ref().map(|at| at.text.as_str()),
        text: &fact.text,
        means: meaning.means,
        known_by: meaning.pattern,
        kind: meaning.proves.map(|(kind, _)| kind),
        outcome: meaning.proves.map(|(_, outcome)| outcome),
        weight: meaning.weight,
        witness: meaning.witness,
        source: meaning.source,
        named: fact.named.iter().map(|(name, text)| (*name, text.as_str())).collect(),
    }
}

/// How the times of a log were placed on the clock of the packets.
#[derive(Serialize)]
struct ClockView<'a> {
    placed: ClockPlacement,
    offset_s: f64,
    day_first: bool,
    order_guessed: bool,
    why: &'a str,
    first_written: Option<&'a str>,
    last_written: Option<&'a str>,
}
