//! The line on a terminal that says that a capture lives. It stands on stderr, below everything that was said, and goes away before
//! anything else is written.

use super::outcomes::Lately;
use crate::report::stream::{Status, status_line};
use crate::report::talk;
use std::time::{Duration, Instant};

/// How often it is written anew: nobody reads faster.
const PERIOD: Duration = Duration::from_millis(500);

/// What it told last.
#[derive(Debug)]
pub(super) struct StatusLine {
    lately: Lately,
    written: Option<Instant>,
}

impl StatusLine {
    /// Not written yet. None where there is no terminal for it, or nobody wants it.
    pub(super) fn new(is_wanted: bool) -> Option<Self> {
        is_wanted.then(|| Self { lately: Lately::default(), written: None })
    }

    /// Writes it, if it is time or something else was written in its place; `all` is what there is of all.
    pub(super) fn show(&mut self, all: Status) {
        let now = Instant::now();
        let is_due = self.written.is_none_or(|written| now.duration_since(written) >= PERIOD);
        if is_due || !talk::is_status_shown() {
            self.written = Some(now);
            talk::show_status(&status_line(all, self.lately.until(now, all)));
        }
    }
}
