//! From paths to captures, and what is said of them while they are read.

use super::progress::{CaseProgress, FileProgress};
use super::suggestion::files_near;
use super::{logs, tls_keys};
use crate::api::{Intake, Observer};
use crate::capture::{CaptureSet, Reader, discover};
use crate::decrypt::LogReport;
use crate::model::{Input, Log};
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

/// Says what is wrong with what was found behind the paths; if the user wants to know all, also what was used and what not.
pub(super) fn report_intake(intake: &Intake, wrong: &[String], verbosity: Verbosity) {
    let odd = if verbosity.quiet { &[] } else { wrong };
    let others = if verbosity.verbose { intake.passed_over.as_slice() } else { &[] };
    for sentence in intake.problems.iter().chain(odd).chain(others) {
        say(sentence);
    }
    for path in intake.ltpa_keys.iter().filter(|_| !verbosity.quiet) {
        let name = intake.names.of(path);
        let how = if path.as_os_str() == name.as_str() {
            format!("--ltpa-keys '{name}'")
        } else {
            "unpack it, and --ltpa-keys FILE".to_owned()
        };
        say(&format!(
            "{name}: LTPA keys of WebSphere, not used: {how} with --ltpa-password-file FILE opens tokens with them"
        ));
    }
    if verbosity.verbose {
        for path in intake.key_logs.iter().chain(&intake.private_keys) {
            say(&format!("{}: secrets of TLS, used", intake.names.of(path)));
        }
    }
}

/// Prints on stderr what is wrong with inputs, and shows how far reading has come.
pub(super) struct ConsoleObserver {
    verbosity: Verbosity,
    progress: Option<FileProgress>,
    /// Progress through captures that are read side by side.
    captures: Option<CaseProgress>,
}

impl ConsoleObserver {
    pub(super) const fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, progress: None, captures: None }
    }
}

impl Observer for ConsoleObserver {
    fn begins(&mut self, path: &Path) {
        self.progress = Some(FileProgress::new(path, self.verbosity));
    }

    fn frame(&mut self, number: u64, reader: &Reader) {
        if let Some(progress) = &mut self.progress {
            progress.frame(number, reader);
        }
    }

    fn secrets(&mut self, path: &Path, report: &LogReport) {
        tls_keys::report_key_log(path, report, self.verbosity.quiet);
    }

    fn ends(&mut self, input: &Input) {
        if let Some(progress) = self.progress.take() {
            progress.end();
        }
        if input.problem.is_some()
            && let Some(captures) = &mut self.captures
        {
            captures.hide();
        }
        report_input(input, self.verbosity);
    }

    fn captures(&mut self, done: usize, all: usize) {
        let captures = self.captures.get_or_insert_with(|| CaseProgress::new(all, self.verbosity));
        captures.step(Path::new(""));
        if done == all {
            captures.hide();
        }
    }

    fn log(&mut self, log: &Log) {
        logs::report_log(log, self.verbosity);
    }
}

/// Prints what is wrong with an input always; what is merely odd, unless the user wants quiet.
fn report_input(input: &Input, verbosity: Verbosity) {
    match &input.problem {
        _ if verbosity.mute => {}
        Some(problem) if !input.complete || !verbosity.quiet => {
            let path = Path::new(&input.path);
            let is_missing = input.format.is_none() && input.path != "-" && !path.exists();
            let near = if is_missing { files_near(path) } else { String::new() };
            say(&format!("{}: {problem}{near}", input.path));
        }
        None if verbosity.verbose => say(&format!("{}: {} packets read", input.path, input.packets)),
        _ => {}
    }
}
