//! The packets that live capture writes: none, all that matter, or those of findings. Errors are told here and end nothing.

use super::finding_files::{FindingFiles, Trigger};
use super::plan::Target;
use super::retention::{WriteTotals, probe};
use super::ring::Ring;
use super::rotation::Rotator;
use super::tracker::FindingUpdate;
use crate::capture::Secret;
use crate::capture::live::{CaptureSettings, Counts, OpenInterface};
use crate::capture::write::{FilePreamble, InterfaceDescription, WriteError};
use crate::engine::Seen;
use crate::model::{Conversation, Finding, Frame, Timestamp};
use crate::report::stream::Change;
use crate::report::talk::say;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Where packets go.
#[derive(Debug)]
pub(super) struct Packets {
    sink: Sink,
    quiet: bool,
    /// Nobody reads them any longer.
    lost: bool,
}

#[derive(Debug)]
enum Sink {
    Nothing,
    Files { rotator: Box<Rotator>, folder: Option<PathBuf> },
    Findings { finding_files: Box<FindingFiles>, trigger: Trigger, folder: PathBuf },
}

impl Packets {
    /// Begins what is to be written; `opened` is the one file that was opened for it, if it is one. `quiet`: only errors are
    /// told.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub fn open(
        target: Option<&Target>,
        opened: Option<File>,
        interfaces: Vec<InterfaceDescription>,
        quiet: bool,
    ) -> Result<Self, WriteError> {
        let head = FilePreamble { interfaces, secrets: Vec::new() };
        let sink = match target {
            None => Sink::Nothing,
            Some(Target::File { path, rotation }) => Sink::Files {
                rotator: Box::new(Rotator::open(path, opened, *rotation, head)?),
                folder: rotation.is_on().then(|| parent(path)),
            },
            Some(Target::Folder { folder, trigger, ring, keep }) => Sink::Findings {
                finding_files: Box::new(FindingFiles::new(folder, Ring::new(*ring), head, *keep)),
                trigger: trigger.clone(),
                folder: folder.clone(),
            },
        };
        Ok(Self { sink, quiet, lost: false })
    }

    /// Finds out, once rights are given up, whether the files that are to come can be made.
    ///
    /// # Errors
    /// They cannot.
    pub fn check(&self) -> Result<(), WriteError> {
        match &self.sink {
            Sink::Nothing | Sink::Files { folder: None, .. } => Ok(()),
            Sink::Files { folder: Some(folder), .. } | Sink::Findings { folder, .. } => probe(folder),
        }
    }

    /// Takes a frame with what it turned out to be, from that interface.
    pub fn frame(&mut self, seen: Seen, interface: u16, frame: &Frame<'_>) {
        let done = match &mut self.sink {
            Sink::Files { rotator, .. } if seen.is_wanted => rotator.frame(interface, frame),
            Sink::Findings { finding_files, .. } => {
                finding_files.frame(seen, interface, frame);
                Ok(())
            }
            Sink::Nothing | Sink::Files { .. } => Ok(()),
        };
        self.tell(done);
    }

    /// What interfaces counted so far.
    pub fn counted(&mut self, counts: Counts) {
        match &mut self.sink {
            Sink::Nothing => {}
            Sink::Files { rotator, .. } => rotator.counted(counts),
            Sink::Findings { finding_files, .. } => finding_files.counted(counts),
        }
    }

    /// Adds a secret to the files, for whoever reads them (`--keep-keys`).
    pub fn secret(&mut self, secret: Secret) {
        let done = match &mut self.sink {
            Sink::Nothing => Ok(()),
            Sink::Files { rotator, .. } => rotator.secret(secret),
            Sink::Findings { finding_files, .. } => {
                finding_files.secret(secret);
                Ok(())
            }
        };
        self.tell(done);
    }

    /// Looks at what rules say and what is new of that, with the conversations in view; `now` is packet time.
    pub fn look(
        &mut self,
        findings: &[Finding],
        updates: &[FindingUpdate],
        conversations: &[Conversation],
        now: Timestamp,
    ) {
        let Sink::Findings { finding_files, trigger, .. } = &mut self.sink else { return };
        finding_files.look(findings, conversations, now);
        for update in updates.iter().filter(|update| trigger.fires(&update.finding)) {
            let only = match &update.change {
                Change::New | Change::Worse => &[][..],
                Change::Spread(clients) => clients,
                Change::Withdrawn => continue,
            };
            let files = finding_files.written().files;
            match finding_files.fire(&update.finding, only, conversations, now) {
                Ok(path) if finding_files.written().files > files && !self.quiet => {
                    say(&format!("{}: the packets of {}", path.display(), update.finding.rule));
                }
                Ok(_) => {}
                Err(error) => say(&error.to_string()),
            }
        }
    }

    /// Writes what is held back, so that all files can be read: after each batch, and now and then where none comes.
    pub fn flush(&mut self, now: Timestamp) {
        let done = match &mut self.sink {
            Sink::Nothing => Ok(()),
            Sink::Files { rotator, .. } => rotator.flush(),
            Sink::Findings { finding_files, .. } => finding_files.flush(now),
        };
        self.tell(done);
    }

    /// Files were moved away (SIGHUP). Files of findings are not: each has a name of its own.
    pub fn reopen(&mut self) {
        let done = match &mut self.sink {
            Sink::Files { rotator, .. } => rotator.reopen(),
            Sink::Nothing | Sink::Findings { .. } => Ok(()),
        };
        self.tell(done);
    }

    /// Ends all files.
    pub fn finish(&mut self) {
        let done = match &mut self.sink {
            Sink::Nothing => Ok(()),
            Sink::Files { rotator, .. } => rotator.finish(),
            Sink::Findings { finding_files, .. } => finding_files.finish(),
        };
        self.tell(done);
    }

    /// What was written so far.
    pub fn written(&self) -> WriteTotals {
        match &self.sink {
            Sink::Nothing => WriteTotals::default(),
            Sink::Files { rotator, .. } => rotator.written(),
            Sink::Findings { finding_files, .. } => finding_files.written(),
        }
    }

    /// Memory of the minutes before, in bytes.
    pub fn ring_bytes(&self) -> usize {
        match &self.sink {
            Sink::Findings { finding_files, .. } => finding_files.ring().held(),
            Sink::Nothing | Sink::Files { .. } => 0,
        }
    }

    /// Nobody reads them any longer.
    pub const fn is_lost(&self) -> bool {
        self.lost
    }

    fn tell(&mut self, done: Result<(), WriteError>) {
        match done {
            Ok(()) => {}
            Err(error) if error.is_closed_pipe() => self.lost = true,
            Err(error) => say(&format!("{error}; the capture goes on")),
        }
    }
}

/// What files say of the interfaces of the user's list. One that is not open yet is taken for Ethernet; frames of another
/// kind are described once they come.
pub(super) fn described(
    names: &[String],
    open: &[Result<OpenInterface, String>],
    setup: &CaptureSettings,
) -> Vec<InterfaceDescription> {
    let one = |(name, open): (&String, &Result<OpenInterface, String>)| InterfaceDescription {
        name: name.clone(),
        link_type: open.as_ref().map_or(1, OpenInterface::link_type),
        snap_length: setup.snap_length,
        digits: open.as_ref().map_or(9, OpenInterface::digits),
        filter: setup.filter.clone(),
    };
    names.iter().zip(open).map(one).collect()
}

fn parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}
