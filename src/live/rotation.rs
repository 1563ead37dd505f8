//! `-w FILE`: everything that matters goes into one file, or into one after the other.
//!
//! With `--rotate-size` or `--rotate-time` files are called as dumpcap calls them: `FILE_00001_20261127081000.pcapng`, by the
//! UTC time of their first packet. Each can be read by itself, and all together as one capture. Of the files that this
//! process wrote, `--keep` keeps the newest. Without rotation FILE itself is written; SIGHUP makes it anew once it was
//! moved away, and begins a further file where files rotate.
//!
//! Writing that fails does not stop the capture: the packets that are missing are counted, and a comment at the first one
//! behind them says how many there are.

use super::output_file::{is_descriptor, reopen_emptied};
use super::retention::{Retention, WriteTotals, utc};
use crate::capture::Secret;
use crate::capture::live::Counts;
use crate::capture::write::{self, CaptureFile, FileIdentity, FilePreamble, Statistics, WriteError};
use crate::model::{Frame, Span, Timestamp};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// After how long (of packet time) it is tried again to write where it failed: often enough not to miss much,
/// and seldom enough not to be busy with it.
const RETRY: Span = Span::from_secs(10);

/// When the next file begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Rotation {
    /// Before one has more bytes.
    pub size: Option<u64>,
    /// With the first packet so long after its own first one.
    pub time: Option<Duration>,
    /// Number of files that stay; `None`: all.
    pub keep: Option<usize>,
}

impl Rotation {
    /// There is more than one file.
    pub(crate) const fn is_on(&self) -> bool {
        self.size.is_some() || self.time.is_some()
    }
}

/// Writes frames into one file or several.
#[derive(Debug)]
pub(super) struct Rotator {
    /// `None` is stdout.
    path: Option<PathBuf>,
    rotation: Rotation,
    head: FilePreamble,
    /// FILE, until it is begun.
    opened: Option<File>,
    file: Option<CurrentFile>,
    retention: Retention,
    /// Number of the file that was begun last; they count from 1.
    number: u32,
    /// Totals of the files that are finished.
    finished: WriteTotals,
    /// Writing failed, and is not tried at present.
    failing: Option<WriteFailure>,
    /// An error to tell that keeps nothing from being written: an old file cannot be removed.
    pending_error: Option<WriteError>,
    /// Counters of the interfaces so far.
    counts: Counts,
    /// Time of the latest frame.
    last: Timestamp,
}

/// The file that is written.
#[derive(Debug)]
struct CurrentFile {
    file: CaptureFile,
    /// Time of its first frame.
    began: Option<Timestamp>,
    /// Counters of the interfaces before the file began.
    counts: Counts,
}

/// Writing that failed.
#[derive(Debug)]
struct WriteFailure {
    /// Packet time of the last attempt.
    since: Timestamp,
    /// Frames that were lost before it began to fail, to say afterwards how many are missing at this place.
    lost: u64,
}

