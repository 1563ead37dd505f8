//! Opens the files that a live capture writes, as the user who will own them.
//!
//! A capture is often started by root on behalf of somebody else, in folders that others can write to. So outputs are opened
//! once root has become that user: the kernel then refuses every folder and every file that are not that user's to write,
//! however the path leads there, and nothing is ever handed over. Folders on the way may be links, for they lead only where
//! that user could write anyway. The name itself may not be one, and a file that is there already must be the user's own and
//! have no other name: in a folder such as /tmp anybody could have put a link to one of the user's other files there. The
//! open file is judged, not its path, and before a byte of it is cut off.
//!
//! Devices, pipes and terminals are taken as they are. What whoever started this handed over as an open descriptor
//! (`/dev/stdout`, or `/dev/fd/63` of a shell's `>(..)`) can be reached by its path only until the user changes: it is taken
//! over before ([`Inherited`]).

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "elsewhere.rs")]
mod system;

use super::signals::Signals;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// Between two attempts to open a pipe that nobody reads yet: short for who waits for the first packets, and no work.
const PAUSE: Duration = Duration::from_millis(50);

/// What becomes of the bytes that an output has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// They go.
    Cut,
    /// They stay, and what is written goes behind them.
    Retention,
}

/// Opens an output, which is empty then. A pipe that nobody reads yet is waited for, and `waits` called once if so. `None`
/// if the user ends the capture meanwhile.
///
/// # Errors
/// It cannot be opened, or is refused; then nothing of it has changed.
pub(super) fn open(path: &Path, signals: &Signals, waits: impl FnOnce()) -> io::Result<Option<File>> {
    let mut waits = Some(waits);
    loop {
        match system::open(path, Content::Cut) {
            Err(error) if system::is_unread(path, &error) => {
                if signals.stop() {
                    return Ok(None);
                }
                waits.take().into_iter().for_each(|waits| waits());
                sleep(PAUSE);
            }
            opened => return opened.map(Some),
        }
    }
}

/// Opens an output once more after it was moved away; what has its name now is emptied. Never waits.
///
/// # Errors
/// As [`open`], and if it is a pipe that nobody reads.
pub(super) fn reopen_emptied(path: &Path) -> io::Result<File> {
    system::open(path, Content::Cut)
}

/// Opens an output once more to write on at its end. Never waits.
///
/// # Errors
/// As [`reopen_emptied`].
pub(super) fn reopen_to_append(path: &Path) -> io::Result<File> {
    system::open(path, Content::Retention)
}

/// The path names a descriptor of this process: nothing of that name can be moved away, or opened again.
pub(super) fn is_descriptor(path: &Path) -> bool {
    system::descriptor(path).is_some()
}

/// Outputs that were handed over as open descriptors.
#[derive(Debug, Default)]
pub(super) struct Inherited(Vec<(PathBuf, File)>);

impl Inherited {
    /// Takes over those of these outputs that were.
    pub(super) fn of<'a>(paths: impl Iterator<Item = &'a Path>) -> Self {
        Self(paths.filter_map(|path| Some((path.to_owned(), system::inherited(path)?))).collect())
    }

    /// The output of that path, if it was handed over.
    pub(super) fn take(&mut self, path: &Path) -> Option<File> {
        let place = self.0.iter().position(|(inherited, _)| inherited == path)?;
        Some(self.0.swap_remove(place).1)
    }
}
