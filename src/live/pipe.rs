//! A capture that comes through a pipe while it is made: `dumpcap -w - | nrpcsniff -i -`, `ssh HOST tcpdump -U -w - | ...`.
//!
//! Reading a pipe waits for as long as nothing comes, and nothing wakes it. So a thread of its own does only that, and hands on what
//! came; the one that takes captures apart waits for a moment at a time, and sees in between whether it shall stop.

use super::batch::{Batch, ReaderEvent};
use super::reader::QueueEnd;
use crate::capture::live::{Counts, LiveError, LiveFrame};
use crate::capture::{CaptureError, Reader, Secret};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Bytes that are taken from a pipe at a time: what a pipe of Linux holds.
const CHUNK: usize = 64 << 10;
/// Chunks that may wait. Behind them the pipe fills, and then the program that writes it waits.
const CHUNKS: usize = 64;
/// How long it waits for the next chunk before it looks whether it shall stop.
const PATIENCE: Duration = Duration::from_millis(100);
/// Frames handed on at a time, at most.
const TURN: usize = 256;

/// A pipe that was opened.
pub(crate) struct Pipe {
    name: String,
    stream: Box<dyn Read + Send>,
}

impl Pipe {
    /// True if that name of `-i` stands for a pipe: `-`, or the path of a named one.
    pub(crate) fn is_meant(name: &str) -> bool {
        name == "-" || is_named_pipe(Path::new(name))
    }

    /// Opens it; a named pipe is waited for until somebody writes it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn open(name: &str) -> Result<Self, LiveError> {
        let stream: Box<dyn Read + Send> = if name == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(name).map_err(|error| broken(name, error.to_string()))?)
        };
        Ok(Self { name: name.to_owned(), stream })
    }

    /// Reads it to its end in threads of its own. `place` is its place in the user's list.
    pub(super) fn start(self, place: u16, queue: QueueEnd) -> thread::JoinHandle<()> {
        let (sender, chunks) = sync_channel(CHUNKS);
        let Self { name, stream } = self;
        // It may wait for ever in the system, where nothing but the end of the process reaches it.
        thread::spawn(move || pump(stream, &sender));
        thread::spawn(move || {
            let error = read(&name, place, chunks, &queue).err();
            queue.source_ends(&name, error);
        })
    }
}

#[cfg(unix)]
fn is_named_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_named_pipe(path: &Path) -> bool {
    path.to_string_lossy().starts_with(r"\\.\pipe\")
}

fn broken(name: &str, reason: String) -> LiveError {
    LiveError::Other { interface: name.to_owned(), reason }
}

/// Hands on what comes, until nothing more does or nobody takes it.
fn pump(mut stream: Box<dyn Read + Send>, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let came = match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => Ok(buffer.get(..count).unwrap_or_default().to_vec()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_over = came.is_err();
        if sender.send(came).is_err() || is_over {
            return;
        }
    }
}

/// What the pump hands on, as a stream that ends when it shall stop.
struct Chunks {
    chunks: Receiver<io::Result<Vec<u8>>>,
    current: io::Cursor<Vec<u8>>,
    queue: QueueEnd,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => self.current = io::Cursor::new(chunk?),
                Err(RecvTimeoutError::Timeout) if !self.queue.shall_stop() => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

/// Takes the capture apart and puts its frames into the queue, as soon as there is no more to be had without waiting.
///
/// # Errors
/// What comes is no capture, or damaged, or ends in the middle of a packet.
fn read(name: &str, place: u16, chunks: Receiver<io::Result<Vec<u8>>>, queue: &QueueEnd) -> Result<(), LiveError> {
    let chunks = Chunks { chunks, current: io::Cursor::default(), queue: queue.clone() };
    let mut reader = match Reader::from_reader(name, chunks) {
        Ok(reader) => reader,
        Err(_) if queue.shall_stop() => return Ok(()),
        Err(error) => return Err(opening(name, &error)),
    };
    let mut known = 0;
    let mut dropped = None;
    while take_turn(&mut reader, place, queue) {
        known = tell_secrets(&reader, known, queue);
        let counted = reader.input().dropped;
        if counted != dropped {
            dropped = counted;
            tell_counts(&reader, place, queue);
        }
    }
    tell_secrets(&reader, known, queue);
    tell_counts(&reader, place, queue);
    match reader.into_input().problem {
        Some(problem) if !queue.shall_stop() => {
            Err(broken(name, format!("the capture in this pipe breaks off: {problem}")))
        }
        _ => Ok(()),
    }
}

/// Waits for a frame and takes it with those that are there; false if none comes any more.
fn take_turn(reader: &mut Reader, place: u16, queue: &QueueEnd) -> bool {
    let mut batch = queue.spare();
    let more = take(reader.next(0), place, &mut batch);
    let mut taken = 1;
    while more && taken < TURN && take(reader.next_waiting(0), place, &mut batch) {
        taken += 1;
    }
    queue.frames(batch);
    more && !queue.shall_stop()
}

fn take(frame: Option<crate::model::Frame<'_>>, place: u16, batch: &mut Batch) -> bool {
    let Some(frame) = frame else { return false };
    batch.push(
        place,
        frame.link_type,
        &LiveFrame { time: frame.at.time, data: frame.data, wire_length: frame.wire_length },
    );
    true
}

/// Hands on secrets of TLS that the capture brings along (Decryption Secrets Blocks); `known` of them were.
fn tell_secrets(reader: &Reader, known: usize, queue: &QueueEnd) -> usize {
    for secret in reader.secrets().iter().skip(known).filter(|secret| secret.kind == Secret::KEY_LOG) {
        queue.say(ReaderEvent::Secrets(secret.data.clone()));
    }
    reader.secrets().len()
}

/// Hands on what the capturing program says that it lost.
fn tell_counts(reader: &Reader, place: u16, queue: &QueueEnd) {
    let input = reader.input();
    let counts = Counts { received: input.packets, kernel_drops: input.dropped.unwrap_or(0), interface_drops: 0 };
    queue.say(ReaderEvent::Counts(place, counts));
}

/// Why it cannot be begun.
fn opening(name: &str, error: &CaptureError) -> LiveError {
    if matches!(error, CaptureError::Empty { .. }) {
        return broken(name, "the pipe ended before any packet came; the program that writes it says why".to_owned());
    }
    let text = error.to_string();
    let text = text.strip_prefix(&format!("{name}: ")).unwrap_or(&text).to_owned();
    broken(name, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_pipes() {
        assert!(Pipe::is_meant("-"));
        for name in ["eth0", "any", "Cargo.toml", "src"] {
            assert!(!Pipe::is_meant(name), "{name}");
        }
    }

    #[test]
    fn a_pump_ends_with_its_stream_or_its_listener() {
        let (sender, chunks) = sync_channel(4);
        pump(Box::new(io::Cursor::new(vec![7; CHUNK + 1])), &sender);
        drop(sender);
        let sizes: Vec<_> = chunks.iter().map(|chunk| chunk.unwrap().len()).collect();
        assert_eq!(sizes, [CHUNK, 1]);
        let (sender, chunks) = sync_channel(1);
        drop(chunks);
        pump(Box::new(io::repeat(7)), &sender);
    }
}
