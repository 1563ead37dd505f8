//! Classic pcap (draft-ietf-opsawg-pcap): a header of 24 bytes, then records.

use super::clock::classic_time;
use super::fields::{index, words};
use super::record::Record;
use super::stop::{CutWithin, Stop};
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

    /// Digits of the second's fraction in its times.
    pub(super) const fn digits(&self) -> u8 {
        self.digits
    }

    /// The next record, if all of it is waiting.
    ///
    /// By hand and not with `pcap_file`'s `RawPcapPacket`, which cannot say how many bytes it lacks and does not
    /// know the modified format. No field is checked against the snap length or the length on the wire: there are
    /// writers that get each of them wrong, and the data is there all the same.
    #[inline]
    pub(super) fn waiting(&self, window: &mut Window) -> Option<Record> {
        let bytes = window.bytes();
        let [seconds, fraction, captured, wire] = self.fields(bytes)?;
        let whole = index(captured).saturating_add(self.record_header.into());
        if bytes.len() < whole {
            return None;
        }
        let start = window.consume(whole);
        Some(Record {
            // Places in the buffer, which is smaller than an address space.
            data: start.wrapping_add(self.record_header.into())..start.wrapping_add(whole),
            time: Some(classic_time(seconds, fraction, self.unit, self.digits)),
            link_type: self.link_type,
            wire_length: wire.max(captured),
        })
    }

    /// Waits for the next record; `None` at the proper end.
    #[cold]
    pub(super) fn next(&self, window: &mut Window) -> Result<Option<Record>, Stop> {
        if !window.fill(16)? {
            return if window.bytes().is_empty() { Ok(None) } else { Err(Stop::Cut(CutWithin::Packet)) };
        }
        let [_, _, captured, _] = self.fields(window.bytes()).unwrap_or_default();
        let whole = captured.saturating_add(self.record_header.into());
        if whole > LARGEST_RECORD {
            let reason = format!("the record claims a packet of {captured} bytes, more than any packet has");
            return Err(Stop::Damaged(window.position(), reason));
        }
        if !window.fill(whole)? {
            return Err(Stop::Cut(CutWithin::Packet));
        }
        Ok(self.waiting(window))
    }

    /// Seconds, fraction, length captured and length on the wire.
    #[inline]
    fn fields(&self, bytes: &[u8]) -> Option<[u32; 4]> {
        words(self.order, bytes)
    }

    /// Length of the record that `bytes` begin with, header included, if they look like one of a capture that began at
    /// `first`. For the search of records from the rear; nothing is thrown away on its word.
    pub(super) fn plausible_record(&self, bytes: &[u8], first: Timestamp) -> Option<usize> {
        let [seconds, fraction, captured, wire] = self.fields(bytes)?;
        let time = classic_time(seconds, fraction, self.unit, self.digits);
        let in_second = u64::from(fraction).saturating_mul(self.unit.into()) < 1_000_000_000;
        let lengths = captured <= wire && captured <= self.snap_length.max(LONGEST_USUAL);
        (in_second && lengths && time >= first).then(|| index(captured.saturating_add(self.record_header.into())))
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
