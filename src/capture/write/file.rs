//! A capture file that can be read at any moment.

use super::{InterfaceDescription, Statistics, WriteError, Writer};
use crate::capture::pcapng::Secret;
use crate::model::Frame;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes held back until they are written even if nobody asks.
const HELD_BACK: usize = 64 << 10;

/// Bytes of secrets that stand in front of a file: those of some 5000 sessions.
const SECRETS: usize = 1 << 20;

/// What stands in front of the frames of every file.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilePreamble {
    /// The interfaces, by the numbers that frames come with.
    pub interfaces: Vec<InterfaceDescription>,
    /// Secrets that open the frames. Whoever has the file has them.
    pub secrets: Vec<Secret>,
}

impl FilePreamble {
    /// Adds a secret for further files. Of too many the oldest go.
    pub(crate) fn add(&mut self, secret: Secret) {
        self.secrets.push(secret);
        let mut bytes: usize = self.secrets.iter().map(|secret| secret.data.len()).fold(0, usize::saturating_add);
        while bytes > SECRETS && self.secrets.len() > 1 {
            bytes = bytes.saturating_sub(self.secrets.remove(0).data.len());
        }
    }
}

/// Tells one file from any other, also of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileIdentity(u64, u64);

/// Destination of the bytes of a file.
pub(super) trait Output: Write + std::fmt::Debug + Send {
    /// Takes back what was written beyond `length` bytes.
    fn set_back(&mut self, length: u64) -> io::Result<()>;
    /// The file, if it is one.
    fn file(&self) -> Option<&File> {
        None
    }
}

impl Output for File {
    fn set_back(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }

    fn file(&self) -> Option<&File> {
        Some(self)
    }
}

impl Output for io::Stdout {
    fn set_back(&mut self, _: u64) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

/// A capture file. It holds whole blocks whenever it was flushed: what could be written in part only is taken back.
#[derive(Debug)]
pub(crate) struct CaptureFile {
    path: PathBuf,
    out: Box<dyn Output>,
    writer: Writer<Vec<u8>>,
    /// Interfaces as they come with frames.
    interfaces: Vec<InterfaceDescription>,
    /// For each interface that the file describes: its number among `interfaces`, and the link type.
    described: Vec<(u16, u16)>,
    /// How many of these descriptions are written.
    settled: usize,
    /// Bytes that are written.
    length: u64,
    /// Frames that are written.
    frames: u64,
    /// Frames that are held back.
    waiting: u64,
    /// Frames that are lost because writing failed.
    lost: u64,
    /// It could not be set back, and is no longer whole.
    broken: bool,
}

impl CaptureFile {
    /// Makes a file; `None` if there is one of that name.
    ///
    /// # Errors
    /// It cannot be made or written.
    pub(crate) fn create_new(
        path: &Path,
        head: &FilePreamble,
        comment: Option<&str>,
    ) -> Result<Option<Self>, WriteError> {
        match options().create_new(true).open(path) {
            Ok(file) => Self::begin(path, Box::new(file), head, comment).map(Some).inspect_err(|_| {
                // It holds nothing; why it could not be written is the error to tell.
                let _ = std::fs::remove_file(path);
            }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(WriteError::io(path, error)),
        }
    }

    /// Writes into a file that was opened for it and is empty, or into a pipe or device. `path` is what it is called.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn within(path: &Path, file: File, head: &FilePreamble) -> Result<Self, WriteError> {
        Self::begin(path, Box::new(file), head, None)
    }

    /// Writes to stdout.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn stdout(head: &FilePreamble) -> Result<Self, WriteError> {
        Self::begin(Path::new("stdout"), Box::new(io::stdout()), head, None)
    }

    /// Descriptions and secrets go out at once, so that the file can be read from its first moment on.
    pub(super) fn begin(
        path: &Path,
        out: Box<dyn Output>,
        head: &FilePreamble,
        comment: Option<&str>,
    ) -> Result<Self, WriteError> {
        let failed = |error| WriteError::io(path, error);
        let mut file = Self {
            path: path.to_owned(),
            out,
            writer: Writer::new(Vec::new(), comment).map_err(failed)?,
            interfaces: head.interfaces.clone(),
            described: Vec::new(),
            settled: 0,
            length: 0,
            frames: 0,
            waiting: 0,
            lost: 0,
            broken: false,
        };
        for (number, interface) in (0..).zip(&head.interfaces) {
            file.describe(number, interface).map_err(failed)?;
        }
        for secret in &head.secrets {
            file.writer.secret(secret).map_err(failed)?;
        }
        file.flush()?;
        Ok(file)
    }

