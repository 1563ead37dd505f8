//! Tests of whole captures.

pub(super) mod build;
mod compressed;
mod corpus;
mod damage;
mod formats;
mod opening;
pub(super) mod oracle;

use super::Reader;
use crate::model::Input;
use std::io::{self, Cursor, Read};

/// A frame as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    number: u64,
    nanos: i64,
    digits: u8,
    link_type: u16,
    data: Vec<u8>,
    wire_length: u32,
}

/// Everything that a reader delivers. Proves on the way that the end stays the end.
fn drain(reader: &mut Reader) -> (Vec<Seen>, Input) {
    let mut seen = Vec::new();
    while let Some(frame) = reader.next(3) {
        assert_eq!(frame.at.frame.input, 3);
        seen.push(Seen {
            number: frame.at.frame.number,
            nanos: frame.at.time.nanos(),
            digits: frame.at.time.digits(),
            link_type: frame.link_type,
            data: frame.data.to_vec(),
            wire_length: frame.wire_length,
        });
    }
    assert!(reader.next(3).is_none());
    assert!(seen.iter().zip(1..).all(|(frame, number)| frame.number == number));
    assert_eq!(reader.input().packets, seen.len() as u64);
    assert_eq!(reader.input().bytes, seen.iter().map(|frame| u64::from(frame.wire_length)).sum::<u64>());
    (seen, reader.input().clone())
}

/// Everything in these bytes, which begin like a capture.
fn read(bytes: &[u8]) -> (Vec<Seen>, Input) {
    drain(&mut Reader::from_reader("test", Cursor::new(bytes.to_vec())).unwrap())
}

/// Gives at most so many bytes at a time, in turn, and is interrupted now and then.
struct Chunked {
    bytes: Cursor<Vec<u8>>,
    sizes: Vec<usize>,
    turn: usize,
}

impl Chunked {
    fn new(bytes: &[u8], sizes: Vec<usize>) -> Self {
        Self { bytes: Cursor::new(bytes.to_vec()), sizes, turn: 0 }
    }
}

impl Read for Chunked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = self.sizes[self.turn % self.sizes.len()].min(buffer.len());
        self.bytes.read(&mut buffer[..size])
    }
}
