//! The packets that live capture writes: none, all that matter, or those of findings. Errors are told here and end nothing.

use super::finding_files::{FindingFiles, Trigger};
use super::interfaces::Source;
use super::plan::Target;
use super::retention::{WriteTotals, probe};
use super::ring::Ring;
use super::rotation::Rotator;
use crate::capture::Secret;
use crate::capture::live::{CaptureSettings, Counts, OpenInterface};
use crate::capture::write::{FilePreamble, InterfaceDescription, WriteError};
use crate::engine::FrameRelevance;
use crate::model::{Conversations, Finding, Frame, Timestamp};
use crate::report::stream::FindingUpdate;
use crate::report::talk::say;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Where packets go.
#[derive(Debug)]
pub(super) struct PacketOutput {
    destination: Destination,
    /// Only errors are told.
    quiet: bool,
    /// Nobody reads the packets any longer.
    lost: bool,
    /// Something could not be written.
    failed: bool,
}

/// What becomes of packets.
#[derive(Debug)]
enum Destination {
    /// They are not written.
    Nothing,
    /// All that matter go into one file after the other; into that folder, where they rotate.
    Rotation { rotator: Box<Rotator>, folder: Option<PathBuf> },
    /// Those of findings on which the trigger fires go into files of that folder.
    Findings { files: Box<FindingFiles>, trigger: Trigger, folder: PathBuf },
}

