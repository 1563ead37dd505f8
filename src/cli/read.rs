//! From paths to an analysis: finds the captures, reads them, and says what is wrong with them.

use super::plan::Plan;
use super::progress::Progress;
use super::tls_keys;
use crate::capture::{CaptureError, CaptureSet, FilterSet, Reader, Secret, discover};
use crate::engine::Pipeline;
use crate::live::KeyLogTail;
use crate::model::{Analysis, Input};
use crate::report::talk::Verbosity;
use crate::report::talk::say;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The captures behind the paths, and whether any path was of no use. What is wrong with one path is said, and the
/// others are read.
pub(super) fn find(captures: &[PathBuf], verbosity: Verbosity) -> (Vec<CaptureSet>, bool) {
    let (sets, trouble) = if let Ok(sets) = discover(captures) {
        (sets, false)
    } else {
        let good: Vec<_> = captures.iter().filter(|path| is_of_use(path)).cloned().collect();
        (discover(&good).unwrap_or_default(), true)
    };
    if verbosity.verbose {
        passed_over(captures, &sets);
    }
    (sets, trouble)
}

fn is_of_use(path: &Path) -> bool {
    discover(&[path.to_path_buf()]).inspect_err(|error| say(&error.to_string())).is_ok()
}

/// Says which files of the folders are no captures.
fn passed_over(paths: &[PathBuf], sets: &[CaptureSet]) {
    let read: HashSet<_> = sets.iter().flat_map(|set| &set.paths).collect();
    let mut folders: Vec<_> = paths.iter().filter(|path| path.is_dir()).cloned().collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if !read.contains(&path) {
                say(&format!("{}: passed over, no capture or named twice", path.display()));
            }
        }
    }
}

/// Reads captures into analyses.
pub(super) struct Session<'a> {
    plan: &'a Plan,
    filter: Option<FilterSet>,
    next_input: u32,
    /// Something could not be read, or not to its end.
    pub(super) trouble: bool,
    /// Something could be opened.
    pub(super) opened: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(plan: &'a Plan, filter: Option<FilterSet>) -> Self {
        Self { plan, filter, next_input: 0, trouble: false, opened: false }
    }

    /// Reads the files of one capture one after the other.
    pub(super) fn read(&mut self, set: &CaptureSet) -> Analysis {
        let mut pipeline = Pipeline::new(self.plan.engine());
        let inputs = set.paths.iter().map(|path| self.file(path, &mut pipeline)).collect();
        pipeline.finish(inputs)
    }

    fn file(&mut self, path: &Path, pipeline: &mut Pipeline) -> Input {
        let index = self.next_input;
        self.next_input = self.next_input.saturating_add(1);
        let input = match Reader::open(path) {
            Ok(reader) => {
                self.opened = true;
                self.frames(path, reader, index, pipeline)
            }
            Err(error) => unreadable(path, &error),
        };
        self.trouble |= !input.complete;
        tell(&input, self.plan.verbosity);
        input
    }

    fn frames(&mut self, path: &Path, mut reader: Reader, index: u32, pipeline: &mut Pipeline) -> Input {
        let mut progress = Progress::new(path, self.plan.verbosity);
        let mut stopped = None;
        let mut known = 0;
        // What comes through a pipe is being captured: its key log may grow meanwhile.
        let mut key_logs = (!path.is_file()).then(|| KeyLogTail::new(&self.plan.tls.logs));
        while let Some((frame, secrets)) = reader.next_with_secrets(index) {
            let number = frame.at.frame.number;
            for secret in secrets.iter().skip(known).filter(|secret| secret.kind == Secret::KEY_LOG) {
                tls_keys::tell(path, &pipeline.tls_secrets(&secret.data), self.plan.verbosity.quiet);
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
            progress.frame(number, &reader);
        }
        progress.end();
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

/// What is wrong is always said; what is merely odd, unless the user wants quiet.
fn tell(input: &Input, verbosity: Verbosity) {
    match &input.problem {
        _ if verbosity.mute => {}
        Some(problem) if !input.complete || !verbosity.quiet => say(&format!("{}: {problem}", input.path)),
        None if verbosity.verbose => say(&format!("{}: {} packets read", input.path, input.packets)),
        _ => {}
    }
}
