//! Streams of bytes: counted, and decompressed if their first bytes say gzip or zstd. File names decide nothing.

use flate2::read::MultiGzDecoder;
use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest zstd window that is accepted, as a power of two: 128 MiB, the limit of the zstd command as well.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// gzip (RFC 1952), of one or several members.
    Gzip,
    /// Zstandard (RFC 8878), of one or several frames.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

impl Compression {
    /// By magic number (RFC 1952 2.3.1; RFC 8878 3.1.1 and, for skippable frames, 3.1.2).
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// A stream that is ready to be read.
pub(super) struct Source {
    pub(super) stream: Box<dyn Read + Send>,
    pub(super) compression: Option<Compression>,
    /// Bytes taken from the underlying (compressed) stream so far.
    pub(super) taken: Arc<AtomicU64>,
}

impl Source {
    /// Looks at the first bytes of `raw` and puts the decompressor in place that they call for.
    pub(super) fn new(raw: impl Read + Send + 'static) -> io::Result<Self> {
        let taken = Arc::new(AtomicU64::new(0));
        let mut counted = CountingReader { inner: raw, taken: Arc::clone(&taken) };
        let start = first_bytes(&mut counted)?;
        let compression = Compression::of(&start);
        let whole = Cursor::new(start).chain(counted);
        let stream: Box<dyn Read + Send> = match compression {
            Some(Compression::Gzip) => Box::new(MultiGzDecoder::new(whole)),
            Some(Compression::Zstd) => {
                let mut decoder = zstd::Decoder::new(whole)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
                Box::new(decoder)
            }
            None => Box::new(whole),
        };
        Ok(Self { stream, compression, taken })
    }
}

/// A stream of anything, decompressed if its first bytes say gzip or zstd.
pub(crate) fn decompressed(raw: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    Source::new(raw).map(|source| source.stream)
}

/// The first four bytes, or fewer if the stream is shorter.
fn first_bytes(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(4);
    stream.take(4).read_to_end(&mut start)?;
    Ok(start)
}

struct CountingReader<R> {
    inner: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
