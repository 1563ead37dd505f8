//! Classic pcap (draft-ietf-opsawg-pcap): a header of 24 bytes, then records.

use super::clock::classic_time;
use super::fields::{index, u32_at};
use super::reader::Record;
use super::stop::{Inside, Stop};
use super::window::{LARGEST_RECORD, Window};
use crate::model::Timestamp;
use pcap_file::pcap::PcapHeader;
use pcap_file::{Endianness, TsResolution};

/// Length of the file header.
pub(super) const HEADER: u32 = 24;

/// Magic number of Alexey Kuznetzov's patched libpcap of the nineties: the layout of a microsecond capture, but each
/// record header goes on for 8 more bytes (interface index, protocol, packet type).
const MODIFIED_MAGIC: u32 = 0xa1b2_cd34;

/// The default snap length of tcpdump and dumpcap: packets are not longer, except on buses.
const LONGEST_USUAL: u32 = 1 << 18;

/// What the file header says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Classic {
    order: Endianness,
    /// Length of a record header: 16, or 24 in the modified format.
    record_header: u8,
    /// Nanoseconds that the fraction counts in.
    unit: u16,
    digits: u8,
    /// Link type.
    pub(super) link_type: u16,
    /// Snap length; 0 if none is stated.
    pub(super) snap_length: u32,
}

impl Classic {
    /// Reads the file header; `None` if this is no classic pcap.
    pub(super) fn new(header: &[u8; HEADER as usize]) -> Option<Self> {
        let mut header = *header;
        let modified = unmodify(&mut header);
        let (_, fields) = PcapHeader::from_slice(&header).ok()?;
        let (unit, digits) = match fields.ts_resolution {
            TsResolution::MicroSecond => (1000, 6),
            TsResolution::NanoSecond => (1, 9),
        };
        Some(Self {
            order: fields.endianness,
            record_header: if modified { 24 } else { 16 },
            unit,
            digits,
            // The upper half of the field is for other things, such as the length of a frame check sequence.
            link_type: u16::try_from(u32::from(fields.datalink) & 0xffff).unwrap_or(0),
            snap_length: fields.snaplen,
        })
    }

    /// The next record; `None` at the proper end.
    ///
    /// By hand and not with `pcap_file`'s `RawPcapPacket`, which cannot say how many bytes it lacks and does not
    /// know the modified format. No field is checked against the snap length or the length on the wire: there are
    /// writers that get each of them wrong, and the data is there all the same.
    #[inline]
    pub(super) fn next(self, window: &mut Window) -> Result<Option<Record>, Stop> {
        loop {
            match self.record(window.bytes()) {
                Ok(mut record) => {
                    let whole = record.data.end;
                    let start = window.consume(whole);
                    record.shift(start);
                    return Ok(Some(record));
                }
                Err(needed) => {
                    if !self.more(needed, window)? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The record that `bytes` begin with, or how many bytes it needs, as far as that is known.
    #[inline]
    fn record(self, bytes: &[u8]) -> Result<Record, u32> {
        let header = u32::from(self.record_header);
        let fields: &[u8; 16] = bytes.first_chunk().ok_or(16u32)?;
        let field = |at| u32_at(self.order, fields, at).unwrap_or(0);
        let captured = field(8);
        let whole = header.saturating_add(captured);
        if bytes.len() < index(whole) {
            return Err(whole);
        }
        Ok(Record {
            data: usize::from(self.record_header)..index(whole),
            time: Some(classic_time(field(0), field(4), self.unit, self.digits)),
            link_type: self.link_type,
            wire_length: field(12).max(captured),
        })
    }

    /// Length of the record that `bytes` begin with, header included, if they look like one of a capture that began at
    /// `first`. For the search of records from the rear; nothing is thrown away on its word.
    pub(super) fn plausible_record(self, bytes: &[u8], first: Timestamp) -> Option<usize> {
        let field = |at| u32_at(self.order, bytes, at);
        let (seconds, fraction, captured, wire) = (field(0)?, field(4)?, field(8)?, field(12)?);
        let time = classic_time(seconds, fraction, self.unit, self.digits);
        let in_second = u64::from(fraction).saturating_mul(self.unit.into()) < 1_000_000_000;
        let lengths = captured <= wire && captured <= self.snap_length.max(LONGEST_USUAL);
        (in_second && lengths && time >= first).then(|| index(captured.saturating_add(self.record_header.into())))
    }

    /// Waits for `needed` bytes; `false` at the proper end.
    #[cold]
    fn more(self, needed: u32, window: &mut Window) -> Result<bool, Stop> {
        if needed > LARGEST_RECORD {
            let captured = needed.saturating_sub(self.record_header.into());
            let reason = format!("the record claims a packet of {captured} bytes, more than any packet has");
            return Err(Stop::Damaged(window.position(), reason));
        }
        match window.fill(needed)? {
            true => Ok(true),
            false if window.bytes().is_empty() => Ok(false),
            false => Err(Stop::Cut(Inside::Packet)),
        }
    }
}

/// Turns the header of the modified format, if it is one, into that of the ordinary format.
fn unmodify(header: &mut [u8; HEADER as usize]) -> bool {
    let [a, b, c, d, ..] = header;
    let (magic, [big, little]) = ([*a, *b, *c, *d], [u32::to_be_bytes, u32::to_le_bytes]);
    for bytes in [big, little] {
        if magic == bytes(MODIFIED_MAGIC) {
            [*a, *b, *c, *d] = bytes(0xa1b2_c3d4);
            return true;
        }
    }
    false
}
