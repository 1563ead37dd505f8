//! Folders into which archives are unpacked, and how they go where nobody comes to the end: a program that is told to stop removes
//! them first. What stops it without a word (SIGKILL, a power cut) leaves them; the next one that unpacks anything removes those.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// How they are called.
const PREFIX: &str = "nrpcsniff-";
/// A file in each that its process keeps locked as long as it lives.
const LOCK: &str = ".in-use";
/// Folders of others that are looked at.
const OTHERS: usize = 1024;

/// Those of this process, and files that are not whole yet.
static TO_REMOVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder that goes with its owner.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: TempDir,
    /// Others see by it that the folder is in use.
    _lock: File,
}

impl Scratch {
    /// A new one, for this user alone.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub(super) fn new() -> io::Result<Self> {
        remove_abandoned(&std::env::temp_dir());
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.lock()?;
        TO_REMOVE.lock().unwrap_or_else(PoisonError::into_inner).push(folder.path().to_owned());
        Ok(Self { folder, _lock: lock })
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut left = TO_REMOVE.lock().unwrap_or_else(PoisonError::into_inner);
        left.retain(|folder| folder != self.folder.path());
    }
}

/// A file that is being written goes with the folders if the process is told to stop. Once it has its own name this means nothing.
pub(crate) fn goes_if_stopped(file: &Path) {
    TO_REMOVE.lock().unwrap_or_else(PoisonError::into_inner).push(file.to_owned());
}

/// Removes the folders of this process, which is about to end, and what it did not write to the end.
pub(crate) fn remove_all() {
    let mut left = TO_REMOVE.lock().unwrap_or_else(PoisonError::into_inner);
    for path in left.drain(..) {
        // There is nobody left who could be told that it stays.
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}

/// Removes what processes left that were killed: their locks are free. What cannot be opened belongs to somebody else, and a
/// folder without a lock is being made.
fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let named = |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| name.starts_with(PREFIX));
    let ours = entries.filter_map(Result::ok).filter(|entry| named(&entry.file_name())).take(OTHERS);
    for path in ours.map(|entry| entry.path()) {
        let Ok(lock) = OpenOptions::new().write(true).open(path.join(LOCK)) else { continue };
        if !matches!(lock.try_lock(), Err(TryLockError::WouldBlock | TryLockError::Error(_))) {
            // The next one may have more luck.
            let _ = fs::remove_dir_all(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let around = tempfile::tempdir().unwrap();
        let made = |name: &str, lock: bool| {
            let folder = around.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("a.pcap"), "x").unwrap();
            lock.then(|| File::create(folder.join(LOCK)).unwrap())
        };
        let in_use = made("nrpcsniff-used", true);
        in_use.as_ref().unwrap().lock().unwrap();
        drop(made("nrpcsniff-left", true));
        drop(made("nrpcsniff-begun", false));
        drop(made("others-left", true));
        remove_abandoned(around.path());
        let exists = |name: &str| around.path().join(name).exists();
        let left = ["nrpcsniff-used", "nrpcsniff-left", "nrpcsniff-begun", "others-left"].map(exists);
        assert_eq!(left, [true, false, true, true]);
    }

    #[test]
    fn a_folder_goes_with_its_owner() {
        let scratch = Scratch::new().unwrap();
        let path = scratch.path().to_owned();
        remove_abandoned(&std::env::temp_dir());
        assert!(path.exists());
        drop(scratch);
        assert!(!path.exists());
    }
}
