//! `-i IFACE`: the plan of a live capture from its arguments, and what the shell sees of it.

mod target;

use super::args::{Args, LiveArgs};
use super::exit::ExitStatus;
use super::{output, plan};
use crate::api::{Diagnoser, HELD};
use crate::capture::live::{CaptureSettings, interfaces as list};
use crate::engine;
use crate::live::{self, Pipe, Plan, Summary};
use crate::model::Severity;
use crate::stream::Limits;
use anyhow::{Context, Result, bail, ensure};
use std::io::{self, IsTerminal};
use std::path::Path;
use target::target;

/// Captures until it is told to stop.
pub(super) fn run(args: &Args) -> Result<ExitStatus> {
    let (plan, fail_on) = plan(args)?;
    if let Some(path) = &plan.output {
        output::check(path, "-o", std::iter::empty())?;
    }
    Ok(live::run(&plan)?.map_or(ExitStatus::Stopped, |summary| outcome(&summary, fail_on)))
}

/// A finding that was told counts also if it is out of view at the end.
fn outcome(summary: &Summary, fail_on: Option<Severity>) -> ExitStatus {
    let outcome = ExitStatus::of(summary.trouble, &summary.findings, summary.verdict, fail_on);
    let fails = |limit| summary.worst.is_some_and(|worst| worst >= limit);
    if outcome == ExitStatus::Done && fail_on.is_some_and(fails) { ExitStatus::FailOn } else { outcome }
}

/// Checks the arguments. Gives the plan, and the severity from which on the exit status is 1. Logs are refused, as
/// their lines cannot be placed beside packets that are still to come.
fn plan(args: &Args) -> Result<(Plan, Option<Severity>)> {
    let interfaces = interfaces(&args.live.interfaces)?;
    ensure!(args.reading.log.is_empty(), "--log: logs are read beside captures; capture with -w, then read both");
    let common = plan::Plan::common(Vec::new(), args)?;
    let target = target(&args.live.write, common.output.as_deref())?;
    let Diagnoser { engine, settings, key_logs, filter, show_secrets, .. } = common.diagnoser;
    // A capture that goes on lets go of what was judged, whatever its report shows.
    let hold = args.memory.map_or(HELD, |memory| usize::try_from(memory).unwrap_or(usize::MAX));
    let engine = engine::Options { limits: limits(&args.live), hold: Some(hold), ..engine };
    let LiveArgs { retry, count, duration, stats_interval, write, service, .. } = args.live.clone();
    let plan = Plan {
        interfaces,
        setup: setup(&args.live, filter),
        retry,
        count,
        duration,
        engine,
        settings,
        key_logs,
        report: common.report,
        output: common.output,
        show_secrets,
        target,
        keep_keys: write.keep_keys,
        stats_interval,
        user: service.user,
        metrics: service.metrics,
        verbosity: common.verbosity,
    };
    Ok((plan, common.fail_on))
}

/// Each interface once; a number stands for the one that `-D` lists there.
fn interfaces(named: &[String]) -> Result<Vec<String>> {
    let mut interfaces: Vec<String> = Vec::new();
    for name in named {
        if name == "-" && io::stdin().is_terminal() {
            bail!("-i -: stdin is a terminal; pipe a capture into it, as in 'dumpcap -w - | nrpcsniff -i -'");
        }
        ensure!(!name.is_empty(), "-i: give the name of an interface; `nrpcsniff -D` lists them");
        let name = if Pipe::is_meant(name) { name.clone() } else { by_number(name)? };
        let is_file = Path::new(&name).is_file();
        ensure!(!is_file, "-i {name}: this is a file; nrpcsniff {name} reads it");
        if !interfaces.contains(&name) {
            interfaces.push(name);
        }
    }
    Ok(interfaces)
}

/// The name of an interface that was told by its number, as with tcpdump and tshark; an interface of that very name comes first.
fn by_number(name: &str) -> Result<String> {
    let Some(number) = name.parse().ok().filter(|number: &usize| *number > 0) else { return Ok(name.to_owned()) };
    let known = list().map_err(live::explain)?;
    if known.iter().any(|interface| interface.name == name) {
        return Ok(name.to_owned());
    }
    let found = known.into_iter().nth(number.saturating_sub(1));
    found
        .map(|interface| interface.name)
        .with_context(|| format!("-i {name}: there are not so many; nrpcsniff -D lists them"))
}

fn setup(args: &LiveArgs, filter: Option<String>) -> CaptureSettings {
    CaptureSettings {
        snap_length: args.snapshot_length,
        promiscuous: !args.no_promiscuous_mode,
        buffer: args.buffer_size,
        immediate: args.immediate_mode,
        filter,
    }
}

fn limits(args: &LiveArgs) -> Limits {
    let flows = usize::try_from(args.max_flows).unwrap_or(usize::MAX);
    let total_bytes = usize::try_from(args.max_buffer).unwrap_or(usize::MAX);
    Limits { total_bytes, flows, ..Limits::default() }
}
