//! From captures to analyses: every frame goes into a pipeline, and with it what may open TLS.

use super::diagnoser::Diagnoser;
use crate::capture::{CaptureError, CaptureSet, FilterSet, Reader, Secret};
use crate::decrypt::LogReport;
use crate::engine::Pipeline;
use crate::live::KeyLogTail;
use crate::model::{Analysis, Input, Log};
use std::path::Path;

/// Is told how reading goes on.
pub(crate) trait Observer {
    /// A capture was opened.
    fn begins(&mut self, _path: &Path) {}

    /// So many of its frames were read.
    fn frame(&mut self, _number: u64, _reader: &Reader) {}

    /// It brought secrets along.
    fn secrets(&mut self, _path: &Path, _report: &LogReport) {}

    /// A capture was read, as far as it could be.
    fn ends(&mut self, _input: &Input) {}

    /// A log was read, as far as it could be.
    fn log(&mut self, _log: &Log) {}
}

/// Nobody is told.
pub(super) struct Unobserved;

impl Observer for Unobserved {}

/// Reads captures one after the other; their inputs are numbered in that order.
pub(super) struct Reading<'a, O> {
    diagnoser: &'a Diagnoser,
    filter: Option<FilterSet>,
    observer: &'a mut O,
    next_input: u32,
    /// Something could be opened.
    pub(super) opened: bool,
}

impl<'a, O: Observer> Reading<'a, O> {
    pub(super) fn new(diagnoser: &'a Diagnoser, filter: Option<FilterSet>, observer: &'a mut O) -> Self {
        Self { diagnoser, filter, observer, next_input: 0, opened: false }
    }

    /// Reads the files of one capture one after the other.
    pub(super) fn set(&mut self, set: &CaptureSet) -> Analysis {
        let mut pipeline = Pipeline::new(self.diagnoser.engine.clone());
        let inputs = set.paths.iter().map(|path| self.input(path, Reader::open(path), !path.is_file(), &mut pipeline));
        let inputs = inputs.collect();
        pipeline.finish(inputs)
    }

    /// Reads a capture that was opened already; `name` stands for it.
    pub(super) fn stream(&mut self, name: &Path, reader: Reader) -> Analysis {
        let mut pipeline = Pipeline::new(self.diagnoser.engine.clone());
        let input = self.input(name, Ok(reader), true, &mut pipeline);
        pipeline.finish(vec![input])
    }

    /// What comes through a pipe `is_growing`: it is being captured, and its key log may grow meanwhile.
    fn input(
        &mut self,
        path: &Path,
        reader: Result<Reader, CaptureError>,
        is_growing: bool,
        pipeline: &mut Pipeline,
    ) -> Input {
        let input = match reader {
            Ok(reader) => {
                self.opened = true;
                let key_logs = is_growing.then(|| KeyLogTail::new(&self.diagnoser.key_logs));
                self.frames(path, reader, key_logs, pipeline)
            }
            Err(error) => unreadable(path, &error),
        };
        self.next_input = self.next_input.saturating_add(1);
        self.observer.ends(&input);
        input
    }

    /// Secrets go to the pipeline before the frame behind them, because they open only what comes later.
    fn frames(
        &mut self,
        path: &Path,
        mut reader: Reader,
        mut key_logs: Option<KeyLogTail>,
        pipeline: &mut Pipeline,
    ) -> Input {
        self.observer.begins(path);
        let mut stopped = None;
        let mut known = 0;
        while let Some((frame, secrets)) = reader.next_with_secrets(self.next_input) {
            let number = frame.at.frame.number;
            for secret in secrets.iter().skip(known).filter(|secret| secret.kind == Secret::KEY_LOG) {
                self.observer.secrets(path, &pipeline.tls_secrets(&secret.data));
            }
            known = secrets.len();
            for lines in key_logs.as_mut().map(KeyLogTail::news).unwrap_or_default() {
                pipeline.tls_secrets(&lines);
            }
            match self.filter.as_mut().map_or(Ok(true), |filter| filter.matches(&frame)) {
                Ok(true) => {
                    pipeline.frame(&frame);
                }
                Ok(false) => {}
                Err(error) => {
                    stopped = Some(error.to_string());
                    break;
                }
            }
            self.observer.frame(number, &reader);
        }
        let mut input = reader.into_input();
        if stopped.is_some() {
            (input.problem, input.complete) = (stopped, false);
        }
        input
    }
}

fn unreadable(path: &Path, error: &CaptureError) -> Input {
    let path = path.to_string_lossy().into_owned();
    let problem = error.to_string();
    let problem = problem.strip_prefix(&format!("{path}: ")).unwrap_or(&problem).to_owned();
    Input {
        path,
        format: None,
        link_types: Vec::new(),
        packets: 0,
        bytes: 0,
        first: None,
        last: None,
        complete: false,
        problem: Some(problem),
        dropped: None,
        snap_length: None,
    }
}
