//! A progress bar on stderr, for captures that take a while.

use crate::capture::Reader;
use crate::report::escape;
use crate::report::talk::Verbosity;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::Path;
use std::time::{Duration, Instant};

/// What is read within this time needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);
/// Frames between two looks at the clock.
const STEP: u64 = 4096;

/// Progress through one file, by bytes of the file as it lies on the disk.
pub(super) struct FileProgress {
    began: Instant,
    name: Option<String>,
    bar: Option<ProgressBar>,
}

impl FileProgress {
    /// Begins a file. Nothing is drawn unless `verbosity` allows it.
    pub(super) fn new(path: &Path, verbosity: Verbosity) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let name = verbosity.progress.then(|| escape::terminal(&name).into_owned());
        Self { began: Instant::now(), name, bar: None }
    }

    /// After a frame: draws now and then.
    pub(super) fn frame(&mut self, number: u64, reader: &Reader) {
        if number.is_multiple_of(STEP) && self.name.is_some() && self.began.elapsed() >= PATIENCE {
            self.draw(reader);
        }
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self, reader: &Reader) {
        let name = self.name.clone().unwrap_or_default();
        let bar = self.bar.get_or_insert_with(|| file_bar(name, reader.size()));
        bar.set_position(reader.position());
    }
}

/// Progress through many captures, each of which is read in no time.
pub(super) struct CaseProgress {
    began: Instant,
    bar: Option<ProgressBar>,
    verbosity: Verbosity,
    total: usize,
    done: usize,
}

impl CaseProgress {
    /// Begins. Nothing is drawn unless `verbosity` allows it.
    pub(super) fn new(total: usize, verbosity: Verbosity) -> Self {
        Self { began: Instant::now(), bar: None, verbosity, total, done: 0 }
    }

    /// Before the next capture: draws if it takes a while.
    pub(super) fn step(&mut self, path: &Path) {
        self.done += 1;
        if self.verbosity.progress && self.began.elapsed() >= PATIENCE {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let bar = self.bar.get_or_insert_with(|| case_bar(self.total));
            bar.set_message(escape::terminal(&name).into_owned());
            bar.set_position(self.done as u64);
        }
    }

    /// Takes the bar away, so that something else can be shown. The next step draws it again.
    pub(super) fn hide(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn case_bar(total: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{pos} of {len} {wide_bar} {msg}");
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr_with_hz(10));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn file_bar(name: String, size: Option<u64>) -> ProgressBar {
    let template = match size {
        Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {eta}",
        None => "{msg} {spinner} {bytes} {elapsed}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::stderr_with_hz(10));
    bar.with_style(style).with_message(name)
}
