//! Folders into which archives are unpacked, and how they go where nobody comes to the end: a program that is told to stop removes
//! them first. What stops it without a word (SIGKILL, a power cut) leaves them in the folder for temporary files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Those of this process.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder that goes with its owner.
#[derive(Debug)]
pub(super) struct Scratch(TempDir);

impl Scratch {
    /// A new one, for this user alone.
    ///
    /// # Errors
    /// There is no room for temporary files.
    pub(super) fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("nrpcsniff-").tempdir()?;
        FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).push(folder.path().to_owned());
        Ok(Self(folder))
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        folders.retain(|folder| folder != self.0.path());
    }
}

/// Removes the folders of this process, which is about to end.
pub(crate) fn remove_all() {
    let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    for folder in folders.drain(..) {
        // There is nobody left who could be told that it stays.
        let _ = fs::remove_dir_all(folder);
    }
}
