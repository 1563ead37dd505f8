//! Files that this process wrote, of which only the newest stay.

use crate::capture::write::{CaptureFile, Identity, WriteError};
use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The newest files.
#[derive(Debug)]
pub(super) struct Kept {
    /// How many stay; `None`: all.
    limit: Option<usize>,
    files: VecDeque<(PathBuf, Option<Identity>)>,
    /// That the oldest one cannot be removed was told.
    told: bool,
}

impl Kept {
    pub fn new(limit: Option<usize>) -> Self {
        Self { limit, files: VecDeque::new(), told: false }
    }

    /// Adds a file, and removes the oldest ones if there are too many. Only what this process wrote is removed: another
    /// file in the place of one of them stays.
    ///
    /// # Errors
    /// A file cannot be removed: told once, tried again with every further file.
    pub fn add(&mut self, file: &CaptureFile) -> Result<(), WriteError> {
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
}

fn remove(path: &Path, identity: Option<Identity>) -> Result<(), WriteError> {
    if identity.is_some() && Identity::at(path) != identity {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(WriteError::NotRemoved { path: path.to_string_lossy().into_owned(), source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::write::Head;

    #[test]
    fn the_newest_stay_and_files_of_others_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let make = |name: &str| CaptureFile::create_new(&path(name), &Head::default(), None).unwrap().unwrap();
        let mut kept = Kept::new(Some(2));
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
    fn what_cannot_be_removed_is_told_once_and_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let make = |name: &str| CaptureFile::create_new(&path(name), &Head::default(), None).unwrap().unwrap();
        let mut kept = Kept::new(Some(1));
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
