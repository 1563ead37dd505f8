//! Why reading stopped before the end, and the sentence that says so.

use super::source::Compression;
use std::io;

/// What ended the reading of a capture.
#[derive(Debug)]
pub(super) enum Stop {
    /// The stream ends inside of something.
    Cut(CutWithin),
    /// A field says something that cannot be; position in the stream of the record or block, and what is wrong.
    Damaged(u64, String),
    /// The stream cannot be read.
    Io(io::Error),
}

/// What a cut went through.
#[derive(Debug, Clone, Copy)]
pub(super) enum CutWithin {
    /// A packet.
    Packet,
    /// A pcapng block that holds no packet: its type, if that still stands, and where it begins.
    Block(Option<u32>, u64),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Stop {
    /// One sentence for a capture that could be read up to position `end` and gave `packets` packets.
    pub(super) fn sentence(&self, end: u64, packets: u64, compression: Option<Compression>) -> String {
        let of = if compression.is_some() { " of the decompressed data" } else { "" };
        let what = match self {
            Self::Cut(CutWithin::Packet) => {
                format!("cut at byte {end}{of}, in the middle of packet {}", packets.saturating_add(1))
            }
            Self::Cut(CutWithin::Block(kind, begin)) => {
                let kind = kind.map(|kind| format!(" of type {kind:#x}")).unwrap_or_default();
                format!("cut at byte {end}{of}, in the middle of the block{kind} that begins at byte {begin}")
            }
            Self::Damaged(begin, reason) => format!("damaged at byte {begin}{of}: {reason}"),
            Self::Io(error) => io_sentence(error, end, compression),
        };
        format!("{what}: {}", packets_read(packets))
    }
}

fn io_sentence(error: &io::Error, end: u64, compression: Option<Compression>) -> String {
    match compression {
        Some(kind) if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("the {kind} data is cut short, at byte {end} of the decompressed data")
        }
        Some(kind) => format!("the {kind} data cannot be read beyond byte {end} of the decompressed data ({error})"),
        None => format!("cannot be read beyond byte {end} ({error})"),
    }
}

fn packets_read(packets: u64) -> String {
    match packets {
        0 => "no packet was read".to_owned(),
        1 => "1 packet was read".to_owned(),
        _ => format!("{packets} packets were read"),
    }
}
