//! What a live capture is to do: everything in it has been checked.

use super::finding_files::Trigger;
use super::key_log::KeyLog;
use super::ring::RingLimits;
use super::rotation::Rotation;
use crate::capture::live::CaptureSettings;
use crate::diagnose::Settings;
use crate::engine::Options;
use crate::report;
use crate::report::talk::Verbosity;
use nrpcsniff_dissectors::Reader;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Interfaces, limits and outputs of a live capture.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Names of the interfaces, each once; `-` and paths of named pipes are captures that others make.
    pub(crate) interfaces: Vec<String>,
    /// Settings with which the interfaces are opened.
    pub(crate) setup: CaptureSettings,
    /// Wait for interfaces that are not there.
    pub(crate) retry: bool,
    /// Packets after which it ends.
    pub(crate) count: Option<u64>,
    /// Time after which it ends.
    pub(crate) duration: Option<Duration>,
    /// How packets are read, and how much of conversations is held.
    pub(crate) engine: Options,
    /// Settings of the diagnosis.
    pub(crate) settings: Settings,
    /// Key logs that may grow meanwhile.
    pub(crate) key_logs: Vec<KeyLog>,
    /// Shape of the report.
    pub(crate) report: report::ReportOptions,
    /// File that the report goes to; stdout if there is none.
    pub(crate) output: Option<PathBuf>,
    /// Values of tokens, passwords and cookies are shown.
    pub(crate) show_secrets: bool,
    /// Packets that are to be written.
    pub(crate) target: Option<Target>,
    /// Written files carry what key logs say.
    pub(crate) keep_keys: bool,
    /// Time between two statistics.
    pub(crate) stats_interval: Option<Duration>,
    /// Whom root becomes, by name or number; the usual user if it is not said.
    pub(crate) user: Option<String>,
    /// Address on which metrics are served.
    pub(crate) metrics: Option<SocketAddr>,
    /// Verbosity on stderr.
    pub(crate) verbosity: Verbosity,
}

impl Plan {
    /// Interfaces and pipes as people know them.
    pub(super) fn shown(&self) -> String {
        let names = self.interfaces.iter().map(|name| if name == "-" { "standard input" } else { name });
        names.collect::<Vec<_>>().join(", ")
    }

    /// Whether values are masked, and keys that open tokens.
    pub(super) fn reader(&self) -> Reader<'_> {
        self.settings.reader(self.show_secrets)
    }
}

/// Files that are to be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One file or several with everything that matters.
    File {
        /// The file; `-` is stdout.
        path: PathBuf,
        /// When the next one begins.
        rotation: Rotation,
    },
    /// A file for each finding.
    Folder {
        /// Folder of the files.
        folder: PathBuf,
        /// Which findings.
        trigger: Trigger,
        /// Memory of the minutes before.
        ring: RingLimits,
        /// Number of files that stay; `None`: all.
        keep: Option<usize>,
    },
}

impl Target {
    /// Folders in which files are made, for the rights that must stay.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        match self {
            Self::Folder { folder, .. } => vec![folder.clone()],
            Self::File { .. } => Vec::new(),
        }
    }

    /// Bytes that the ring may hold, if there is one.
    pub(super) fn ring(&self) -> Option<u64> {
        match self {
            Self::Folder { ring, .. } => Some(ring.bytes),
            Self::File { .. } => None,
        }
    }

    /// The one file that is written from the beginning, if it is one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File { path, rotation } if path.as_os_str() != "-" && !rotation.is_on() => Some(path),
            Self::File { .. } | Self::Folder { .. } => None,
        }
    }

    /// Files that are made now and may be made again, or others beside them.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::File { path, .. } if path.as_os_str() != "-" => vec![path.clone()],
            Self::File { .. } | Self::Folder { .. } => Vec::new(),
        }
    }
}