impl Rotator {
    /// Begins FILE, or stdout (`-`). `opened` is what was opened for FILE while there were rights, if it was. Files that
    /// rotate are made when their first frame comes.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub(super) fn open(
        path: &Path,
        opened: Option<File>,
        rotation: Rotation,
        head: FilePreamble,
    ) -> Result<Self, WriteError> {
        let path = (path.as_os_str() != "-").then(|| path.to_owned());
        let mut rotator = Self {
            path,
            rotation,
            head,
            opened,
            file: None,
            retention: Retention::new(rotation.keep),
            number: 0,
            finished: WriteTotals::default(),
            failing: None,
            pending_error: None,
            counts: Counts::default(),
            last: Timestamp::default(),
        };
        if !rotator.rotates() {
            rotator.begin(Timestamp::default())?;
        }
        Ok(rotator)
    }

    /// Takes the counters of the interfaces so far.
    pub(crate) fn counted(&mut self, counts: Counts) {
        self.counts = counts;
    }

    /// Adds a secret, to this file and those that follow.
    ///
    /// # Errors
    /// As [`Rotator::frame`].
    pub(super) fn secret(&mut self, secret: Secret) -> Result<(), WriteError> {
        let done = self.file.as_mut().map_or(Ok(()), |current| current.file.secret(&secret));
        self.head.add(secret);
        done
    }

    /// Writes a frame.
    ///
    /// # Errors
    /// Something to tell the user, once for each time that writing begins to fail; the capture goes on.
    pub(super) fn frame(&mut self, interface: u16, frame: &Frame<'_>) -> Result<(), WriteError> {
        let now = self.last.max(frame.at.time);
        if self.failing.as_ref().is_some_and(|failing| now.since(failing.since) < RETRY) {
            self.finished.lost += 1;
            return Ok(());
        }
        let lost = self.written().lost;
        let done = self.write(interface, frame);
        self.last = now;
        match done {
            Ok(()) => self.pending_error.take().map_or(Ok(()), Err),
            Err(error) => self.fail(error, lost),
        }
    }

    /// Writes what is held back: after each batch, so that the file can be read at any moment.
    ///
    /// # Errors
    /// As [`Rotator::frame`].
    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        let lost = self.written().lost;
        let current = self.file.as_mut().filter(|_| self.failing.is_none());
        current.map_or(Ok(()), |current| current.file.flush()).or_else(|error| self.fail(error, lost))
    }

    /// The user moved files away (SIGHUP): begins a further one if files rotate, or if FILE is not the one that was opened.
    ///
    /// # Errors
    /// As [`Rotator::frame`].
    pub(super) fn reopen(&mut self) -> Result<(), WriteError> {
        let Some(path) = self.path.clone().filter(|path| !is_descriptor(path)) else { return Ok(()) };
        let lost = self.written().lost;
        if self.rotates() {
            return self.end().or_else(|error| self.fail(error, lost));
        }
        let was_cut = self.file.as_ref().is_some_and(|current| current.file.was_cut());
        let is_there = self.file.as_ref().is_some_and(|current| current.file.identity() == FileIdentity::at(&path));
        if is_there && !was_cut {
            return Ok(());
        }
        let done = self.end();
        self.failing = None;
        self.begin(self.last).and(done).or_else(|error| self.fail(error, lost))
    }

    /// Totals of what was written so far.
    pub(crate) fn written(&self) -> WriteTotals {
        self.file.as_ref().map_or(self.finished, |current| self.finished.and(&current.file))
    }

    /// Ends the last file.
    ///
    /// # Errors
    /// It cannot be written to its end.
    pub(super) fn finish(&mut self) -> Result<(), WriteError> {
        self.end()
    }

    /// One file follows the other. Stdout is one stream, whatever is asked for.
    fn rotates(&self) -> bool {
        self.path.is_some() && self.rotation.is_on()
    }

    /// Writes a frame, into a further file if it is time for that. The first one behind a gap is flushed at once, because only
    /// then it is known that writing goes on.
    fn write(&mut self, interface: u16, frame: &Frame<'_>) -> Result<(), WriteError> {
        let gap = self.failing.as_ref().map(|failing| self.written().lost - failing.lost);
        let comment = gap.map(|gap| format!("{gap} packets before this one could not be written"));
        if self.is_due(frame) {
            self.end()?;
        }
        if self.file.is_none() {
            self.begin(frame.at.time).inspect_err(|_| self.finished.lost += 1)?;
        }
        let Some(current) = &mut self.file else { return Ok(()) };
        current.began.get_or_insert(frame.at.time);
        current.file.frame(interface, frame, comment.as_deref())?;
        if comment.is_some() {
            current.file.flush()?;
            self.failing = None;
        }
        Ok(())
    }

    /// This frame begins a further file. One that is larger than a file may be has one to itself.
    fn is_due(&self, frame: &Frame<'_>) -> bool {
        let Some(CurrentFile { file, began, .. }) = self.file.as_ref().filter(|_| self.rotates()) else { return false };
        let length = file.length().saturating_add(write::size(frame));
        let is_full = self.rotation.size.is_some_and(|size| length > size) && !file.is_empty();
        let age = began.map_or(Span::ZERO, |began| frame.at.time.since(began).max(Span::ZERO));
        is_full || self.rotation.time.is_some_and(|time| age >= time.into())
    }

    /// Makes the next file, or FILE once more: it is written over, but never while it is the one that is open.
    fn begin(&mut self, time: Timestamp) -> Result<(), WriteError> {
        let file = match self.path.clone() {
            None => CaptureFile::stdout(&self.head)?,
            Some(path) if self.rotates() => self.next(&path, time)?,
            Some(path) => {
                let opened = self.opened.take().map_or_else(|| reopen_emptied(&path), Ok);
                CaptureFile::within(&path, opened.map_err(|error| WriteError::io(&path, error))?, &self.head)?
            }
        };
        if self.rotates() {
            self.pending_error = self.retention.add(&file).err();
        }
        self.finished.files += 1;
        self.file = Some(CurrentFile { file, began: None, counts: self.counts });
        Ok(())
    }

    /// A file of a name that is free, so that those of an earlier run stay.
    fn next(&mut self, path: &Path, time: Timestamp) -> Result<CaptureFile, WriteError> {
        loop {
            self.number = self.number.wrapping_add(1);
            let name = numbered(path, self.number, time);
            if let Some(file) = CaptureFile::create_new(&name, &self.head, None)? {
                return Ok(file);
            }
        }
    }

    /// Ends the file that is written.
    fn end(&mut self) -> Result<(), WriteError> {
        let Some(mut current) = self.file.take() else { return Ok(()) };
        let start = current.began.unwrap_or(self.last);
        let counts = self.counts.since(current.counts);
        let done = if self.failing.is_some() || current.file.was_cut() {
            Ok(())
        } else {
            current.file.statistics(&Statistics { counts, start, end: self.last, comment: None })
        };
        self.finished = self.finished.and(&current.file);
        done
    }

    /// Notes that writing failed; `lost` frames were lost before. The error is given on if it is the first of its kind:
    /// whoever watches is told once that the disk is full, not with every packet.
    fn fail(&mut self, error: WriteError, lost: u64) -> Result<(), WriteError> {
        let since = self.last;
        if let Some(failing) = &mut self.failing {
            failing.since = since;
            return Ok(());
        }
        self.failing = Some(WriteFailure { since, lost });
        Err(error)
    }
}

