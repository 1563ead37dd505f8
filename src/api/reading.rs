//! From captures to analyses: every frame goes into a pipeline, and with it what may open TLS.

use super::diagnoser::Diagnoser;
use crate::capture::{CaptureError, CaptureSet, FilterSet, Reader, Secret};
use crate::decrypt::LogReport;
use crate::diagnose::{Ledger, Settings};
use crate::engine::{Judge, Options, Pipeline};
use crate::live::KeyLogTail;
use crate::model::{Analysis, Conversation, Input, LetGo, Log, Stay};
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

    /// So many captures of all of them are done.
    fn captures(&mut self, _done: usize, _all: usize) {}

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

    /// The next input has this number.
    pub(super) fn beginning_at(mut self, number: u32) -> Self {
        self.next_input = number;
        self
    }

    /// Reads the files of one capture one after the other.
    pub(super) fn set(&mut self, set: &CaptureSet) -> (Analysis, Ledger) {
        let mut book = Book::new(self.diagnoser);
        for path in &set.paths {
            self.input(path, Reader::open(path), !path.is_file(), &mut book);
        }
        book.close()
    }

    /// Reads a capture that was opened already; `name` stands for it.
    pub(super) fn stream(&mut self, name: &Path, reader: Reader) -> (Analysis, Ledger) {
        let mut book = Book::new(self.diagnoser);
        self.input(name, Ok(reader), true, &mut book);
        book.close()
    }

    /// What comes through a pipe `is_growing`: it is being captured, and its key log may grow meanwhile.
    fn input(&mut self, path: &Path, reader: Result<Reader, CaptureError>, is_growing: bool, book: &mut Book<'_>) {
        let mut input = match reader {
            Ok(reader) => {
                self.opened = true;
                let key_logs = is_growing.then(|| KeyLogTail::new(&self.diagnoser.key_logs));
                self.frames(path, reader, key_logs, book)
            }
            Err(error) => unreadable(path, &error),
        };
        input.path = self.diagnoser.names.of(path);
        self.next_input = self.next_input.saturating_add(1);
        self.observer.ends(&input);
        book.inputs.push(input);
    }

    /// Secrets go to the pipeline before the frame behind them, because they open only what comes later.
    fn frames(
        &mut self,
        path: &Path,
        mut reader: Reader,
        mut key_logs: Option<KeyLogTail>,
        book: &mut Book<'_>,
    ) -> Input {
        self.observer.begins(path);
        let mut stopped = None;
        let mut known = 0;
        while let Some((frame, secrets)) = reader.next_with_secrets(self.next_input) {
            let number = frame.at.frame.number;
            if secrets.len() > known {
                for secret in secrets.iter().skip(known).filter(|secret| secret.kind == Secret::KEY_LOG) {
                    self.observer.secrets(path, &book.pipeline.tls_secrets(&secret.data));
                }
                known = secrets.len();
            }
            if let Some(key_logs) = &mut key_logs {
                for lines in key_logs.news() {
                    book.pipeline.tls_secrets(&lines);
                }
            }
            match self.filter.as_mut().map_or(Ok(true), |filter| filter.matches(&frame)) {
                Ok(true) => {
                    book.pipeline.frame(&frame);
                }
                Ok(false) => {}
                Err(error) => {
                    stopped = Some(error.to_string());
                    break;
                }
            }
            self.observer.frame(number, &reader);
            if book.pipeline.is_full() {
                book.turn(reader.input());
            }
        }
        let mut input = reader.into_input();
        if stopped.is_some() {
            (input.problem, input.complete) = (stopped, false);
        }
        input
    }
}

/// One capture while it is read, and what was judged of it and let go.
pub(super) struct Book<'a> {
    settings: &'a Settings,
    /// Bytes that may be held.
    room: usize,
    pub(super) pipeline: Pipeline,
    ledger: Ledger,
    /// Inputs that were read.
    pub(super) inputs: Vec<Input>,
}

impl<'a> Book<'a> {
    pub(super) fn new(diagnoser: &'a Diagnoser) -> Self {
        // Logs are laid beside all of the capture.
        let hold = diagnoser.engine.hold.filter(|_| diagnoser.logs.is_empty());
        Self {
            settings: &diagnoser.settings,
            room: hold.unwrap_or(usize::MAX),
            pipeline: Pipeline::new(Options { hold, ..diagnoser.engine.clone() }),
            ledger: Ledger::default(),
            inputs: Vec::new(),
        }
    }

    /// Judges what was read, and lets go of it. `input` is being read.
    pub(super) fn turn(&mut self, input: &Input) {
        let inputs = self.inputs.iter().chain([input]).cloned().collect();
        self.pipeline.let_go(inputs, &mut Turn { settings: self.settings, room: self.room, ledger: &mut self.ledger });
        self.pipeline.sum_up(self.ledger.summed());
    }

    pub(super) fn close(mut self) -> (Analysis, Ledger) {
        let mut analysis = self.pipeline.finish(self.inputs);
        self.ledger.note_askers(&analysis);
        let let_go = &mut analysis.facts.let_go;
        *let_go = LetGo { conversations: let_go.conversations, ..self.ledger.summed() };
        (analysis, self.ledger)
    }
}

/// The ledger judges what is known.
struct Turn<'a> {
    settings: &'a Settings,
    room: usize,
    ledger: &'a mut Ledger,
}

impl Judge for Turn<'_> {
    fn judge(&mut self, analysis: &Analysis, is_open: &[bool]) -> Stay {
        self.ledger.turn(analysis, is_open, self.settings, self.room)
    }

    fn goes(&mut self, conversation: &Conversation) {
        self.ledger.sum(conversation);
    }
}

fn unreadable(path: &Path, error: &CaptureError) -> Input {
    let path = path.to_string_lossy().into_owned();
    let problem = error.to_string();
    let problem = problem.strip_prefix(&format!("{path}: ")).unwrap_or(&problem).to_owned();
    let is_missing = matches!(error, CaptureError::NotFound { .. });
    Input { problem: Some(problem), is_missing, ..Input::named(path) }
}
