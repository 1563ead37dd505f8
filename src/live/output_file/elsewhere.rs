//! Systems without owners and links that matter here: files are opened as anywhere.

use super::Content;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens or makes an output.
pub(super) fn open(path: &Path, content: Content) -> io::Result<File> {
    match content {
        Content::Cut => File::create(path),
        Content::Retention => OpenOptions::new().create(true).append(true).open(path),
    }
}

/// Such systems have no pipes of a name that could be waited for.
pub(super) fn is_unread(_: &Path, _: &io::Error) -> bool {
    false
}

/// No path names a descriptor.
pub(super) fn descriptor(_: &Path) -> Option<u32> {
    None
}

/// Nothing is handed over.
pub(super) fn inherited(_: &Path) -> Option<File> {
    None
}
