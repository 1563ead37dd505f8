//! Live capture: frames in from interfaces, findings out as they come about, until the user has had enough.
//!
//! ```text
//! interfaces ─► reader thread ─► bounded queue ─► this thread: pipeline, rules, what is written
//! ```
//!
//! The reading thread does nothing else, so that the kernel's buffer does not fill while rules are asked.

mod args;
mod batch;
mod catch;
mod kept;
mod list;
mod looks;
mod memory;
mod metrics;
mod outputs;
mod packets;
mod plan;
mod reader;
mod rights;
mod ring;
mod rotate;
mod service;
mod signals;
mod told;
mod voice;
mod watch;
mod write_args;

pub use args::LiveArgs;
pub(super) use list::list;
pub(super) use plan::Plan;

use super::exit::Outcome;
use super::growing::Growing;
use super::output;
use crate::capture::live::Open;
use crate::capture::write::WriteError;
use crate::model::{Input, InputFormat};
use crate::report::talk::say;
use anyhow::{Context, Result};
use memory::Memory;
use outputs::{Inherited, is_descriptor};
use packets::Packets;
use rights::Needs;
use service::Service;
use signals::Signals;
use std::fs::{self, File};
use std::path::Path;
use voice::Voice;
use watch::{Opened, Watch};
use write_args::Target;

/// Speed of a link (Mb/s) from which on a filter may be needed.
const FAST: u32 = 10_000;

/// Captures until it is told to stop, and writes the report.
pub(super) fn run(plan: &Plan) -> Result<Outcome> {
    if let Some(path) = &plan.common.output {
        output::check(path, "-o", std::iter::empty())?;
    }
    let service = Service::new(&plan.service)?;
    let interfaces = open(plan)?;
    if plan.setup.filter.is_none() && !plan.common.verbosity.quiet {
        plan.interfaces.iter().filter_map(|name| fast(name)).for_each(|hint| say(&hint));
    }
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let input = input(plan, &interfaces);
    let described = packets::described(&plan.interfaces, &interfaces, &plan.setup);
    let key_logs = Growing::new(&plan.common.tls.logs);
    let memory = Memory::open();
    let (report, capture) = (plan.common.output.as_deref(), plan.target.as_ref().and_then(Target::file));
    let mut inherited = Inherited::of(report.into_iter().chain(capture));
    // From here on whoever's files these are has no more rights than their owner.
    let service = service.become_user(plan.retry)?;
    let mut open_one = |path| open_output(path, &mut inherited, &signals, plan.common.verbosity.quiet);
    let (report, capture) = (report.map_or(Ok(None), &mut open_one)?, capture.map_or(Ok(None), open_one)?);
    if signals.stop() {
        return Ok(Outcome::Stopped);
    }
    let voice = Voice::new(&plan.common, report);
    let packets = Packets::open(plan.target.as_ref(), capture, described, plan.common.verbosity.quiet)?;
    let board = service.close(needs(plan), plan.common.verbosity)?;
    packets.check()?;
    if !plan.common.verbosity.quiet {
        say(&format!("capturing on {}; ^C ends it", plan.interfaces.join(", ")));
    }
    let queue = reader::start(interfaces, plan.setup.clone(), plan.retry);
    let mut watch = Watch::new(plan, input, Opened { voice, packets, key_logs, memory, board });
    watch.go_on(&queue, &signals);
    let times_full = queue.times_full();
    queue.join();
    watch.finish(times_full)
}

/// Opens every interface; one that may come back later is waited for if the user wants that.
fn open(plan: &Plan) -> Result<Vec<Result<Open, String>>> {
    let mut opened = Vec::new();
    for name in &plan.interfaces {
        match Open::new(name, &plan.setup) {
            Ok(open) => opened.push(Ok(open)),
            Err(error) if plan.retry && error.may_pass() => {
                say(&format!("{error}; it is waited for"));
                opened.push(Err(name.clone()));
            }
            Err(error) => return Err(plan::explain(error)),
        }
    }
    Ok(opened)
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
    outputs::open(path, signals, waits).map_err(|error| WriteError::io(path, error))
}

/// A hint for a link that may bring more than can be looked at (`/sys/class/net`; Linux).
fn fast(interface: &str) -> Option<String> {
    let speed = fs::read_to_string(Path::new("/sys/class/net").join(interface).join("speed")).ok()?;
    let speed: u32 = speed.trim().parse().ok()?;
    (speed >= FAST).then(|| {
        format!(
            "{interface}: a link of {} Gb/s; if packets are dropped, let the kernel leave out what is not sign-on: \
             -f 'port 1352 or port 1533 or port 5060 or port 80 or port 53'",
            speed / 1000
        )
    })
}

/// What is still to be done once rights are given up.
fn needs(plan: &Plan) -> Needs {
    let target = plan.target.as_ref();
    let files = plan.common.output.iter().cloned().chain(target.map(Target::files).unwrap_or_default());
    Needs {
        interfaces: plan.interfaces.clone(),
        folders: target.map(Target::folders).unwrap_or_default(),
        files: files.filter(|path| !is_descriptor(path)).collect(),
        reopens: plan.retry,
        ..Needs::default()
    }
}

/// What the report says of the interfaces: one input, as a capture file of them would be.
fn input(plan: &Plan, interfaces: &[Result<Open, String>]) -> Input {
    let mut link_types = Vec::new();
    for open in interfaces.iter().flatten() {
        if !link_types.contains(&open.link_type()) {
            link_types.push(open.link_type());
        }
    }
    Input {
        path: plan.interfaces.join(", "),
        format: Some(InputFormat::Live),
        link_types,
        packets: 0,
        bytes: 0,
        first: None,
        last: None,
        complete: false,
        problem: None,
        dropped: None,
        snap_length: Some(plan.setup.snap_length),
    }
}
