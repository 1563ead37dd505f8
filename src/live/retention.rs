//! Files that this process wrote: how much that is, how their times are written in names, and how many of them stay.

use crate::capture::write::{CaptureFile, FileIdentity, FilePreamble, WriteError};
use crate::model::Timestamp;
use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Totals of what was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct WriteTotals {
    /// Files that were begun.
    pub files: u64,
    /// Frames in these files.
    pub frames: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Frames that could not be written.
    pub lost: u64,
}

impl WriteTotals {
    /// With what is in a file that is counted among `files` already.
    pub(super) fn and(self, file: &CaptureFile) -> Self {
        Self {
            files: self.files,
            frames: self.frames + file.frames(),
            bytes: self.bytes + file.length(),
            lost: self.lost + file.lost(),
        }
    }
}

/// A time in UTC as names of files have it.
pub(super) fn utc(time: Timestamp, format: &str) -> String {
    let time = jiff::Timestamp::from_nanosecond(time.nanos().into()).unwrap_or_default();
    time.strftime(format).to_string()
}

/// Finds out whether files can be made in this folder by the user that this process is now: better before hours of capture
/// than with the first finding.
///
/// # Errors
/// They cannot.
pub(super) fn probe(folder: &Path) -> Result<(), WriteError> {
    let path = folder.join(format!(".nrpcsniff-{}", std::process::id()));
    if let Some(file) = CaptureFile::create_new(&path, &FilePreamble::default(), None)? {
        remove(&path, file.identity())?;
    }
    Ok(())
}

/// How many of the files that this process wrote stay (`--keep`).
#[derive(Debug)]
pub(super) struct Retention {
    /// Number of files that stay; `None`: all.
    limit: Option<usize>,
    /// Those that are there, the oldest first. Their identity tells them from others that have taken their names.
    files: VecDeque<(PathBuf, Option<FileIdentity>)>,
    /// It was told that the oldest file cannot be removed.
    told: bool,
}

impl Retention {
    /// No file yet.
    pub(super) fn new(limit: Option<usize>) -> Self {
        Self { limit, files: VecDeque::new(), told: false }
    }

    /// Adds a file, and removes the oldest ones if there are too many. Only what this process wrote is removed: another
    /// file in the place of one of them stays.
    ///
    /// # Errors
    /// A file cannot be removed: told once, tried again with every further file.
    pub(super) fn add(&mut self, file: &CaptureFile) -> Result<(), WriteError> {
        let Some(limit) = self.limit else { return Ok(()) };
        self.files.push_back((file.path().to_owned(), file.identity()));
        while self.files.len() > limit.max(1) {
            match self.files.front().map_or(Ok(()), |(path, identity)| remove(path, *identity)) {
                Ok(()) => self.told = false,
                Err(_) if self.told => return Ok(()),
                Err(error) => {
                    self.told = true;
                    return Err(error);
                }
            }
            self.files.pop_front();
        }
        Ok(())
    }

    /// The file of that name was not removed to make room.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.limit.is_none() || self.files.iter().any(|(kept, _)| kept == path)
    }
}

/// Removes a file, unless another one has its name by now.
fn remove(path: &Path, identity: Option<FileIdentity>) -> Result<(), WriteError> {
    if identity.is_some() && FileIdentity::at(path) != identity {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => {
            Err(WriteError::NotRemoved { path: path.to_string_lossy().into_owned(), cause })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_files_of_others_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let make = |name: &str| CaptureFile::create_new(&path(name), &FilePreamble::default(), None).unwrap().unwrap();
        let mut kept = Retention::new(Some(2));
        for name in ["a", "b"] {
            kept.add(&make(name)).unwrap();
        }
        // Somebody has put another file into the place of the oldest.
        fs::write(path("new"), "not ours").unwrap();
        fs::rename(path("new"), path("a")).unwrap();
        for name in ["c", "d"] {
            kept.add(&make(name)).unwrap();
        }
        let there = |names: &[&str]| names.iter().map(|name| path(name).exists()).collect::<Vec<_>>();
        assert_eq!(there(&["a", "b", "c", "d"]), [true, false, true, true]);
    }

    #[test]
    fn a_folder_is_tried_without_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        probe(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let error = probe(&folder.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("no such folder"), "{error}");
    }

    #[test]
    fn what_cannot_be_removed_is_told_once_and_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let make = |name: &str| CaptureFile::create_new(&path(name), &FilePreamble::default(), None).unwrap().unwrap();
        let mut kept = Retention::new(Some(1));
        kept.add(&make("a")).unwrap();
        kept.files[0] = (path("folder"), None);
        fs::create_dir(path("folder")).unwrap();
        let error = kept.add(&make("b")).unwrap_err().to_string();
        assert!(error.contains("cannot be removed") && error.contains("folder"), "{error}");
        kept.add(&make("c")).unwrap();
        fs::remove_dir(path("folder")).unwrap();
        kept.add(&make("d")).unwrap();
        assert_eq!(["b", "c", "d"].map(|name| path(name).exists()), [false, false, true]);
    }
}