/// `FILE_00001_20261127081000.pcapng`.
fn numbered(path: &Path, number: u32, time: Timestamp) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("_{number:05}_{}", utc(time, "%Y%m%d%H%M%S")));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::write::InterfaceDescription;
    use crate::capture::{Reader, discover};
    use crate::model::{FrameRef, Stamp};
    use std::fs;

    /// 2026-11-27 08:10:00 UTC.
    const BEGIN: i64 = 1_795_767_000;

    fn head() -> FilePreamble {
        let ethernet =
            InterfaceDescription { name: "eth0".into(), link_type: 1, snap_length: 65_535, digits: 9, filter: None };
        FilePreamble { interfaces: vec![ethernet], secrets: Vec::new() }
    }

    fn frame(seconds: i64, data: &[u8]) -> Frame<'_> {
        let time = Timestamp::new((BEGIN + seconds) * 1_000_000_000, 9);
        Frame { at: Stamp { time, frame: FrameRef::default() }, link_type: 1, data, wire_length: 60 }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = entries.collect();
        names.sort();
        names
    }

    /// Packets in a file that is whole, and how many were dropped.
    fn read(path: &Path) -> (u64, Option<u64>) {
        let mut reader = Reader::open(path).unwrap();
        while reader.next(0).is_some() {}
        let input = reader.into_input();
        assert!(input.complete && input.problem.is_none(), "{:?}", input.problem);
        (input.packets, input.dropped)
    }

    #[test]
    fn one_file_can_be_read_after_each_flush() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pcapng");
        fs::write(&path, "an older one").unwrap();
        let mut rotator = Rotator::open(&path, None, Rotation::default(), head()).unwrap();
        assert_eq!(read(&path).0, 0);
        for number in 1..=3 {
            rotator.frame(0, &frame(number, b"x")).unwrap();
            rotator.flush().unwrap();
            assert_eq!(read(&path).0, number.cast_unsigned());
        }
        rotator.counted(Counts { received: 3, kernel_drops: 2, interface_drops: 0 });
        rotator.finish().unwrap();
        assert_eq!(read(&path), (3, Some(2)));
        let length = path.metadata().unwrap().len();
        assert_eq!(rotator.written(), WriteTotals { files: 1, frames: 3, bytes: length, lost: 0 });
    }

    #[test]
    fn files_are_no_larger_than_asked_and_are_one_capture() {
        let folder = tempfile::tempdir().unwrap();
        let rotation = Rotation { size: Some(1000), ..Rotation::default() };
        let mut rotator = Rotator::open(&folder.path().join("a.pcapng"), None, rotation, head()).unwrap();
        assert!(names(folder.path()).is_empty());
        for number in 0..20 {
            // One of them is larger than a file.
            rotator.frame(0, &frame(number, &vec![0; if number == 9 { 3000 } else { 100 }])).unwrap();
        }
        rotator.finish().unwrap();
        let names = names(folder.path());
        assert_eq!(names[..2], ["a_00001_20261127081000.pcapng", "a_00002_20261127081006.pcapng"]);
        let packets: Vec<_> = names.iter().map(|name| read(&folder.path().join(name)).0).collect();
        assert_eq!((packets.iter().sum::<u64>(), packets.contains(&1)), (20, true), "{packets:?}");
        // What was counted at the end comes on top.
        let sizes = names.iter().map(|name| folder.path().join(name).metadata().unwrap().len());
        assert_eq!(sizes.filter(|size| *size > 1100).count(), 1);
        let sets = discover(&[folder.path().to_owned()]).unwrap();
        assert_eq!(sets.iter().map(|set| set.paths.len()).collect::<Vec<_>>(), [names.len()]);
    }

    #[test]
    fn files_begin_by_packet_time_and_the_newest_stay() {
        let folder = tempfile::tempdir().unwrap();
        let rotation = Rotation { time: Some(Duration::from_secs(60)), keep: Some(2), size: None };
        let mut rotator = Rotator::open(&folder.path().join("a"), None, rotation, head()).unwrap();
        for (seconds, drops) in [(0, 1), (59, 4), (60, 4), (30, 4), (119, 5), (500, 9)] {
            rotator.counted(Counts { kernel_drops: drops, ..Counts::default() });
            rotator.frame(0, &frame(seconds, b"x")).unwrap();
        }
        rotator.finish().unwrap();
        let expected = ["a_00002_20261127081100", "a_00003_20261127081820"];
        assert_eq!(names(folder.path()), expected);
        // Each tells the drops of its own time: what is told when a frame comes was counted before it.
        assert_eq!(expected.map(|name| read(&folder.path().join(name))), [(3, Some(5)), (1, Some(0))]);
        assert_eq!(rotator.written().files, 3);
    }

    #[test]
    fn every_file_has_the_secrets_that_open_it() {
        let folder = tempfile::tempdir().unwrap();
        let rotation = Rotation { time: Some(Duration::from_secs(1)), ..Rotation::default() };
        let mut rotator = Rotator::open(&folder.path().join("a.pcapng"), None, rotation, head()).unwrap();
        let secret = |data: &[u8]| Secret { kind: 0x544c_534b, data: data.to_vec() };
        for (seconds, key) in [(0, b"one"), (1, b"two")] {
            rotator.frame(0, &frame(seconds, b"x")).unwrap();
            rotator.secret(secret(key)).unwrap();
            rotator.frame(0, &frame(seconds, b"y")).unwrap();
        }
        rotator.finish().unwrap();
        let secrets = names(folder.path()).into_iter().map(|name| {
            let mut reader = Reader::open(&folder.path().join(name)).unwrap();
            while reader.next(0).is_some() {}
            reader.secrets().to_vec()
        });
        let expected = [vec![secret(b"one")], vec![secret(b"one"), secret(b"two")]];
        assert_eq!(secrets.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn files_of_an_earlier_run_stay() {
        let folder = tempfile::tempdir().unwrap();
        let rotation = Rotation { size: Some(1000), keep: Some(1), time: None };
        for _ in 0..2 {
            let mut rotator = Rotator::open(&folder.path().join("a.pcapng"), None, rotation, head()).unwrap();
            rotator.frame(0, &frame(0, b"x")).unwrap();
            rotator.finish().unwrap();
        }
        assert_eq!(names(folder.path()), ["a_00001_20261127081000.pcapng", "a_00002_20261127081000.pcapng"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_moved_away_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("a.pcapng"), folder.path().join("old.pcapng"));
        let mut rotator = Rotator::open(&path, None, Rotation::default(), head()).unwrap();
        rotator.frame(0, &frame(0, b"x")).unwrap();
        // Nobody moved it: nothing that is written gets lost.
        rotator.reopen().unwrap();
        rotator.frame(0, &frame(1, b"x")).unwrap();
        fs::rename(&path, &old).unwrap();
        rotator.reopen().unwrap();
        rotator.frame(0, &frame(2, b"x")).unwrap();
        rotator.flush().unwrap();
        assert_eq!((read(&old).0, read(&path).0), (2, 1));
        // Copied and emptied.
        fs::write(&path, "").unwrap();
        rotator.reopen().unwrap();
        rotator.frame(0, &frame(3, b"x")).unwrap();
        rotator.finish().unwrap();
        assert_eq!((read(&path).0, rotator.written().files), (1, 3));
    }

    #[test]
    fn files_that_rotate_begin_anew_when_asked_to() {
        let folder = tempfile::tempdir().unwrap();
        let rotation = Rotation { size: Some(1 << 20), ..Rotation::default() };
        let mut rotator = Rotator::open(&folder.path().join("a.pcapng"), None, rotation, head()).unwrap();
        for number in 0..2 {
            rotator.frame(0, &frame(number, b"x")).unwrap();
            rotator.reopen().unwrap();
            rotator.reopen().unwrap();
        }
        assert_eq!(names(folder.path()).len(), 2);
    }

    #[test]
    fn a_folder_that_is_gone_is_told_once_and_tried_again() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("folder");
        let rotation = Rotation { time: Some(Duration::from_secs(1)), ..Rotation::default() };
        let mut rotator = Rotator::open(&folder.join("a.pcapng"), None, rotation, head()).unwrap();
        let error = rotator.frame(0, &frame(0, b"x")).unwrap_err().to_string();
        assert!(error.contains("a_00001_") && error.contains("no such folder"), "{error}");
        for seconds in [1, 9, 10, 15] {
            rotator.frame(0, &frame(seconds, b"x")).unwrap();
        }
        fs::create_dir(&folder).unwrap();
        for seconds in [19, 20] {
            rotator.frame(0, &frame(seconds, b"x")).unwrap();
        }
        rotator.finish().unwrap();
        assert_eq!((rotator.written().frames, rotator.written().lost), (1, 6));
        let bytes = fs::read(folder.join(&names(&folder)[0])).unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains("6 packets before this one could not be written"));
    }

    /// On a disk of 64 KiB, as root.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_does_not_end_the_capture() {
        let disk = tempfile::tempdir().unwrap();
        let mount = |program: &str, arguments: &[&str]| {
            let done = std::process::Command::new(program).args(arguments).arg(disk.path()).output();
            done.is_ok_and(|output| output.status.success())
        };
        if !mount("mount", &["-t", "tmpfs", "-o", "size=64k", "nrpcsniff-test"]) {
            eprintln!("SKIPPED: a small disk cannot be mounted here");
            return;
        }
        let done = std::panic::catch_unwind(|| fill(disk.path()));
        assert!(mount("umount", &[]));
        done.unwrap();
    }

    #[cfg(target_os = "linux")]
    fn fill(disk: &Path) {
        let path = disk.join("a.pcapng");
        let mut rotator = Rotator::open(&path, None, Rotation::default(), head()).unwrap();
        let write = |rotator: &mut Rotator, seconds| {
            rotator.frame(0, &frame(seconds, &[0; 1500])).and_then(|()| rotator.flush()).err()
        };
        let errors: Vec<_> = (0..60).filter_map(|_| write(&mut rotator, 0)).collect();
        assert!(matches!(&errors[..], [WriteError::Full { .. }]), "{errors:?}");
        let written = rotator.written();
        assert_eq!((written.frames + written.lost, read(&path).0), (60, written.frames));
        assert!(write(&mut rotator, 20).is_none() && rotator.written().lost == written.lost + 1);
        fs::remove_file(&path).unwrap();
        rotator.reopen().unwrap();
        assert!(write(&mut rotator, 40).is_none());
        rotator.finish().unwrap();
        assert_eq!((read(&path).0, rotator.written().lost), (1, written.lost + 1));
    }
}
