//! Live capture: frames in from interfaces, findings out as they come about, until the user has had enough.
//!
//! ```text
//! interfaces ─► reader thread ─► bounded queue ─► this thread: pipeline, rules, what is written
//! ```
//!
//! The reading thread does nothing else, so that the kernel's buffer does not fill while rules are asked.
//!
//! A room of its own, because a capture that goes on needs what a file does not: rights that are given up, the minutes
//! before a finding, files that rotate, figures for those who ask, and an account of which findings were told and when. It
//! knows nothing of the command line: [`Plan`] says what is to be done.

mod batch;
mod capture_loop;
mod finding_files;
mod interfaces;
mod key_log;
mod metrics;
mod outcomes;
mod output_file;
mod packet_output;
mod pipe;
mod plan;
mod process_memory;
mod reader;
mod report_output;
mod retention;
mod rights;
mod ring;
mod rotation;
mod schedule;
mod signals;
mod status_line;
#[cfg(test)]
mod tests;
mod tracker;

pub(crate) use capture_loop::Summary;
pub(crate) use finding_files::Trigger;
pub(crate) use interfaces::explain;
pub(crate) use key_log::{KeyLog, KeyLogTail};
pub(crate) use pipe::Pipe;
pub(crate) use plan::{Plan, Target};
pub(crate) use ring::{LEAST_BYTES, ORDINARY_BYTES, RingLimits};
pub(crate) use rotation::Rotation;

use crate::capture::FilterSet;
use crate::capture::write::WriteError;
use crate::report::talk::say;
use anyhow::{Context, Result};
use capture_loop::{CaptureLoop, Resources};
use metrics::MetricsListener;
use output_file::{Inherited, is_descriptor};
use packet_output::PacketOutput;
use process_memory::ProcessMemory;
use report_output::ReportOutput;
use rights::{Needs, Rights, RightsReport};
use signals::Signals;
use std::fs::File;
use std::path::Path;

/// Captures until it is told to stop, and writes the report. `None` if the user ended it before it began.
///
/// The order is that of rights: what only root may open comes first, then what belongs to the user that root becomes, then
/// the file system and the kernel are closed, and only then a thread is started and a packet looked at.
///
/// # Errors
/// Something could not be opened or given up, or the report not be written.
pub(crate) fn run(plan: &Plan) -> Result<Option<Summary>> {
    let quiet = plan.verbosity.quiet;
    let rights = Rights::new(plan.user.as_deref())?;
    let metrics = plan.metrics.map(MetricsListener::listen).transpose()?;
    let sources = interfaces::open(plan)?;
    // Of pipes, whose packets nobody has filtered; a wrong filter is found before anything is read.
    let filter = plan.setup.filter.as_deref().map(FilterSet::new).transpose()?;
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let input = interfaces::input(plan, &sources);
    let described = packet_output::described(&plan.interfaces, &sources, &plan.setup);
    let key_logs = KeyLogTail::new(&plan.key_logs);
    let memory = ProcessMemory::open();
    let (report, capture) = (plan.output.as_deref(), plan.target.as_ref().and_then(Target::file));
    let mut inherited = Inherited::of(report.into_iter().chain(capture));
    let dropped = rights.give_up(plan.retry)?;
    let mut open = |path| open_output(path, &mut inherited, &signals, quiet);
    let (report, capture) = (report.map_or(Ok(None), &mut open)?, capture.map_or(Ok(None), open)?);
    if signals.stop() {
        return Ok(None);
    }
    let report = ReportOutput::new(plan, report);
    let packets = PacketOutput::open(plan.target.as_ref(), capture, described, quiet)?;
    tell(&dropped.close(&needs(plan))?, plan);
    let metrics_page = metrics.map(MetricsListener::serve);
    packets.check()?;
    if !quiet {
        say(&format!("capturing on {}; ^C ends it", plan.shown()));
    }
    let queue = reader::start(sources, plan.setup.clone(), plan.retry);
    let resources = Resources { report, packets, key_logs, memory, metrics_page, filter };
    let mut capture_loop = CaptureLoop::new(plan, input, resources);
    capture_loop.run(&queue, &signals);
    let times_full = queue.times_full();
    queue.join();
    capture_loop.finish(times_full).map(Some)
}

/// Opens an output, unless it was handed over. `None` if the user ends the capture while a pipe is waited for.
fn open_output(
    path: &Path,
    inherited: &mut Inherited,
    signals: &Signals,
    quiet: bool,
) -> Result<Option<File>, WriteError> {
    if let Some(file) = inherited.take(path) {
        return Ok(Some(file));
    }
    let waits = || {
        if !quiet {
            say(&format!("{}: nobody reads this pipe yet; it is waited for, and ^C ends it", path.display()));
        }
    };
    output_file::open(path, signals, waits).map_err(|error| WriteError::io(path, error))
}

/// What is still to be done once rights are given up.
fn needs(plan: &Plan) -> Needs {
    let target = plan.target.as_ref();
    let files = plan.output.iter().cloned().chain(target.map(Target::files).unwrap_or_default());
    Needs {
        interfaces: plan.interfaces.iter().filter(|name| !Pipe::is_meant(name)).cloned().collect(),
        folders: target.map(Target::folders).unwrap_or_default(),
        files: files.filter(|path| !is_descriptor(path)).collect(),
        reopens: plan.retry,
        serves: plan.metrics.is_some(),
    }
}

/// Says which rights are left.
fn tell(rights: &RightsReport, plan: &Plan) {
    let details = rights.details.iter().filter(|_| plan.verbosity.verbose);
    for sentence in rights.said.iter().filter(|_| !plan.verbosity.quiet).chain(details) {
        say(sentence);
    }
}
