//! The loop of a live capture: frames are taken in, rules asked, findings told, and the user heard.

use super::batch::{Batch, ReaderEvent};
use super::key_log::KeyLogTail;
use super::metrics::{Metrics, MetricsPage};
use super::packet_output::PacketOutput;
use super::pipe::Pipe;
use super::plan::{Plan, Target};
use super::process_memory::ProcessMemory;
use super::reader::Queue;
use super::report_output::ReportOutput;
use super::schedule::Schedule;
use super::signals::Signals;
use super::status_line::StatusLine;
use crate::capture::live::{Counts, LiveError};
use crate::capture::{FilterSet, Secret};
use crate::decrypt::secrets_of_log;
use crate::diagnose::{Judgement, gather, judge_with, verdict};
use crate::engine::Pipeline;
use crate::model::{Analysis, Conclusion, Finding, Frame, Input, RuleId, Severity, Timestamp, VerdictKind};
use crate::report::stream::{FindingChange, Stats, Status};
use crate::report::talk::say;
use anyhow::Result;
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

/// How long to wait for frames before looking at the clock and at signals: short for who presses ^C, and no work.
const TICK: Duration = Duration::from_millis(50);
/// How long frames wait for the lines of key logs that open them: programs write a line when they have sent the frame.
const KEYS: Duration = Duration::from_millis(200);

/// The end of a capture.
#[derive(Debug)]
pub(crate) struct Summary {
    /// An interface could not be read to the end, or packets that were asked for could not be written.
    pub(crate) trouble: bool,
    /// The worst of what was told meanwhile.
    pub(crate) worst: Option<Severity>,
    /// Findings at the end.
    pub(crate) findings: Vec<Finding>,
    /// What they come to.
    pub(crate) verdict: VerdictKind,
}

/// What a capture works with, and what had to be opened while there were rights.
pub(super) struct Resources<'a> {
    /// Output of findings.
    pub report: ReportOutput<'a>,
    /// Output of packets.
    pub packets: PacketOutput,
    /// Sources of TLS secrets.
    pub key_logs: KeyLogTail,
    /// The system's account of this process.
    pub memory: Option<ProcessMemory>,
    /// The page of metrics, if it is served.
    pub metrics_page: Option<MetricsPage>,
    /// The user's filter, for what comes through pipes: of interfaces the kernel has applied it.
    pub filter: Option<FilterSet>,
}

/// A capture that goes on.
pub(super) struct CaptureLoop<'a> {
    plan: &'a Plan,
    pipeline: Pipeline,
    /// What the report says of the interfaces, with what was taken in so far.
    input: Input,
    /// Counters of interfaces and pipes so far, and their sum.
    counts_by_source: BTreeMap<u16, Counts>,
    counts: Counts,
    /// Which sources are pipes, by their places, and the filter for them.
    pipes: Vec<bool>,
    filter: Option<FilterSet>,
    began: Instant,
    /// When the latest frames were taken in.
    arrived: Instant,
    /// Frames that wait for lines of key logs, with the time of their arrival.
    delayed: VecDeque<(Instant, Batch)>,
    /// No frame has come since, and none waits.
    quiet: bool,
    /// An interface could not be read to the end.
    trouble: bool,
    schedule: Schedule<'a>,
    report: ReportOutput<'a>,
    packets: PacketOutput,
    key_logs: KeyLogTail,
    /// Findings that were told, by rule and severity.
    reported: BTreeMap<(RuleId, Severity), u64>,
    /// When statistics were shown last, and how many packets had been taken in by then.
    last_stats: (Instant, u64),
    memory: Option<ProcessMemory>,
    /// The page of metrics, if it is served.
    metrics_page: Option<MetricsPage>,
    /// The line on the terminal, if there is one.
    status_line: Option<StatusLine>,
}

