//! Several captures at once, each on a thread of its own.
//!
//! What one capture shows says nothing of another, so that they can be read and judged side by side. They are told of, and put
//! together, in the order in which they were given: the report is the same for any number of threads.

use super::diagnoser::Diagnoser;
use super::merge::{JudgedCapture, MergedCaptures};
use super::reading::{Observer, Reading};
use crate::capture::{CaptureSet, FilterError, FilterSet};
use crate::decrypt::LogReport;
use crate::model::Input;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Captures that are begun before the first of them is done, for each thread: what is read waits in memory for those before it.
const AHEAD: usize = 4;

/// Reads and judges captures on so many threads. Says whether any could be opened.
pub(super) fn judge_all(
    diagnoser: &Diagnoser,
    sets: &[CaptureSet],
    threads: usize,
    observer: &mut impl Observer,
    merged: &mut MergedCaptures,
) -> Result<bool, FilterError> {
    let begins: Vec<u32> = sets
        .iter()
        .scan(0_u32, |next, set| {
            let begin = *next;
            *next = begin.saturating_add(u32::try_from(set.paths.len()).unwrap_or(u32::MAX));
            Some(begin)
        })
        .collect();
    let (to_do, jobs) = channel::<usize>();
    let (done, results) = channel::<(usize, Result<Done, FilterError>)>();
    let jobs = Mutex::new(jobs);
    // A filter that fails ends the run: what is still waiting need not be read.
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..threads.min(sets.len()) {
            let (done, jobs, begins, is_over) = (done.clone(), &jobs, &begins, &is_over);
            scope.spawn(move || {
                while let Some(place) = next(jobs).filter(|_| !is_over.load(Ordering::Relaxed)) {
                    let capture = sets.get(place).zip(begins.get(place));
                    let read = capture.map(|(set, &begin)| Done::of(diagnoser, set, begin));
                    if read.is_none_or(|read| done.send((place, read)).is_err()) {
                        return;
                    }
                }
            });
        }
        drop(done);
        let opened = collect(sets.len(), threads, &to_do, &results, observer, merged, diagnoser);
        is_over.store(true, Ordering::Relaxed);
        drop(to_do);
        opened
    })
}

/// Hands out work as captures are put together in their order, so that no more than a few wait.
fn collect(
    count: usize,
    threads: usize,
    to_do: &Sender<usize>,
    results: &Receiver<(usize, Result<Done, FilterError>)>,
    observer: &mut impl Observer,
    merged: &mut MergedCaptures,
    diagnoser: &Diagnoser,
) -> Result<bool, FilterError> {
    let mut waiting: BTreeMap<usize, Done> = BTreeMap::new();
    let (mut handed_out, mut next, mut opened) = (0, 0, false);
    while next < count {
        while handed_out < count.min(next.saturating_add(threads.saturating_mul(AHEAD))) {
            // Nobody listens only where every worker is gone: then there is no result to wait for either.
            if to_do.send(handed_out).is_err() {
                return Ok(opened);
            }
            handed_out = handed_out.saturating_add(1);
        }
        let Ok((place, capture)) = results.recv() else { break };
        waiting.insert(place, capture?);
        while let Some(capture) = waiting.remove(&next) {
            opened |= capture.opened;
            capture.heard.tell(observer);
            merged.take(capture.judged, &diagnoser.settings);
            next = next.saturating_add(1);
            observer.captures(next, count);
        }
    }
    Ok(opened)
}

fn next(jobs: &Mutex<Receiver<usize>>) -> Option<usize> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// A capture that was read, and judged unless logs stand beside it.
struct Done {
    judged: JudgedCapture,
    heard: Heard,
    opened: bool,
}

impl Done {
    fn of(diagnoser: &Diagnoser, set: &CaptureSet, first_input: u32) -> Result<Self, FilterError> {
        let filter = diagnoser.filter.as_deref().map(FilterSet::new).transpose()?;
        let mut heard = Heard::default();
        let mut reading = Reading::new(diagnoser, filter, &mut heard).beginning_at(first_input);
        let (analysis, ledger) = reading.set(set);
        let opened = reading.opened;
        let judged = JudgedCapture::read(analysis, ledger);
        // Logs are one for all captures, and what they say is joined to one after the other.
        let judged = if diagnoser.logs.is_empty() { judged.judged(&diagnoser.settings) } else { judged };
        Ok(Self { judged, heard, opened })
    }
}

/// What an observer will be told of a capture when its turn has come.
#[derive(Default)]
struct Heard(Vec<Told>);

enum Told {
    Secrets(PathBuf, LogReport),
    Ends(Input),
}

impl Observer for Heard {
    fn secrets(&mut self, path: &Path, report: &LogReport) {
        self.0.push(Told::Secrets(path.to_owned(), report.clone()));
    }

    fn ends(&mut self, input: &Input) {
        self.0.push(Told::Ends(input.clone()));
    }
}

impl Heard {
    fn tell(self, observer: &mut impl Observer) {
        for told in self.0 {
            match told {
                Told::Secrets(path, report) => observer.secrets(&path, &report),
                Told::Ends(input) => observer.ends(&input),
            }
        }
    }
}