    /// Writes a frame of that interface of the [`FilePreamble`]; an interface whose link type has changed (it was gone and came
    /// back) is described once more.
    ///
    /// # Errors
    /// Of this and earlier frames: [`CaptureFile::lost`] has grown by those that are not in the file, which goes on
    /// behind the last one that is.
    pub(crate) fn frame(&mut self, interface: u16, frame: &Frame<'_>, comment: Option<&str>) -> Result<(), WriteError> {
        let number = self.number(interface, frame.link_type)?;
        let done = self.writer.frame(number, frame, comment);
        self.waiting = self.waiting.saturating_add(1);
        done.map_err(|error| self.give_up(error))?;
        if self.writer.out.len() >= HELD_BACK { self.flush() } else { Ok(()) }
    }

    /// Adds a secret, for the frames that come after it.
    ///
    /// # Errors
    /// As [`CaptureFile::frame`].
    pub(crate) fn secret(&mut self, secret: &Secret) -> Result<(), WriteError> {
        self.writer.secret(secret).map_err(|error| WriteError::io(&self.path, error))
    }

    /// Writes what was counted, on all interfaces together, at the first one.
    ///
    /// # Errors
    /// As [`CaptureFile::frame`].
    pub(crate) fn statistics(&mut self, statistics: &Statistics<'_>) -> Result<(), WriteError> {
        let comment = Some("Counted on all interfaces together").filter(|_| self.interfaces.len() > 1);
        let statistics = Statistics { comment: statistics.comment.or(comment), ..*statistics };
        if !self.described.is_empty() {
            self.writer.statistics(0, &statistics).map_err(|error| WriteError::io(&self.path, error))?;
        }
        self.flush()
    }

    /// Writes what is held back. The file can be read as a whole then.
    ///
    /// # Errors
    /// As [`CaptureFile::frame`].
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        let bytes = std::mem::take(&mut self.writer.out);
        let done = if self.broken && !bytes.is_empty() {
            Err(io::Error::other("it was damaged when writing failed before"))
        } else {
            self.out.write_all(&bytes).and_then(|()| self.out.flush())
        };
        self.writer.out = bytes;
        done.map_err(|error| self.give_up(error))?;
        self.length = self.length.saturating_add(self.writer.out.len() as u64);
        self.writer.out.clear();
        self.settled = self.described.len();
        self.frames = self.frames.saturating_add(std::mem::take(&mut self.waiting));
        Ok(())
    }

    /// Path of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in it, those included that are held back.
    pub(crate) fn length(&self) -> u64 {
        self.length.saturating_add(self.writer.out.len() as u64)
    }

    /// Frames in it that were flushed.
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    /// Frames that are lost because writing failed.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// No frame is in it, or held back for it.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames == 0 && self.waiting == 0
    }

    /// Tells it from others; `None` where the system cannot.
    pub(crate) fn identity(&self) -> Option<FileIdentity> {
        self.out.file().and_then(|file| file.metadata().ok()).and_then(|about| FileIdentity::of(&about))
    }

    /// Somebody took away bytes that were written (`> FILE`, or logrotate's copytruncate).
    pub(crate) fn was_cut(&self) -> bool {
        let length = self.out.file().and_then(|file| file.metadata().ok()).map(|about| about.len());
        length.is_some_and(|length| length < self.length)
    }

    /// The number by which the file knows an interface.
    fn number(&mut self, interface: u16, link_type: u16) -> Result<u32, WriteError> {
        let is_it = |known: &(u16, u16)| *known == (interface, link_type);
        if let Some(number) = self.described.iter().position(is_it) {
            return Ok(u32::try_from(number).unwrap_or(u32::MAX));
        }
        let known = self.interfaces.get(usize::from(interface)).cloned();
        let unknown =
            || InterfaceDescription { name: String::new(), link_type, snap_length: 0, digits: 9, filter: None };
        let described = InterfaceDescription { link_type, ..known.unwrap_or_else(unknown) };
        self.describe(interface, &described).map_err(|error| WriteError::io(&self.path, error))
    }

    fn describe(&mut self, interface: u16, described: &InterfaceDescription) -> io::Result<u32> {
        let number = self.writer.interface(described)?;
        self.described.push((interface, described.link_type));
        Ok(number)
    }

    /// Nothing that is held back can be written: takes back what was written of it.
    fn give_up(&mut self, error: io::Error) -> WriteError {
        self.lost = self.lost.saturating_add(std::mem::take(&mut self.waiting));
        self.writer.out.clear();
        self.described.truncate(self.settled);
        self.writer.interfaces.truncate(self.settled);
        self.broken |= self.out.set_back(self.length).is_err();
        WriteError::io(&self.path, error)
    }
}

impl FileIdentity {
    /// Identity of the file that has this name now.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        std::fs::symlink_metadata(path).ok().and_then(|about| Self::of(&about))
    }

    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
    fn of(about: &std::fs::Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self(about.dev(), about.ino()))
    }

    #[cfg(not(unix))]
    fn of(_: &std::fs::Metadata) -> Option<Self> {
        None
    }
}

/// For writing, by the owner only.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