impl<'a> CaptureLoop<'a> {
    /// Begins with an empty pipeline.
    pub(super) fn new(plan: &'a Plan, input: Input, resources: Resources<'a>) -> Self {
        let Resources { report, packets, key_logs, memory, metrics_page, filter } = resources;
        let now = Instant::now();
        Self {
            plan,
            pipeline: Pipeline::new(plan.engine.clone()),
            input,
            counts_by_source: BTreeMap::new(),
            counts: Counts::default(),
            pipes: plan.interfaces.iter().map(|name| Pipe::is_meant(name)).collect(),
            filter,
            began: now,
            arrived: now,
            delayed: VecDeque::new(),
            quiet: false,
            trouble: false,
            schedule: Schedule::new(&plan.settings, plan.engine.hold.unwrap_or(usize::MAX)),
            report,
            packets,
            key_logs,
            reported: BTreeMap::new(),
            last_stats: (now, 0),
            memory,
            metrics_page,
            status_line: StatusLine::new(plan.verbosity.progress),
        }
    }

    /// Takes in what comes until it is over.
    ///
    /// All of it is one thread's: rules see the state between two batches, and no lock is held while frames are taken in.
    pub(super) fn run(&mut self, queue: &Queue, signals: &Signals) {
        loop {
            match queue.events.recv_timeout(TICK) {
                Ok(ReaderEvent::Frames(batch)) => self.delayed.push_back((Instant::now(), batch)),
                Ok(ReaderEvent::Counts(source, counts)) => {
                    self.counts_by_source.insert(source, counts);
                    self.counts = self.counts_by_source.values().copied().fold(Counts::default(), Counts::and);
                    self.packets.counted(self.counts);
                }
                Ok(ReaderEvent::Secrets(data)) => self.secrets(&data),
                Ok(ReaderEvent::Lost(error)) => self.interface_lost(&error),
                Ok(ReaderEvent::Back(name)) => say(&format!("{name}: the interface is back")),
                Ok(ReaderEvent::Ended(name)) => {
                    say(&format!("{name}: the capture in this pipe has ended; the others go on"));
                }
                Ok(ReaderEvent::End(error)) => {
                    self.release(queue, true);
                    return self.end(error);
                }
                Err(RecvTimeoutError::Timeout) => self.quiet = self.delayed.is_empty(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.release(queue, false);
            self.evaluate(false);
            self.packets.flush(self.now().unwrap_or_default());
            self.show_metrics();
            self.show_status();
            self.obey(queue, signals);
        }
    }

    /// Writes the report of everything; `times_full` is how often the queue was full.
    pub(super) fn finish(mut self, times_full: u64) -> Result<Summary> {
        self.evaluate(true);
        self.packets.finish();
        let stats = self.stats(times_full);
        if !self.plan.verbosity.quiet && !self.report.is_lost() {
            say(&crate::report::stream::stats_line(&stats));
        }
        let (input, now) = (self.input(), self.now());
        // It was watched until now, also if nothing came; the report names the last packet.
        let watched = Input { last: now.max(input.last), ..input.clone() };
        let mut analysis = Analysis { end: now, ..self.pipeline.finish(vec![watched]) };
        let ledger = self.schedule.ledger();
        let judgement = judge_with(&analysis, &self.plan.settings, ledger);
        let Judgement { mut findings, attempts, wishes, set_aside, .. } = judgement;
        analysis.number_among_all(&mut findings, 0);
        analysis.totals.set_aside = set_aside;
        let findings = gather(findings, &analysis, &[], ledger.counted());
        let verdict = verdict(&analysis, &findings, &wishes);
        let conclusion = Conclusion { verdict, attempts, captures: Vec::new() };
        analysis.inputs = vec![input];
        self.report.finish(&analysis, &findings, &conclusion, &stats)?;
        let trouble = self.trouble || self.packets.is_incomplete();
        let worst = self.reported.keys().map(|(_, severity)| *severity).max();
        Ok(Summary { trouble, worst, findings, verdict: conclusion.verdict.kind })
    }

    /// Looks at what came, `all` of it if nothing more is to come. Where key logs are read, everything waits a moment for
    /// the lines that open it: who writes them sees the packets when we do.
    fn release(&mut self, queue: &Queue, all: bool) {
        let wait = if self.key_logs.is_empty() { Duration::ZERO } else { KEYS };
        while self.delayed.front().is_some_and(|(since, _)| all || since.elapsed() >= wait) {
            let Some((_, batch)) = self.delayed.pop_front() else { return };
            self.take_in(&batch);
            queue.done(batch);
        }
    }

    /// Hands frames to the pipeline, up to the number that the user wants, and what they turn out to be to those who write.
    fn take_in(&mut self, batch: &Batch) {
        (self.arrived, self.quiet) = (Instant::now(), false);
        self.read_keys();
        for (interface, mut frame) in batch.frames(0) {
            if !self.passes(interface, &frame) {
                continue;
            }
            frame.at.frame.number = self.input.packets + 1;
            if self.plan.count.is_some_and(|count| self.input.packets >= count) {
                return;
            }
            self.input.packets += 1;
            if !self.input.link_types.contains(&frame.link_type) {
                self.input.link_types.push(frame.link_type);
            }
            self.input.bytes += u64::from(frame.wire_length);
            self.input.first.get_or_insert(frame.at.time);
            self.input.last = Some(frame.at.time);
            let seen = self.pipeline.frame(&frame);
            self.packets.frame(seen, interface, &frame);
        }
    }

    /// Of frames that come through pipes the filter chooses here. Where it means nothing for their link type, none is taken.
    fn passes(&mut self, source: u16, frame: &Frame<'_>) -> bool {
        let is_piped = self.pipes.get(usize::from(source)).copied().unwrap_or_default();
        let Some(filter) = self.filter.as_mut().filter(|_| is_piped) else { return true };
        match filter.matches(frame) {
            Ok(matches) => matches,
            Err(error) => {
                // Once is enough.
                self.filter = None;
                self.pipes.fill(false);
                self.trouble = true;
                say(&format!("{error}; everything is taken from here on"));
                true
            }
        }
    }

    /// Takes what was added to key logs: the lines for these frames were written before them.
    fn read_keys(&mut self) {
        for data in self.key_logs.news() {
            self.secrets(&data);
        }
    }

    /// What opens TLS: from a key log, or from a capture in a pipe.
    fn secrets(&mut self, data: &[u8]) {
        self.pipeline.tls_secrets(data);
        let data = if self.plan.keep_keys { secrets_of_log(data) } else { Vec::new() };
        if !data.is_empty() {
            self.packets.secret(Secret { kind: Secret::KEY_LOG, data });
        }
    }

    /// Asks rules if it is time, tells what they say, and lets go of what was judged; `last` if there will be no other time.
    fn evaluate(&mut self, last: bool) {
        if !last && !self.schedule.is_due(&self.pipeline) {
            return;
        }
        let Some(now) = self.now() else { return };
        let (input, report, packets, reported) =
            (self.input(), &mut self.report, &mut self.packets, &mut self.reported);
        self.schedule.evaluate(&mut self.pipeline, input, now, last, |evaluation| {
            for update in evaluation.updates {
                if matches!(update.change, FindingChange::New | FindingChange::Worse) {
                    *reported.entry((update.finding.rule, update.finding.severity)).or_default() += 1;
                }
            }
            report.show(evaluation);
            packets.look(evaluation.findings, evaluation.updates, &evaluation.analysis.conversations, now);
        });
        if !last {
            let input = Input { dropped: Some(self.counts.drops()), ..self.input.clone() };
            self.schedule.let_go(&mut self.pipeline, input, now, |conversation| report.let_go(conversation));
        }
    }

    /// Packet time. Where nothing comes it goes on as the clock on the wall does, so that silence can be judged; the two
    /// clocks are never compared.
    fn now(&self) -> Option<Timestamp> {
        let last = self.pipeline.now()?;
        let passed = if self.quiet { self.arrived.elapsed() } else { Duration::ZERO };
        Some(last.plus(passed.into()))
    }

    /// The interfaces as an input, with their counters so far.
    fn input(&self) -> Input {
        Input { dropped: Some(self.counts.drops()), ..self.input.clone() }
    }

    /// Does what the user asks for by signals, and stops where it is enough.
    fn obey(&mut self, queue: &Queue, signals: &Signals) {
        let is_due = self.plan.stats_interval.is_some_and(|interval| self.last_stats.0.elapsed() >= interval);
        if signals.show() || is_due {
            let stats = self.stats(queue.times_full());
            self.report.stats(&stats);
        }
        if signals.reopen() {
            self.report.reopen();
            self.packets.reopen();
        }
        if signals.stop() || self.is_done() || self.report.is_lost() || self.packets.is_lost() {
            queue.stop();
        }
    }

    /// How it is going, with rates since the last time: every place that knows a number of it is asked here, so that a line
    /// and an object of statistics can never tell different things.
    fn stats(&mut self, times_full: u64) -> Stats {
        let (held, totals) = (self.pipeline.usage(), self.pipeline.totals());
        let (since, before) = std::mem::replace(&mut self.last_stats, (Instant::now(), totals.packets));
        let now = self.pipeline.now();
        let mut findings = BTreeMap::new();
        for ((_, severity), count) in &self.reported {
            *findings.entry(severity.name()).or_default() += count;
        }
        let written = self.packets.written();
        Stats {
            time: now,
            packets: totals.packets,
            bytes: totals.bytes,
            packets_per_s: rate(totals.packets.saturating_sub(before), since.elapsed()),
            kernel_drops: self.counts.kernel_drops,
            interface_drops: self.counts.interface_drops,
            queue_full: times_full,
            flows: number(held.flows),
            conversations: number(held.conversations),
            let_go: self.schedule.conversations_gone(),
            early: self.schedule.ledger().early(),
            attempts: self.schedule.attempts().by_kind().clone(),
            evicted: held.evicted,
            waiting_bytes: number(held.waiting_bytes),
            ring_bytes: number(self.packets.ring_bytes()),
            resident_bytes: self.memory.as_mut().and_then(ProcessMemory::resident),
            messages: totals.messages.clone(),
            findings,
            rules_ms: u64::try_from(self.schedule.took().as_millis()).unwrap_or(u64::MAX),
            written: written.frames,
            not_written: written.lost,
        }
    }

    /// Renews the page of metrics, if it is time.
    fn show_metrics(&mut self) {
        let Some(metrics_page) = self.metrics_page.as_mut().filter(|metrics_page| metrics_page.is_due()) else {
            return;
        };
        metrics_page.show(&Metrics {
            counts: self.counts,
            totals: self.pipeline.totals().clone(),
            held: self.pipeline.usage(),
            attempts: self.schedule.attempts().by_kind().clone(),
            findings: self.reported.clone(),
            ring: self
                .plan
                .target
                .as_ref()
                .and_then(Target::ring)
                .map(|most| (number(self.packets.ring_bytes()), most)),
            last_packet: self.input.last,
            resident: self.memory.as_mut().and_then(ProcessMemory::resident),
        });
    }

    /// Says on the terminal that it lives.
    fn show_status(&mut self) {
        if let Some(line) = &mut self.status_line {
            let packets = self.pipeline.totals().packets;
            line.show(Status { packets, attempts: self.schedule.attempts().sum() });
        }
    }

    /// The user's limits are reached.
    fn is_done(&self) -> bool {
        self.plan.count.is_some_and(|count| self.input.packets >= count)
            || self.plan.duration.is_some_and(|duration| self.began.elapsed() >= duration)
    }

    /// Says that an interface cannot be read. That is trouble only if nobody asked to wait for it.
    fn interface_lost(&mut self, error: &LiveError) {
        let waits = self.plan.retry && error.may_pass();
        let then = if waits { "it is tried again every second" } else { "the others go on" };
        self.trouble |= !waits;
        say(&format!("{error}; {then}"));
    }

    /// Notes how reading ended.
    fn end(&mut self, error: Option<LiveError>) {
        self.input.complete = error.is_none();
        if let Some(error) = error {
            self.trouble = true;
            self.input.problem = Some(error.to_string());
            say(&error.to_string());
        }
    }
}

/// A count for [`Stats`].
fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// So many in that time, by the second.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a figure to show"
)]
fn rate(count: u64, time: Duration) -> u64 {
    (count as f64 / time.as_secs_f64().max(0.001)) as u64
}
