//! One capture, read from front to back.

use super::classic::{self, Classic};
use super::error::CaptureError;
use super::fields::index;
use super::foreign;
use super::pcapng::{self, Secret, Sections};
use super::record::Record;
use super::source::{Compression, Source};
use super::stop::Stop;
use super::window::Window;
use crate::model::{Frame, FrameRef, Input, InputFormat, Stamp};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Reads a capture and lends its frames one by one.
pub struct Reader {
    window: Window,
    format: Format,
    input: Input,
    ended: bool,
    compression: Option<Compression>,
    taken: Arc<AtomicU64>,
    size: Option<u64>,
}

/// How the window is taken apart.
pub(super) enum Format {
    Classic(Classic),
    Sections(Box<Sections>),
}

impl Reader {
    /// Opens a capture file; `-` is the standard input.
    ///
    /// # Errors
    /// See `CaptureError`. A file that begins properly and is damaged further on is no error: see `Input`.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        if path.as_os_str() == "-" {
            return Self::stdin();
        }
        let name = path.to_string_lossy();
        let opened = File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata)));
        let (file, metadata) = opened.map_err(|error| CaptureError::io(&name, error))?;
        if metadata.is_dir() {
            return Err(CaptureError::Folder { path: name.into_owned() });
        }
        let mut reader = Self::from_reader(&name, file)?;
        reader.size = metadata.is_file().then_some(metadata.len());
        Ok(reader)
    }

    /// Reads a capture from the standard input.
    ///
    /// # Errors
    /// See `CaptureError`.
    pub fn stdin() -> Result<Self, CaptureError> {
        Self::from_reader("-", io::stdin())
    }

    /// Reads a capture from any stream; `name` stands for it in messages.
    ///
    /// # Errors
    /// See `CaptureError`.
    pub fn from_reader(name: &str, stream: impl Read + Send + 'static) -> Result<Self, CaptureError> {
        let Source { stream, compression, taken } =
            Source::new(stream).map_err(|error| CaptureError::io(name, error))?;
        let mut window = Window::new(stream);
        window.fill(classic::HEADER).map_err(|error| CaptureError::head(name, error, compression))?;
        let mut input = Input::named(name);
        let Some(format) = Format::of(&mut window, &mut input) else {
            // Only now, because it may have to wait: a capture that comes through a pipe must not.
            let _ = window.fill(foreign::HEAD);
            return Err(foreign::judge(name, window.bytes()));
        };
        Ok(Self { window, format, input, ended: false, compression, taken, size: None })
    }

    /// The next frame; `None` at the end, be it proper or not: [`Reader::input`] tells. `input` is the index that the
    /// frame's reference gets.
    #[inline]
    pub fn next(&mut self, input: u32) -> Option<Frame<'_>> {
        self.next_with_secrets(input).map(|(frame, _)| frame)
    }

    /// The next frame, if all of it is there already: nothing is waited for. `None` says nothing of the end.
    pub(crate) fn next_waiting(&mut self, input: u32) -> Option<Frame<'_>> {
        let record = self.waiting()?;
        let at = self.count(&record, input);
        Some(self.frame(at, record))
    }

    /// The next frame as [`Reader::next`] gives it, with the secrets of all decryption secrets blocks that stand before it.
    #[inline]
    pub fn next_with_secrets(&mut self, input: u32) -> Option<(Frame<'_>, &[Secret])> {
        let record = self.record()?;
        let at = self.count(&record, input);
        Some((self.frame(at, record), self.secrets()))
    }

    /// Counts a record, and says where it stands.
    #[inline]
    fn count(&mut self, record: &Record, input: u32) -> Stamp {
        // Neither count can reach 2^64.
        self.input.packets = self.input.packets.wrapping_add(1);
        self.input.bytes = self.input.bytes.wrapping_add(record.wire_length.into());
        let time = match record.time {
            Some(time) => {
                self.input.first.get_or_insert(time);
                self.input.last = Some(time);
                time
            }
            // A simple packet block has no time; it came at about the time of the packet before it.
            None => self.input.last.unwrap_or_default(),
        };
        Stamp { frame: FrameRef { input, number: self.input.packets }, time }
    }

    #[inline]
    fn frame(&self, at: Stamp, record: Record) -> Frame<'_> {
        Frame { at, link_type: record.link_type, data: self.window.slice(record.data), wire_length: record.wire_length }
    }

    /// What is known of the capture: final once [`Reader::next`] has returned `None`.
    ///
    /// `complete` is true if it was read to its proper end. `problem` can be set although it is: then something was
    /// odd or a limit was reached, but nothing was lost behind it. Frames without a time of their own (pcapng simple
    /// packet blocks) do not count for `first` and `last`.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// What [`Reader::input`] tells, taken out of the reader.
    pub fn into_input(self) -> Input {
        self.input
    }

    /// Secrets of pcapng decryption secrets blocks read so far.
    pub fn secrets(&self) -> &[Secret] {
        match &self.format {
            Format::Classic(_) => &[],
            Format::Sections(sections) => sections.secrets(),
        }
    }

    /// Bytes of the file (compressed, if it is) that have been taken so far.
    pub fn position(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Size of the file in bytes; `None` for what is not a regular file.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// True if the capture is compressed.
    pub fn is_compressed(&self) -> bool {
        self.compression.is_some()
    }

    /// How the capture is read.
    pub(super) fn format(&self) -> &Format {
        &self.format
    }

    /// Position behind the last frame, in bytes of the decompressed capture.
    pub(super) fn offset(&self) -> u64 {
        self.window.position()
    }

    #[inline]
    fn record(&mut self) -> Option<Record> {
        self.waiting().or_else(|| self.record_or_end())
    }

    #[inline]
    fn waiting(&mut self) -> Option<Record> {
        match &self.format {
            Format::Classic(classic) => classic.waiting(&mut self.window),
            Format::Sections(sections) => sections.waiting(&mut self.window),
        }
    }

    /// Where reading, everything but ordinary packets, and the end are dealt with.
    #[inline(never)]
    fn record_or_end(&mut self) -> Option<Record> {
        if self.ended {
            return None;
        }
        let outcome = match &mut self.format {
            Format::Classic(classic) => classic.next(&mut self.window),
            Format::Sections(sections) => sections.next(&mut self.window, &mut self.input),
        };
        match outcome {
            Ok(Some(record)) => Some(record),
            Ok(None) => self.end(None),
            Err(stop) => self.end(Some(&stop)),
        }
    }

    /// The file had more bytes when it was opened than came: it was cut meanwhile. One that grows is read to its new end.
    fn has_shrunk(&self) -> bool {
        self.compression.is_none() && self.size.is_some_and(|size| self.position() < size)
    }

    fn shrunk(&self) -> String {
        let (size, read, packets) = (self.size.unwrap_or_default(), self.position(), self.input.packets);
        format!(
            "became shorter while it was read: of {size} bytes that it had {read} were there, and {packets} packets. Somebody \
             writes it anew; copy it first"
        )
    }

    #[cold]
    fn end(&mut self, stop: Option<&Stop>) -> Option<Record> {
        self.ended = true;
        match stop {
            None if self.has_shrunk() => {
                let sentence = self.shrunk();
                self.input.problem = Some(sentence);
            }
            None => self.input.complete = true,
            Some(stop) => {
                let end = self.window.end_position();
                self.input.problem = Some(stop.sentence(end, self.input.packets, self.compression));
            }
        }
        None
    }
}

impl Format {
    /// Tells the format by its first bytes and passes over a classic header.
    fn of(window: &mut Window, input: &mut Input) -> Option<Self> {
        if pcapng::begins(window.bytes()) {
            input.format = Some(InputFormat::Pcapng);
            return Some(Self::Sections(Box::default()));
        }
        let classic = Classic::new(window.bytes().first_chunk()?)?;
        window.consume(index(classic::HEADER));
        input.format = Some(InputFormat::Pcap);
        input.link_types.push(classic.link_type);
        input.snap_length = Some(classic.snap_length).filter(|length| *length > 0);
        Some(Self::Classic(classic))
    }
}
