//! Why a capture cannot be written, and what to do about it.

use std::io::{self, ErrorKind};
use std::path::Path;
use thiserror::Error;

/// Why a capture cannot be written. The texts are whole sentences for the user and hold what the system says, so that is no
/// source of theirs: it would be told twice.
#[derive(Debug, Error)]
pub(crate) enum WriteError {
    /// No room is left.
    #[error(
        "{path}: cannot be written: {cause}. Make room there, or write elsewhere; --keep bounds how many files are kept"
    )]
    Full {
        /// Path of the file.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
    /// It may not be written.
    #[error(
        "{path}: cannot be written: {cause}. Let the user that nrpcsniff runs as (root becomes another one: --user) \
         write to this folder, or name another one"
    )]
    Denied {
        /// Path of the file.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
    /// There is no such folder.
    #[error("{path}: cannot be written: there is no such folder. Make it, or name another one")]
    NoFolder {
        /// Path of the file.
        path: String,
    },
    /// Whoever read it has gone away.
    #[error("{path}: nobody reads it any longer")]
    Closed {
        /// Path of the file.
        path: String,
    },
    /// An old file is in the way.
    #[error("{path}: cannot be removed: {cause}. It was to make room for newer ones (--keep): remove it yourself")]
    NotRemoved {
        /// Path of the file.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
    /// Anything else that the system says.
    #[error("{path}: cannot be written: {cause}")]
    Io {
        /// Path of the file.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
}

impl WriteError {
    /// From what the system says, or whoever opened the file.
    pub(crate) fn io(path: &Path, cause: io::Error) -> Self {
        let path = path.to_string_lossy().into_owned();
        match cause.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full { path, cause },
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Self::Denied { path, cause },
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::NoFolder { path },
            ErrorKind::BrokenPipe => Self::Closed { path },
            _ => Self::Io { path, cause },
        }
    }

    /// Whoever read it has gone away: no fault, and no reason to try again.
    pub(crate) const fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}
