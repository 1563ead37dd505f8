//! A report that is longer than the terminal goes through a pager, where git's would: `PAGER`, else `less`.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, Stdio};

/// Holds back what is written until it is longer than the terminal, and then hands everything to a pager.
pub(super) struct Pager {
    held: Vec<u8>,
    lines: usize,
    /// Lines of the terminal, that of the prompt taken off.
    height: usize,
    state: State,
}

/// Where what is written goes.
enum State {
    /// It may fit yet.
    Held,
    /// To the pager.
    Paged(Child),
    /// To the terminal: there is no pager.
    Direct,
}

impl Pager {
    /// A pager, if stdout is a terminal that can be paged, and the user has not said otherwise.
    pub(super) fn new(is_wanted: bool) -> Option<Self> {
        let (_, height) = terminal_size::terminal_size_of(io::stdout())?;
        let is_off = !is_wanted || !io::stdout().is_terminal() || super::appearance::is_dumb();
        let height = usize::from(height.0).saturating_sub(1);
        (!is_off).then_some(Self { held: Vec::new(), lines: 0, height, state: State::Held })
    }

    /// Everything is written: what fits is shown, and a pager is waited for.
    pub(super) fn finish(mut self) -> io::Result<()> {
        match self.state {
            State::Held => io::stdout().write_all(&self.held).and_then(|()| io::stdout().flush()),
            State::Paged(ref mut child) => {
                drop(child.stdin.take());
                child.wait().map(|_| ())
            }
            State::Direct => io::stdout().flush(),
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        self.state = spawn().map_or(State::Direct, State::Paged);
        let held = std::mem::take(&mut self.held);
        self.pass(&held)
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.state {
            State::Held => Ok(()),
            State::Direct => io::stdout().write_all(bytes),
            State::Paged(child) => child.stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(bytes)),
        }
    }
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if matches!(self.state, State::Held) {
            self.held.extend_from_slice(bytes);
            self.lines += memchr::memchr_iter(b'\n', bytes).count();
            if self.lines > self.height {
                self.begin()?;
            }
        } else {
            self.pass(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The pager of the user, by the shell, for `PAGER` may hold options; `less` shows colours, and ends by itself where all fits.
fn spawn() -> Option<Child> {
    let command = env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    if command.trim().is_empty() || command.trim() == "cat" {
        return None;
    }
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(&command).stdin(Stdio::piped());
    for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if env::var_os(name).is_none() {
            shell.env(name, value);
        }
    }
    shell.spawn().ok()
}
