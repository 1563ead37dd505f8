//! From the paths of a command line to the captures to read.

use super::error::CaptureError;
use super::reader::Reader;
use super::rotation::{Candidate, group};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Capture files that are read as one, in order of time: a conversation may go on from one to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureSet {
    /// One file, or all files of a rotated capture.
    pub paths: Vec<PathBuf>,
}

/// Finds the captures that `paths` name: files, folders, `-` for the standard input.
///
/// A folder stands for every capture in it and below it, told by content, in order of names; hidden files and folders
/// and links to folders are passed over. A file that cannot be opened is kept, so that opening it says why; in a
/// folder that holds only for files whose names end like those of captures. What is named twice is read once. Files
/// of a rotated capture become one set; the sets stand in the order of `paths`.
///
/// # Errors
/// A folder that cannot be read, or that holds no capture.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<CaptureSet>, CaptureError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(search(path)?);
        } else {
            found.push(path.clone());
        }
    }
    let mut seen = HashSet::new();
    let mut candidates = Vec::new();
    for path in found {
        let identity = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let is_file = path.is_file() && path.as_os_str() != "-";
        if seen.insert(identity.clone()) {
            candidates.push(Candidate { path, real: is_file.then_some(identity) });
        }
    }
    Ok(group(&candidates))
}

/// Captures in a folder and below it.
fn search(folder: &Path) -> Result<Vec<PathBuf>, CaptureError> {
    let mut captures = Vec::new();
    let mut waiting = entries(folder)?;
    while let Some(path) = waiting.pop() {
        let Ok(kind) = fs::symlink_metadata(&path) else { continue };
        if kind.is_dir() {
            waiting.extend(entries(&path)?);
        } else if path.is_file() && is_capture(&path) {
            captures.push(path);
        }
    }
    if captures.is_empty() {
        return Err(CaptureError::NoCapture { path: folder.to_string_lossy().into_owned() });
    }
    Ok(captures)
}

/// What is in a folder and not hidden, the last name first.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, CaptureError> {
    let failed = |error| CaptureError::io(&folder.to_string_lossy(), error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        if !name.to_string_lossy().starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names.into_iter().rev().map(|name| folder.join(name)).collect())
}

fn is_capture(path: &Path) -> bool {
    match Reader::open(path) {
        Ok(_) => true,
        Err(CaptureError::PermissionDenied { .. } | CaptureError::Io { .. }) => is_named_like_capture(path),
        Err(_) => false,
    }
}

/// `x.pcap`, `x.pcapng3`, `x.cap.gz`, ...
fn is_named_like_capture(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    let name = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    [".pcap", ".pcapng", ".cap", ".dmp"].iter().any(|end| name.ends_with(end))
}
