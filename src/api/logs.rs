//! From paths to logs that were read.

use super::intake::Names;
use super::reading::Observer;
use crate::capture::decompressed;
use crate::logs::{Options, read};
use crate::model::{Log, Span};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// A log that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFile {
    /// Path of the log; `-` for stdin.
    pub(crate) path: PathBuf,
    /// To be added to the times of the log.
    pub(crate) offset: Option<Span>,
}

/// Reads every log; what is wrong with one stands in it.
pub(super) fn read_all(files: &[LogFile], names: &Names, show_secrets: bool, observer: &mut impl Observer) -> Vec<Log> {
    files.iter().map(|file| read_one(file, names, show_secrets)).inspect(|log| observer.log(log)).collect()
}

fn read_one(file: &LogFile, names: &Names, show_secrets: bool) -> Log {
    let path = names.of(&file.path);
    let options = Options { offset: file.offset, show_secrets };
    match open(&file.path) {
        Ok(stream) => read(&path, stream, &options),
        Err(error) => {
            let nothing = read(&path, io::empty(), &options);
            Log { problem: Some(format!("cannot be read: {error}")), ..nothing }
        }
    }
}

/// The file, decompressed if its first bytes say gzip or zstd; `-` is the standard input.
fn open(path: &Path) -> io::Result<Box<dyn io::Read + Send>> {
    if path.as_os_str() == "-" {
        return decompressed(io::stdin());
    }
    if path.is_dir() {
        return Err(io::Error::other("this is a folder; name the log files in it"));
    }
    decompressed(File::open(path)?)
}
