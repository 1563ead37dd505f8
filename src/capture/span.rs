//! From when to when a capture file reaches, read as cheaply as the file allows.
//!
//! The first packet is at the front. The last one is found from the rear, in the last 256 KiB: pcapng blocks repeat
//! their length at their end and can be walked backwards; classic records cannot, so the first place is looked for
//! from which plausible records follow each other exactly to the last byte of the file. Compressed, small, cut and
//! otherwise odd files are read to the end instead.

use super::classic::Classic;
use super::fields::{index, u32_at};
use super::reader::{Format, Reader};
use crate::model::Timestamp;
use pcap_file::Endianness;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes at the end of a file that are searched for the last packet.
const TAIL: u64 = 256 << 10;

/// Time of the first packet that has one; `None` if there is none or the file is no capture.
pub(super) fn first_time(path: &Path) -> Option<Timestamp> {
    let mut reader = Reader::open(path).ok()?;
    while reader.next(0).is_some() {
        if let Some(first) = reader.input().first {
            return Some(first);
        }
    }
    None
}

/// Time of the last packet that has one; `None` if there is none or the file is no capture.
pub(super) fn last_time(path: &Path) -> Option<Timestamp> {
    last_time_from_rear(path).or_else(|| {
        let mut reader = Reader::open(path).ok()?;
        while reader.next(0).is_some() {}
        reader.input().last
    })
}

/// Reads the front of the file up to its first packet, and then the last packets as if they came next.
fn last_time_from_rear(path: &Path) -> Option<Timestamp> {
    let mut front = Reader::open(path).ok()?;
    let rear_begin = front.size()?.checked_sub(TAIL)?;
    front.next(0)?;
    let front_length = front.offset();
    if front.is_compressed() || front_length > rear_begin {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let mut rear = Vec::new();
    file.seek(SeekFrom::Start(rear_begin)).ok()?;
    (&file).take(TAIL).read_to_end(&mut rear).ok()?;
    let boundary = match front.format() {
        Format::Classic(classic) => record_boundary(classic, front.input().first?, &rear),
        Format::Sections(sections) => block_boundary(sections.order(), &rear),
    }?;
    file.rewind().ok()?;
    let mut rear = Cursor::new(rear);
    rear.set_position(boundary as u64);
    let mut joined = Reader::from_reader("", file.take(front_length).chain(rear)).ok()?;
    while joined.next(0).is_some() {}
    let input = joined.input();
    // The packet at the front and at least one at the rear, and nothing odd about the joint.
    (input.complete && input.problem.is_none() && input.packets > 1).then_some(input.last)?
}

/// The first place in `rear` from which plausible records lead exactly to its end. Chains of records that begin at a
/// wrong place run into the true one sooner or later, so that the last record is the same.
fn record_boundary(classic: &Classic, first: Timestamp, rear: &[u8]) -> Option<usize> {
    let mut leads_to_end = vec![false; rear.len()];
    let mut boundary = None;
    for at in (0..rear.len()).rev() {
        let Some(length) = rear.get(at..).and_then(|bytes| classic.plausible_record(bytes, first)) else { continue };
        let next = at.saturating_add(length);
        if next == rear.len() || leads_to_end.get(next) == Some(&true) {
            *leads_to_end.get_mut(at)? = true;
            boundary = Some(at);
        }
    }
    boundary
}

/// The first place in `rear` to which blocks can be followed from its end.
fn block_boundary(order: Endianness, rear: &[u8]) -> Option<usize> {
    let mut begin = rear.len();
    while let Some(length) = begin.checked_sub(4).and_then(|trailer| u32_at(order, rear, trailer)) {
        let Some(before) = begin.checked_sub(index(length)) else { break };
        if length < 12 || u32_at(order, rear, before.saturating_add(4)) != Some(length) {
            break;
        }
        begin = before;
    }
    (begin < rear.len()).then_some(begin)
}

#[cfg(test)]
mod tests {
    use super::super::tests::build::{Packet, pcap, pcapng};
    use super::*;
    use std::io::Write;

    fn many(count: u32) -> Vec<Packet> {
        (0..count)
            .map(|i| {
                // Payload full of what looks like record headers.
                let data = [1_700_000_000u32.to_le_bytes(), [0; 4], [16, 0, 0, 0], [16, 0, 0, 0]].concat();
                Packet::at(1_700_000_000 + u64::from(i), &data.repeat(1 + (i as usize * 7) % 20))
            })
            .collect()
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn the_rear_gives_the_same_as_the_whole() {
        for bytes in [pcap(&many(5000)), pcapng(&many(5000))] {
            let file = file(&bytes);
            let last = last_time_from_rear(file.path()).expect("found from the rear");
            assert_eq!(last.nanos(), 1_700_004_999_000_000_000);
            assert_eq!(last_time(file.path()), Some(last));
            assert_eq!(first_time(file.path()).unwrap().nanos(), 1_700_000_000_000_000_000);
        }
    }

    #[test]
    fn small_and_cut_files_are_read_as_a_whole() {
        let small = file(&pcap(&many(10)));
        assert_eq!(last_time_from_rear(small.path()), None);
        assert_eq!(last_time(small.path()).unwrap().nanos(), 1_700_000_009_000_000_000);
        let whole = pcapng(&many(5000));
        let cut = file(&whole[..whole.len() - 5]);
        assert_eq!(last_time_from_rear(cut.path()), None);
        assert_eq!(last_time(cut.path()).unwrap().nanos(), 1_700_004_998_000_000_000);
    }

    #[test]
    fn no_packet_no_time() {
        let empty = file(&pcap(&[]));
        assert_eq!((first_time(empty.path()), last_time(empty.path())), (None, None));
        let text = file(b"not a capture");
        assert_eq!((first_time(text.path()), last_time(text.path())), (None, None));
    }
}
