//! Blocks, put together in memory.

use super::{InterfaceDescription, Statistics, invalid};
use crate::model::{Frame, Timestamp};
use std::io;

/// Bytes of an enhanced packet block around the frame.
pub(super) const FRAME: u64 = 32;

/// Section header (4.1).
const SECTION: u32 = 0x0a0d_0d0a;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// The length of the section is not known yet.
const LENGTH_UNKNOWN: u64 = u64::MAX;
/// Interface description (4.2).
const INTERFACE: u32 = 1;
/// Interface statistics (4.6).
const STATISTICS: u32 = 5;
/// Enhanced packet (4.3).
const ENHANCED_PACKET: u32 = 6;
/// Decryption secrets (4.7).
const SECRETS: u32 = 0x0a;

/// Options of every block (3.5).
const END: u16 = 0;
const COMMENT: u16 = 1;
/// Options of a section header (4.1).
const SHB_USERAPPL: u16 = 4;
/// Options of an interface description (4.2).
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_FILTER: u16 = 11;
/// The first byte of `if_filter`: what follows is a text for libpcap.
const FILTER_TEXT: &[u8] = &[0];
/// Options of interface statistics (4.6).
const ISB_STARTTIME: u16 = 2;
const ISB_ENDTIME: u16 = 3;
const ISB_IFRECV: u16 = 4;
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;

/// A block on its way into a file. Its memory is used again for the next one.
#[derive(Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
}

impl Block {
    pub(super) fn section(&mut self, comment: Option<&str>) {
        self.begin(SECTION);
        self.u32(BYTE_ORDER_MAGIC);
        self.bytes.extend([1, 0, 0, 0]); // version 1.0
        self.u64(LENGTH_UNKNOWN);
        self.comment(comment);
        self.text(SHB_USERAPPL, &[], concat!("nrpcsniff ", env!("CARGO_PKG_VERSION")));
        self.u32(END.into());
    }

    pub(super) fn interface(&mut self, interface: &InterfaceDescription) {
        self.begin(INTERFACE);
        self.u32(interface.link_type.into());
        self.u32(interface.snap_length);
        if !interface.name.is_empty() {
            self.text(IF_NAME, &[], &interface.name);
        }
        self.option(IF_TSRESOL, &[interface.digits.min(9)]);
        if let Some(filter) = &interface.filter {
            self.text(IF_FILTER, FILTER_TEXT, filter);
        }
        self.u32(END.into());
    }

    pub(super) fn secret(&mut self, kind: u32, data: &[u8]) -> io::Result<()> {
        self.begin(SECRETS);
        self.u32(kind);
        self.u32(length(data)?);
        self.padded(data);
        Ok(())
    }

    pub(super) fn frame(
        &mut self,
        interface: u32,
        digits: u8,
        frame: &Frame<'_>,
        comment: Option<&str>,
    ) -> io::Result<()> {
        let captured = length(frame.data)?;
        self.begin(ENHANCED_PACKET);
        self.u32(interface);
        self.time(frame.at.time, digits);
        self.u32(captured);
        self.u32(frame.wire_length.max(captured));
        self.padded(frame.data);
        if comment.is_some() {
            self.comment(comment);
            self.u32(END.into());
        }
        Ok(())
    }

    pub(super) fn statistics(&mut self, interface: u32, digits: u8, statistics: &Statistics<'_>) {
        self.begin(STATISTICS);
        self.u32(interface);
        self.time(statistics.end, digits);
        self.comment(statistics.comment);
        for (code, time) in [(ISB_STARTTIME, statistics.start), (ISB_ENDTIME, statistics.end)] {
            self.head(code, 8);
            self.time(time, digits);
        }
        let counts = statistics.counts;
        let counted =
            [(ISB_IFRECV, counts.received), (ISB_IFDROP, counts.interface_drops), (ISB_OSDROP, counts.kernel_drops)];
        for (code, count) in counted {
            self.option(code, &count.to_le_bytes());
        }
        self.u32(END.into());
    }

    /// Puts the length at both ends. The block as it goes into the file.
    pub(super) fn finish(&mut self) -> io::Result<&[u8]> {
        let total = length(&self.bytes)?.checked_add(4).ok_or_else(|| invalid("a block of more than 4 GiB"))?;
        if let Some(field) = self.bytes.get_mut(4..8) {
            field.copy_from_slice(&total.to_le_bytes());
        }
        self.u32(total);
        Ok(&self.bytes)
    }

    fn begin(&mut self, kind: u32) {
        self.bytes.clear();
        self.u32(kind);
        self.u32(0);
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes.extend(value.to_le_bytes());
    }

    /// Units since 1970, the upper half first (4.3).
    fn time(&mut self, time: Timestamp, digits: u8) {
        let unit = 10_u64.saturating_pow(9_u32.saturating_sub(digits.into()));
        let units = u64::try_from(time.nanos()).unwrap_or_default().checked_div(unit).unwrap_or_default();
        let [a, b, c, d, low @ ..] = units.to_be_bytes();
        self.u32(u32::from_be_bytes([a, b, c, d]));
        self.u32(u32::from_be_bytes(low));
    }

    fn padded(&mut self, data: &[u8]) {
        self.bytes.extend_from_slice(data);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    fn comment(&mut self, text: Option<&str>) {
        if let Some(text) = text {
            self.text(COMMENT, &[], text);
        }
    }

    /// An option with a text, cut to what an option can hold.
    fn text(&mut self, code: u16, before: &[u8], text: &str) {
        let most = usize::from(u16::MAX).saturating_sub(before.len());
        let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        let text = text.get(..end.unwrap_or_default()).unwrap_or_default();
        self.option(code, &[before, text.as_bytes()].concat());
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        self.head(code, u16::try_from(value.len()).unwrap_or(u16::MAX));
        self.padded(value);
    }

    fn head(&mut self, code: u16, length: u16) {
        self.bytes.extend(code.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
    }
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| invalid("a block of more than 4 GiB"))
}
