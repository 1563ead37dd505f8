//! Writes pcapng (draft-ietf-opsawg-pcapng), one section in little endian, any link type.
//!
//! A [`Writer`] turns frames into blocks, each handed over with one `write`, so that whoever counts bytes between two calls
//! stands between two blocks. A [`CaptureFile`] is one on disk that is whole whenever it was flushed, whatever fails.
//! Files hold what was said in clear, passwords and tokens included: they are made for their owner only (mode 0600).

mod block;
mod error;
mod file;
#[cfg(test)]
mod tests;

pub(crate) use error::WriteError;
pub(crate) use file::{CaptureFile, FileIdentity, FilePreamble};

use super::fields::index;
use super::live::Counts;
use super::pcapng::Secret;
use crate::model::{Frame, Timestamp};
use block::Block;
use std::io::{self, ErrorKind, Write};

/// What a file says of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InterfaceDescription {
    /// Its name; empty if it is not known.
    pub name: String,
    /// Link type of its frames.
    pub link_type: u16,
    /// Bytes taken of each frame; 0 is no limit.
    pub snap_length: u32,
    /// Digits of the second's fraction in its times, 0 to 9.
    pub digits: u8,
    /// Filter of pcap-filter(7) that its frames passed.
    pub filter: Option<String>,
}

/// What was counted while a file was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statistics<'a> {
    /// Frames received and dropped in that time.
    pub counts: Counts,
    /// Beginning of that time.
    pub start: Timestamp,
    /// End of that time.
    pub end: Timestamp,
    /// A remark for the reader.
    pub comment: Option<&'a str>,
}

/// Writes a capture to anything.
#[derive(Debug)]
pub(crate) struct Writer<W> {
    out: W,
    block: Block,
    /// Digits of the second's fraction, for each interface that is described.
    interfaces: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a capture. The comment is shown by `capinfos` and in Wireshark's file properties.
    ///
    /// # Errors
    /// Those of `out`, here and below.
    pub(crate) fn new(out: W, comment: Option<&str>) -> io::Result<Self> {
        let mut writer = Self { out, block: Block::default(), interfaces: Vec::new() };
        writer.block.section(comment);
        writer.put()?;
        Ok(writer)
    }

    /// Describes a further interface. Gives its number, by which frames name it.
    pub(crate) fn interface(&mut self, interface: &InterfaceDescription) -> io::Result<u32> {
        let number = u32::try_from(self.interfaces.len()).map_err(|_| invalid("too many interfaces"))?;
        self.block.interface(interface);
        self.put()?;
        self.interfaces.push(interface.digits);
        Ok(number)
    }

    /// Adds a secret. It opens the frames that come after it, for whoever reads the file.
    pub(crate) fn secret(&mut self, secret: &Secret) -> io::Result<()> {
        self.block.secret(secret.kind, &secret.data)?;
        self.put()
    }

    /// Writes a frame of that interface. A time before 1970, which the format has no way to write, becomes 1970.
    ///
    /// # Errors
    /// The interface is not described, or the frame is longer than a block can be.
    pub(crate) fn frame(&mut self, interface: u32, frame: &Frame<'_>, comment: Option<&str>) -> io::Result<()> {
        let digits = self.digits(interface)?;
        self.block.frame(interface, digits, frame, comment)?;
        self.put()
    }

    /// Writes what was counted on an interface.
    ///
    /// # Errors
    /// The interface is not described.
    pub(crate) fn statistics(&mut self, interface: u32, statistics: &Statistics<'_>) -> io::Result<()> {
        let digits = self.digits(interface)?;
        self.block.statistics(interface, digits, statistics);
        self.put()
    }

    fn digits(&self, interface: u32) -> io::Result<u8> {
        self.interfaces.get(index(interface)).copied().ok_or_else(|| invalid("an interface that was not described"))
    }

    fn put(&mut self) -> io::Result<()> {
        self.out.write_all(self.block.finish()?)
    }
}

/// Bytes that a frame takes in a file, without a comment.
pub(crate) fn size(frame: &Frame<'_>) -> u64 {
    (frame.data.len().next_multiple_of(4) as u64).saturating_add(block::FRAME)
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, what)
}
