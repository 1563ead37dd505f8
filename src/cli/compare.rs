//! `nrpcsniff compare GOOD BAD`.

use super::appearance::appearance;
use super::args::{CompareArgs, Format};
use super::config::Config;
use super::exit::ExitStatus;
use super::output;
use super::plan::{Plan, file};
use super::read::{ConsoleObserver, find, report_intake};
use super::run::looked_behind;
use crate::api::{Diagnoser, Diagnosis};
use crate::compare::{Capture, compare};
use crate::diagnose::Case;
use crate::model::{Analysis, Both, Comparison, ComparisonResult, Conversation, ConversationId, Input};
use crate::report::compare::{ComparisonOptions, ComparisonReport, write};
use crate::report::protocol_name;
use crate::report::talk::Verbosity;
use anyhow::{Context, Result, bail, ensure};
use clap::ColorChoice;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Reads the captures, compares them and writes what came of it.
pub(super) fn run(args: &CompareArgs, config: Config, color: ColorChoice) -> Result<ExitStatus> {
    let json = json(args.format)?;
    let output = file(args.output.as_deref());
    if let Some(path) = &output {
        let captures = args.captures.iter().chain(&args.good);
        output::check(path, "-o", captures.map(PathBuf::as_path))?;
    }
    let compared = CompareRun::new(args, config, args.talk.verbosity())?;
    let (color, width) = appearance(color, output.is_some());
    let options = ComparisonOptions { json, all: args.all, color, width };
    output::write(output.as_deref(), |out| compared.write(&options, out))?;
    Ok(outcome(compared.comparison.result, compared.trouble))
}

/// Captures that were read, and their comparison.
pub(super) struct CompareRun {
    goods: Vec<Diagnosis>,
    /// `None`: both conversations are of the first working capture.
    bad: Option<Diagnosis>,
    comparison: Comparison,
    /// Something could not be read, or not to its end.
    trouble: bool,
}

impl CompareRun {
    /// Reads the captures and compares them.
    pub(super) fn new(args: &CompareArgs, config: Config, verbosity: Verbosity) -> Result<Self> {
        let paths = ComparePaths::new(args)?;
        let plan = Plan::for_reading(paths.all(), &args.reading, verbosity, config)?;
        let mut reading = CompareReader { plan, trouble: false };
        // Logs tell of the failing capture; where both conversations are of one, of that.
        let without = Diagnoser { logs: Vec::new(), ..reading.plan.diagnoser.clone() };
        let beside_logs = reading.plan.diagnoser.clone();
        let hears = paths.bad.is_none();
        let mut goods = vec![reading.read(&paths.goods[0], if hears { &beside_logs } else { &without }, hears)?];
        for path in paths.goods.iter().skip(1) {
            goods.push(reading.read(path, &without, false)?);
        }
        let bad = paths.bad.as_deref().map(|path| reading.read(path, &beside_logs, true)).transpose()?;
        let CompareReader { plan, trouble } = reading;
        let by_hand = match (&args.stream, bad.as_ref()) {
            (Some(text), _) => vec![stream(text, &goods[0].analysis)?],
            (None, Some(bad)) => args.pair.iter().map(|text| by_hand(text, &goods[0], bad)).collect::<Result<_>>()?,
            (None, None) => Vec::new(),
        };
        let comparison = compared(&goods, bad.as_ref().unwrap_or(&goods[0]), &by_hand, &plan);
        Ok(Self { goods, bad, comparison, trouble })
    }

    /// Writes the report.
    pub(super) fn write(&self, options: &ComparisonOptions, out: &mut dyn Write) -> io::Result<()> {
        let good = &self.goods[0];
        let bad = self.bad.as_ref().unwrap_or(good);
        let further: Vec<&Analysis> = self.goods.iter().skip(1).map(|good| &good.analysis).collect();
        let report = ComparisonReport {
            comparison: &self.comparison,
            analyses: Both { good: &good.analysis, bad: &bad.analysis },
            further: &further,
            findings: &bad.findings,
            reader: bad.reader(),
        };
        write(report, options, out)
    }

    /// Every file that was read.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.goods.iter().chain(&self.bad).flat_map(|capture| &capture.analysis.inputs)
    }
}

fn compared(goods: &[Diagnosis], bad: &Diagnosis, by_hand: &[Both<ConversationId>], plan: &Plan) -> Comparison {
    let cases: Vec<_> = goods.iter().map(|good| Case::new(&good.analysis, &plan.diagnoser.settings)).collect();
    let captures: Vec<_> = cases.iter().zip(goods).map(|(case, good)| capture(case, good)).collect();
    let case = Case::new(&bad.analysis, &plan.diagnoser.settings);
    compare(&captures, capture(&case, bad), by_hand)
}

fn capture<'c, 'a>(case: &'c Case<'a>, diagnosis: &'c Diagnosis) -> Capture<'c, 'a> {
    Capture { case, findings: &diagnosis.findings, verdict: diagnosis.verdict() }
}

/// Damage outranks the result: what was not read may hold the difference.
const fn outcome(result: ComparisonResult, trouble: bool) -> ExitStatus {
    match result {
        _ if trouble => ExitStatus::Trouble,
        ComparisonResult::Same => ExitStatus::Done,
        ComparisonResult::Diverges | ComparisonResult::Swapped => ExitStatus::Differs,
        ComparisonResult::Inconclusive => ExitStatus::Trouble,
    }
}

