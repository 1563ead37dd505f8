//! Where results are shown while others are still to come.

use crate::cli::appearance::appearance;
use crate::report::text::Paint;
use anyhow::{Context, Result};
use clap::ColorChoice;
use std::io::{self, ErrorKind, Write};

/// Stdout, or stderr if stdout is for XML. Once its reader has gone, nothing more is shown, and the work goes on: the exit
/// status still counts.
pub(super) struct Screen {
    stderr: bool,
    closed: bool,
    /// Colours of the output.
    pub(super) paint: Paint,
}

impl Screen {
    pub(super) fn new(stderr: bool, color: ColorChoice) -> Self {
        Self { stderr, closed: false, paint: Paint(appearance(color, stderr).0) }
    }

    /// Shows a text at once.
    pub(super) fn show(&mut self, text: &str) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        let write = |out: &mut dyn Write| out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let done = if self.stderr { write(&mut io::stderr().lock()) } else { write(&mut io::stdout().lock()) };
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.closed = true,
            done => done.context("the results cannot be written")?,
        }
        Ok(())
    }
}