impl PacketOutput {
    /// Begins what is to be written; `opened` is the one file that was opened for it, if it is one. `quiet`: only errors are
    /// told.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub(super) fn open(
        target: Option<&Target>,
        opened: Option<File>,
        interfaces: Vec<InterfaceDescription>,
        quiet: bool,
    ) -> Result<Self, WriteError> {
        let head = FilePreamble { interfaces, secrets: Vec::new() };
        let destination = match target {
            None => Destination::Nothing,
            Some(Target::File { path, rotation }) => Destination::Rotation {
                rotator: Box::new(Rotator::open(path, opened, *rotation, head)?),
                folder: rotation.is_on().then(|| parent(path)),
            },
            Some(Target::Folder { folder, trigger, ring, keep }) => Destination::Findings {
                files: Box::new(FindingFiles::new(folder, Ring::new(*ring), head, *keep)),
                trigger: trigger.clone(),
                folder: folder.clone(),
            },
        };
        Ok(Self { destination, quiet, lost: false, failed: false })
    }

    /// Finds out, once rights are given up, whether the files that are to come can be made.
    ///
    /// # Errors
    /// They cannot.
    pub(super) fn check(&self) -> Result<(), WriteError> {
        match &self.destination {
            Destination::Nothing | Destination::Rotation { folder: None, .. } => Ok(()),
            Destination::Rotation { folder: Some(folder), .. } | Destination::Findings { folder, .. } => probe(folder),
        }
    }

    /// Takes a frame with what it turned out to be, from that interface.
    pub(crate) fn frame(&mut self, seen: FrameRelevance, interface: u16, frame: &Frame<'_>) {
        let done = match &mut self.destination {
            Destination::Rotation { rotator, .. } if seen.is_wanted => rotator.frame(interface, frame),
            Destination::Findings { files, .. } => {
                files.frame(seen, interface, frame);
                Ok(())
            }
            Destination::Nothing | Destination::Rotation { .. } => Ok(()),
        };
        self.tell(done);
    }

    /// Takes the counters of the interfaces so far.
    pub(crate) fn counted(&mut self, counts: Counts) {
        match &mut self.destination {
            Destination::Nothing => {}
            Destination::Rotation { rotator, .. } => rotator.counted(counts),
            Destination::Findings { files, .. } => files.counted(counts),
        }
    }

    /// Adds a secret to the files, for whoever reads them (`--keep-keys`).
    pub(super) fn secret(&mut self, secret: Secret) {
        let done = match &mut self.destination {
            Destination::Nothing => Ok(()),
            Destination::Rotation { rotator, .. } => rotator.secret(secret),
            Destination::Findings { files, .. } => {
                files.secret(secret);
                Ok(())
            }
        };
        self.tell(done);
    }

    /// Looks at what rules say and what is new of that, with the conversations that are held; `now` is packet time.
    pub(super) fn look(
        &mut self,
        findings: &[Finding],
        updates: &[FindingUpdate],
        conversations: &Conversations,
        now: Timestamp,
    ) {
        let Destination::Findings { files, trigger, .. } = &mut self.destination else { return };
        files.look(findings, conversations, now);
        for update in updates.iter().filter(|update| update.change.is_news() && trigger.fires(&update.finding)) {
            let count = files.written().files;
            match files.fire(&update.finding, update.change.clients(), conversations, now) {
                Ok(path) if files.written().files > count && !self.quiet => {
                    say(&format!("{}: the packets of {}", path.display(), update.finding.rule));
                }
                Ok(_) => {}
                Err(error) => {
                    self.failed = true;
                    say(&error.to_string());
                }
            }
        }
    }

    /// Writes what is held back, so that all files can be read: after each batch, and now and then where none comes.
    pub(super) fn flush(&mut self, now: Timestamp) {
        let done = match &mut self.destination {
            Destination::Nothing => Ok(()),
            Destination::Rotation { rotator, .. } => rotator.flush(),
            Destination::Findings { files, .. } => files.flush(now),
        };
        self.tell(done);
    }

    /// Files were moved away (SIGHUP). Files of findings are not: each has a name of its own.
    pub(super) fn reopen(&mut self) {
        let done = match &mut self.destination {
            Destination::Rotation { rotator, .. } => rotator.reopen(),
            Destination::Nothing | Destination::Findings { .. } => Ok(()),
        };
        self.tell(done);
    }

    /// Ends all files.
    pub(super) fn finish(&mut self) {
        let done = match &mut self.destination {
            Destination::Nothing => Ok(()),
            Destination::Rotation { rotator, .. } => rotator.finish(),
            Destination::Findings { files, .. } => files.finish(),
        };
        self.tell(done);
    }

    /// Totals of what was written so far.
    pub(crate) fn written(&self) -> WriteTotals {
        match &self.destination {
            Destination::Nothing => WriteTotals::default(),
            Destination::Rotation { rotator, .. } => rotator.written(),
            Destination::Findings { files, .. } => files.written(),
        }
    }

    /// Memory of the minutes before, in bytes.
    pub(super) fn ring_bytes(&self) -> usize {
        match &self.destination {
            Destination::Findings { files, .. } => files.ring().held(),
            Destination::Nothing | Destination::Rotation { .. } => 0,
        }
    }

    /// Nobody reads them any longer.
    pub(super) const fn is_lost(&self) -> bool {
        self.lost
    }

    /// Packets that were asked for are missing in what was written.
    pub(super) fn is_incomplete(&self) -> bool {
        self.failed || (!self.lost && self.written().lost > 0)
    }

    fn tell(&mut self, done: Result<(), WriteError>) {
        match done {
            Ok(()) => {}
            Err(error) if error.is_closed_pipe() => self.lost = true,
            Err(error) => {
                self.failed = true;
                say(&format!("{error}; the capture goes on"));
            }
        }
    }
}

/// What files say of the interfaces of the user's list. One that is not open yet is taken for Ethernet; frames of another
/// kind are described once they come.
pub(super) fn described(names: &[String], sources: &[Source], setup: &CaptureSettings) -> Vec<InterfaceDescription> {
    let one = |(name, open): (&String, Option<&OpenInterface>)| InterfaceDescription {
        name: name.clone(),
        link_type: open.map_or(1, OpenInterface::link_type),
        snap_length: setup.snap_length,
        digits: open.map_or(9, OpenInterface::digits),
        filter: setup.filter.clone(),
    };
    names.iter().zip(sources.iter().map(Source::interface)).map(one).collect()
}

fn parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}
