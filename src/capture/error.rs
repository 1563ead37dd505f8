//! Why a capture cannot be opened, and what to do about it.

use super::source::Compression;
use std::io::{self, ErrorKind};
use thiserror::Error;

/// Why a capture cannot be opened. The texts are whole sentences for the user.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// No such file or folder.
    #[error("{path}: there is no such file. Check the name and the folder; quote a name that has blanks")]
    NotFound {
        /// Path as given.
        path: String,
    },
    /// It may not be read.
    #[error("{path}: permission denied. Get read access to it (chmod, chown) or run as a user who has it")]
    PermissionDenied {
        /// Path as given.
        path: String,
    },
    /// A folder where a file is needed.
    #[error("{path}: this is a folder, and a capture file is needed here. Name a file in it")]
    Folder {
        /// Path as given.
        path: String,
    },
    /// A folder without captures.
    #[error("{path}: there is no capture in this folder or below it (pcap or pcapng, also .gz and .zst)")]
    NoCapture {
        /// Path as given.
        path: String,
    },
    /// Nothing in it at all.
    #[error("{path}: empty, 0 bytes. Nothing was captured or the copy failed: copy it again or capture again")]
    Empty {
        /// Path as given.
        path: String,
    },
    /// It ends in the file header.
    #[error("{path}: cut off after {bytes} bytes, within the header of the capture. No packet is left: copy it again")]
    HeaderCut {
        /// Path as given.
        path: String,
        /// Bytes there are.
        bytes: usize,
    },
    /// Text.
    #[error(
        "{path}: this looks like text and is no capture. Capture files are pcap or pcapng; of a packet dump in text \
         form `text2pcap` can make one"
    )]
    Text {
        /// Path as given.
        path: String,
    },
    /// A format that other programs read.
    #[error("{path}: this is {format}. Convert it first: {advice}")]
    Foreign {
        /// Path as given.
        path: String,
        /// Name of the format.
        format: &'static str,
        /// The command that makes a readable capture of it.
        advice: &'static str,
        /// Its first bytes belong to that format alone; otherwise its records look like it.
        is_certain: bool,
    },
    /// Unknown.
    #[error("{path}: no capture (pcap or pcapng, also .gz and .zst): it begins with the bytes {start}")]
    NotACapture {
        /// Path as given.
        path: String,
        /// Its first bytes in hexadecimal.
        start: String,
    },
    /// Compressed data that cannot be decompressed from its very start.
    #[error("{path}: the {kind} data is damaged before the first packet ({source}). Copy it again")]
    Compressed {
        /// Path as given.
        path: String,
        /// gzip or zstd.
        kind: &'static str,
        /// What the decompressor says.
        source: io::Error,
    },
    /// Anything else that the system says.
    #[error("{path}: cannot be read: {source}")]
    Io {
        /// Path as given.
        path: String,
        /// What the system says.
        source: io::Error,
    },
}

impl CaptureError {
    /// From what the system says.
    pub(super) fn io(path: &str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound => Self::NotFound { path },
            ErrorKind::PermissionDenied => Self::PermissionDenied { path },
            ErrorKind::IsADirectory => Self::Folder { path },
            _ => Self::Io { path, source },
        }
    }

    /// From an error in the first bytes of a stream, `start` of which came through.
    pub(super) fn head(path: &str, source: io::Error, compression: Option<Compression>) -> Self {
        match compression {
            Some(Compression::Gzip) => Self::Compressed { path: path.to_owned(), kind: "gzip", source },
            Some(Compression::Zstd) => Self::Compressed { path: path.to_owned(), kind: "zstd", source },
            None => Self::io(path, source),
        }
    }
}
