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
mod kept;
mod list;
mod metrics;
mod plan;
mod reader;
mod rights;
#[allow(dead_code, reason = "until the loop calls it")]
mod ring;
#[allow(dead_code, reason = "until the loop calls it")]
mod rotate;
mod service;
mod signals;

pub use args::LiveArgs;
pub(super) use list::list;
pub(super) use plan::Plan;

use super::exit::Outcome;
use super::read::options;
use super::{output, run as files, say};
use crate::capture::live::{Counts, LiveError, Open};
use crate::diagnose::diagnose;
use crate::engine::Pipeline;
use crate::model::Input;
use crate::report::{self, Report};
use anyhow::{Context, Result};
use batch::News;
use metrics::{Board, Figures};
use reader::Queue;
use rights::Needs;
use service::Service;
use signals::Signals;
use std::fs::File;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// How long to wait for frames before looking at the clock and at signals.
const TICK: Duration = Duration::from_millis(50);

/// Captures until it is told to stop, and writes the report.
pub(super) fn run(plan: &Plan) -> Result<Outcome> {
    if let Some(path) = &plan.common.output {
        output::check(path, "-o", std::iter::empty())?;
    }
    let service = Service::new(&plan.service)?;
    let interfaces = open(plan)?;
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let input = input(plan, &interfaces);
    if let Some(path) = &plan.common.output {
        service.give(&File::create(path).with_context(|| format!("{}: cannot be written", path.display()))?)?;
    }
    let needs = Needs {
        files: plan.common.output.iter().cloned().collect(),
        interfaces: plan.interfaces.clone(),
        reopens: plan.retry,
        ..Needs::default()
    };
    let board = service.begin(needs, plan.common.talk)?;
    let queue = reader::start(interfaces, plan.setup.clone(), plan.retry);
    let mut watch = Watch {
        plan,
        pipeline: Pipeline::new(options(&plan.common)),
        input,
        counts: Counts::default(),
        began: Instant::now(),
        trouble: false,
        board,
    };
    watch.go_on(&queue, &signals);
    queue.join();
    watch.finish()
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

/// A capture that goes on.
struct Watch<'a> {
    plan: &'a Plan,
    pipeline: Pipeline,
    input: Input,
    counts: Counts,
    began: Instant,
    /// An interface could not be read to the end.
    trouble: bool,
    /// Where figures are shown to those who ask.
    board: Option<Board>,
}

impl Watch<'_> {
    /// Takes in what comes until it is over.
    fn go_on(&mut self, queue: &Queue, signals: &Signals) {
        loop {
            match queue.news.recv_timeout(TICK) {
                Ok(News::Frames(batch)) => {
                    self.frames(&batch);
                    queue.done(batch);
                }
                Ok(News::Counts(counts)) => self.counts = counts,
                Ok(News::Lost(error)) => self.lost(&error),
                Ok(News::Back(name)) => say(&format!("{name}: the interface is back")),
                Ok(News::End(error)) => return self.end(error),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.show_figures();
            if signals.stop() || self.is_done() {
                queue.stop();
            }
        }
    }

    fn frames(&mut self, batch: &batch::Batch) {
        for (_, frame) in batch.frames(self.input.packets + 1) {
            if self.plan.count.is_some_and(|count| self.input.packets >= count) {
                return;
            }
            self.input.packets += 1;
            self.input.bytes += u64::from(frame.wire_length);
            self.input.first.get_or_insert(frame.at.time);
            self.input.last = Some(frame.at.time);
            self.pipeline.frame(&frame);
        }
    }

    /// Shows the figures to those who ask, if it is time.
    fn show_figures(&mut self) {
        let Some(board) = self.board.as_mut().filter(|board| board.is_due()) else { return };
        board.show(Figures {
            counts: self.counts,
            totals: self.pipeline.totals().clone(),
            held: self.pipeline.held(),
            last_packet: self.input.last,
            ..Figures::default()
        });
    }

    /// The user's limits are reached.
    fn is_done(&self) -> bool {
        self.plan.count.is_some_and(|count| self.input.packets >= count)
            || self.plan.duration.is_some_and(|duration| self.began.elapsed() >= duration)
    }

    fn lost(&mut self, error: &LiveError) {
        let then = if self.plan.retry { "it is tried again every second" } else { "the others go on" };
        self.trouble |= !self.plan.retry;
        say(&format!("{error}; {then}"));
    }

    fn end(&mut self, error: Option<LiveError>) {
        self.input.complete = error.is_none();
        if let Some(error) = error {
            self.trouble = true;
            self.input.problem = Some(error.to_string());
            say(&error.to_string());
        }
    }

    /// The report of everything.
    fn finish(mut self) -> Result<Outcome> {
        self.input.dropped = Some(self.counts.drops());
        let plan = &self.plan.common;
        let analysis = self.pipeline.finish(vec![self.input]);
        let findings = diagnose(&analysis, &plan.settings);
        let report = Report { analysis: &analysis, findings: &findings, reader: files::reader(plan) };
        output::write(plan.output.as_deref(), |out| report::write(report, &plan.report, out))?;
        Ok(Outcome::of(self.trouble, &findings, plan.fail_on))
    }
}
