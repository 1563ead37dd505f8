//! Live capture: frames in from interfaces, findings out as they come about, until the user has had enough.
//!
//! ```text
//! interfaces ─► reader thread ─► bounded queue ─► this thread: pipeline, rules, what is written
//! ```
//!
//! The reading thread does nothing else, so that the kernel's buffer does not fill while rules are asked.

mod args;
mod batch;
#[allow(dead_code, reason = "until the loop calls it")]
mod catch;
#[allow(dead_code, reason = "until the loop calls it")]
mod kept;
mod list;
mod looks;
mod memory;
mod metrics;
#[allow(dead_code, reason = "until the loop calls it")]
mod packets;
mod plan;
mod reader;
mod rights;
#[allow(dead_code, reason = "until the loop calls it")]
mod ring;
#[allow(dead_code, reason = "until the loop calls it")]
mod rotate;
mod service;
mod signals;
mod told;
mod voice;
mod watch;
#[allow(dead_code, reason = "until the loop calls it")]
mod write_args;

pub use args::LiveArgs;
pub(super) use list::list;
pub(super) use plan::Plan;

use super::exit::Outcome;
use super::{output, say};
use crate::capture::live::Open;
use crate::model::Input;
use anyhow::{Context, Result};
use memory::Memory;
use rights::Needs;
use service::Service;
use signals::Signals;
use voice::Voice;
use watch::Watch;

/// Captures until it is told to stop, and writes the report.
pub(super) fn run(plan: &Plan) -> Result<Outcome> {
    if let Some(path) = &plan.common.output {
        output::check(path, "-o", std::iter::empty())?;
    }
    let service = Service::new(&plan.service)?;
    let interfaces = open(plan)?;
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let input = input(plan, &interfaces);
    let voice = Voice::open(&plan.common, |file| service.give(file))?;
    let memory = Memory::open();
    let needs = Needs {
        files: plan.common.output.iter().cloned().collect(),
        interfaces: plan.interfaces.clone(),
        reopens: plan.retry,
        ..Needs::default()
    };
    let board = service.begin(needs, plan.common.talk)?;
    let queue = reader::start(interfaces, plan.setup.clone(), plan.retry);
    let mut watch = Watch::new(plan, input, voice, memory, board);
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
        format: None,
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