fn json(format: Format) -> Result<bool> {
    match format {
        Format::Table => Ok(false),
        Format::Json => Ok(true),
        Format::Ndjson => bail!("a comparison is one document: use --format json"),
    }
}

/// ComparePaths of the working and of the failing captures.
struct ComparePaths {
    goods: Vec<PathBuf>,
    /// `None`: the same as the good one.
    bad: Option<PathBuf>,
}

impl ComparePaths {
    fn new(args: &CompareArgs) -> Result<Self> {
        let good = |first: &[PathBuf]| first.iter().chain(&args.good).cloned().collect();
        match (args.captures.as_slice(), args.stream.is_some(), args.good.is_empty()) {
            ([one], true, _) => Ok(Self { goods: vec![one.clone()], bad: None }),
            ([_, _, ..], true, _) => bail!("--stream N,M compares two conversations of one capture: give one capture"),
            ([good_one, bad], false, _) => {
                Ok(Self { goods: good(std::slice::from_ref(good_one)), bad: Some(bad.clone()) })
            }
            ([bad], false, false) => Ok(Self { goods: good(&[]), bad: Some(bad.clone()) }),
            _ => bail!("give the working and the failing capture: nrpcsniff compare GOOD BAD"),
        }
    }

    fn all(&self) -> Vec<PathBuf> {
        self.goods.iter().chain(&self.bad).cloned().collect()
    }
}

/// Reads captures one after the other.
struct CompareReader {
    plan: Plan,
    trouble: bool,
}

impl CompareReader {
    /// A capture, or all captures of a folder or an archive as one, with the secrets of TLS that lie beside them. Logs that lie
    /// there count as those that are named do: for the failing one.
    fn read(&mut self, path: &Path, diagnoser: &Diagnoser, hears_logs: bool) -> Result<Diagnosis> {
        let intake = looked_behind(&[path.to_path_buf()]);
        let (mut beside, wrong) = diagnoser.clone().beside(&intake);
        if !hears_logs {
            beside.logs.clear();
        }
        report_intake(&intake, &wrong, self.plan.verbosity);
        // What is no capture is opened all the same: the error says what it is.
        let named = [path.to_path_buf()];
        let captures =
            if intake.captures.is_empty() && intake.archives.is_empty() { &named[..] } else { &intake.captures };
        let (sets, lost) = find(captures, self.plan.verbosity);
        let lost = lost || !intake.problems.is_empty();
        let diagnosis = beside.judge(&sets, &mut ConsoleObserver::new(self.plan.verbosity))?;
        let problem = diagnosis.analysis.inputs.iter().find_map(|input| input.problem.as_deref());
        ensure!(diagnosis.opened, "{}: {}", path.display(), problem.unwrap_or("there is no capture"));
        self.trouble |= diagnosis.trouble || lost;
        Ok(diagnosis)
    }
}

/// `N,M`: two conversations of one capture.
fn stream(text: &str, analysis: &Analysis) -> Result<Both<ConversationId>> {
    let (good, bad) = text.split_once(',').with_context(|| {
        format!("--stream '{text}': write it as N,M: the working conversation, then the failing one")
    })?;
    let ids = Both { good: conversation_id(good, analysis)?, bad: conversation_id(bad, analysis)? };
    ensure!(ids.good != ids.bad, "--stream '{text}': these are one conversation");
    Ok(ids)
}

/// Reads `GOODID:BADID`, two ids of conversations.
fn by_hand(text: &str, good: &Diagnosis, bad: &Diagnosis) -> Result<Both<ConversationId>> {
    let wrong = || format!("--pair '{text}': write it as GOODID:BADID, two ids of conversations");
    let (good_id, bad_id) = text.split_once(':').with_context(wrong)?;
    Ok(Both { good: conversation_id(good_id, &good.analysis)?, bad: conversation_id(bad_id, &bad.analysis)? })
}

/// An id as in the report, or Wireshark's number behind `tcp:` or `udp:`.
fn conversation_id(text: &str, analysis: &Analysis) -> Result<ConversationId> {
    let text = text.trim();
    let is = |c: &Conversation, transport: &str, number: u32| {
        c.stream == number && format!("{:?}", c.transport).eq_ignore_ascii_case(transport)
    };
    let found = match text.split_once(':') {
        None => text.parse().ok().and_then(|id: u32| analysis.conversations.iter().find(|c| c.id == id)),
        Some((transport, number)) => {
            let number: Option<u32> = number.parse().ok();
            number.and_then(|number| analysis.conversations.iter().find(|c| is(c, transport, number)))
        }
    };
    match found {
        Some(c) => Ok(c.id),
        None => bail!("there is no conversation '{text}' in {}: {}", path(analysis), known(analysis)),
    }
}

fn path(analysis: &Analysis) -> &str {
    analysis.inputs.first().map_or("the capture", |input| &input.path)
}

/// "it has 0 (dns, udp:0), 1 (nrpc, tcp:0)".
fn known(analysis: &Analysis) -> String {
    let one = |c: &Conversation| {
        let transport = format!("{:?}", c.transport).to_lowercase();
        format!("{} ({}, {transport}:{})", c.id, protocol_name(c.protocol), c.stream)
    };
    let all: Vec<_> = analysis.conversations.iter().take(8).map(one).collect();
    let more = if analysis.conversations.len() > all.len() { ", …" } else { "" };
    if all.is_empty() { "it has none that is kept".to_owned() } else { format!("it has {}{more}", all.join(", ")) }
}
