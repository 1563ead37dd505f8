//! Captures that are cut or damaged: what stands before the damage is delivered, and one sentence says the rest.

use super::build::*;
use super::{Chunked, drain, read};
use crate::capture::{CaptureError, Reader};
use pcap_file::Endianness::{Big, Little};
use proptest::prelude::*;
use std::io::{self, Cursor, Read};

fn packets() -> Vec<Packet> {
    (0..4u8).map(|i| Packet::at(1_700_000_000 + u64::from(i), &vec![i; 10 + usize::from(i)])).collect()
}

/// Reads every proper prefix of a file. `ends` are the places where a packet is whole, `seams` those where a cut cannot
/// be noticed.
fn cut_everywhere(file: &[u8], header: usize, ends: &[usize], seams: &[usize]) {
    let whole = read(file).0;
    for length in 0..file.len() {
        let reader = Reader::from_reader("test", Cursor::new(file[..length].to_vec()));
        if length < header {
            let error = reader.err().unwrap();
            assert!(matches!(error, CaptureError::Empty { .. } | CaptureError::HeaderCut { .. }), "{length}: {error}");
            continue;
        }
        let (seen, input) = drain(&mut reader.unwrap());
        assert_eq!(seen, whole[..ends.iter().filter(|end| **end <= length).count()], "{length}");
        assert_eq!(input.complete, seams.contains(&length), "{length}");
        assert_eq!(input.problem.is_none(), input.complete);
        let said = input.problem.unwrap_or_else(|| format!("byte {length}"));
        assert!(said.contains(&format!("byte {length}")), "{said}");
    }
}

#[test]
fn a_file_that_becomes_shorter_while_it_is_read_is_incomplete() {
    let packets: Vec<_> = (0..3000u64).map(|i| Packet::at(1_700_000_000 + i, &[7; 984])).collect();
    let path = tempfile::tempdir().unwrap().keep().join("shrinks.pcap");
    std::fs::write(&path, pcap(&packets)).unwrap();
    let mut reader = Reader::open(&path).unwrap();
    reader.next(0).unwrap();
    // Where a record ends, so that nothing else tells it.
    std::fs::File::options().write(true).open(&path).unwrap().set_len(24 + 2000 * 1000).unwrap();
    while reader.next(0).is_some() {}
    let input = reader.into_input();
    assert_eq!((input.packets, input.complete), (2000, false));
    let problem = input.problem.unwrap();
    assert!(problem.contains("became shorter") && problem.contains("of 3000024 bytes"), "{problem}");
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[test]
fn classic_cut_everywhere() {
    for variant in [Variant::PLAIN, Variant { magic: MODIFIED, order: Big, ..Variant::PLAIN }] {
        let mut file = variant.header();
        let mut seams = vec![file.len()];
        for packet in packets() {
            file.extend(variant.record(&packet));
            seams.push(file.len());
        }
        cut_everywhere(&file, 24, &seams[1..], &seams);
    }
}

#[test]
fn pcapng_cut_everywhere() {
    for order in [Little, Big] {
        let mut file = section(order, &option(order, 1, b"comment"));
        let mut seams = vec![file.len()];
        let mut ends = Vec::new();
        file.extend(interface(order, 1, 0, &option(order, 9, &[9])));
        seams.push(file.len());
        for packet in packets() {
            file.extend(enhanced(order, 0, packet.nanos, &packet.data, packet.wire_length));
            ends.push(file.len());
            file.extend(block(order, 0x0bad, &[1, 2, 3, 4]));
            seams.extend([*ends.last().unwrap(), file.len()]);
        }
        cut_everywhere(&file, 12, &ends, &seams);
    }
}

fn problem(file: &[u8]) -> (usize, String) {
    let (seen, input) = read(file);
    assert!(!input.complete);
    (seen.len(), input.problem.unwrap())
}

#[test]
fn sentences() {
    let file = pcap(&packets());
    assert_eq!(
        problem(&file[..file.len() - 1]),
        (3, "cut at byte 133, in the middle of packet 4: 3 packets were read".to_owned())
    );
    assert_eq!(problem(&file[..30]).1, "cut at byte 30, in the middle of packet 1: no packet was read");
    let file = pcapng(&packets());
    assert_eq!(problem(&file[..100]).1, "cut at byte 100, in the middle of packet 2: 1 packet was read");
    assert_eq!(
        problem(&file[..40]).1,
        "cut at byte 40, in the middle of the block of type 0x1 that begins at byte 28: no packet was read"
    );
    assert_eq!(
        problem(&file[..30]).1,
        "cut at byte 30, in the middle of the block that begins at byte 28: no packet was read"
    );
}

#[test]
fn classic_length_that_no_packet_has() {
    let mut file = pcap(&packets());
    let at = 24 + 26;
    file[at + 8..at + 12].copy_from_slice(&0x7373_6170u32.to_le_bytes());
    assert_eq!(
        problem(&file),
        (
            1,
            "damaged at byte 50: the record claims a packet of 1936941424 bytes, more than any packet has: 1 packet was read"
                .to_owned()
        )
    );
}

#[test]
fn pcapng_damage() {
    let start = pcapng(&packets()[..1]);
    let block_of = |words: &[u32]| [start.clone(), u32s(Little, words)].concat();
    let tail = "1 packet was read";
    let at = start.len();
    for (file, reason) in [
        (block_of(&[6, 8, 0, 8]), "a block of type 0x6 claims a length of 8 bytes"),
        (block_of(&[6, 33, 0, 8]), "a block of type 0x6 claims a length of 33 bytes"),
        (block_of(&[6, 0x7000_0000, 0]), "a block of type 0x6 claims 1879048192 bytes, more than any packet has"),
        (block_of(&[6, 36, 0, 0, 0, 5, 5, 0, 36]), "a packet that is longer than its block"),
        (block_of(&[6, 32, 0, 0, 0, 0, 0, 36]), "a block whose lengths at its two ends differ"),
        (block_of(&[6, 12, 12]), "a packet that is longer than its block"),
        (block_of(&[1, 16, 1, 16]), "an interface description that is too short"),
        (block_of(&[0x0bad, 16, 1, 20]), "a block whose lengths at its two ends differ"),
        (block_of(&[0x0a0d_0d0a, 16, 1, 16]), "a section header without byte order magic"),
    ] {
        assert_eq!(problem(&file), (1, format!("damaged at byte {at}: {reason}: {tail}")));
    }
    assert_eq!(
        problem(&block_of(&[0x0bad, 400, 1])).1,
        format!("cut at byte {}, in the middle of the block of type 0xbad that begins at byte {at}: {tail}", at + 12)
    );
}

#[test]
fn pcapng_with_endless_interfaces() {
    let order = Little;
    let file = [section(order, &[]), interface(order, 1, 0, &[]).repeat(65_537)].concat();
    assert!(problem(&file).1.contains("more than 65536 interfaces in one section"));
}

/// Fails once, and would give more afterwards.
struct Failing {
    before: Cursor<Vec<u8>>,
    failed: bool,
}

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.before.read(buffer)? {
            0 if !self.failed => {
                self.failed = true;
                Err(io::Error::other("disk on fire"))
            }
            0 => {
                buffer[..16].fill(0);
                Ok(16)
            }
            count => Ok(count),
        }
    }
}

#[test]
fn an_error_of_the_system_ends_it() {
    let file = pcap(&packets());
    let stream = Failing { before: Cursor::new(file), failed: false };
    let (seen, input) = drain(&mut Reader::from_reader("test", stream).unwrap());
    assert_eq!(seen.len(), 4);
    assert_eq!(input.problem.unwrap(), "cannot be read beyond byte 134 (disk on fire): 4 packets were read");
}

/// Starts of files that lead into each of the readers.
fn starts() -> Vec<Vec<u8>> {
    let big = [section(Big, &[]), interface(Big, 1, 0, &[])].concat();
    vec![
        Vec::new(),
        pcap(&packets()),
        Variant { order: Big, magic: MODIFIED, ..Variant::PLAIN }.header(),
        pcapng(&packets()),
        big,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever follows, reading ends; and the size of the pieces makes no difference.
    #[test]
    fn noise_neither_panics_nor_loops(
        start in proptest::sample::select(starts()),
        noise in proptest::collection::vec(any::<u8>(), 0..400),
        sizes in proptest::collection::vec(1usize..50, 1..5),
    ) {
        let bytes = [start, noise].concat();
        let whole = Reader::from_reader("test", Cursor::new(bytes.clone()));
        let chunked = Reader::from_reader("test", Chunked::new(&bytes, sizes));
        match (whole, chunked) {
            (Ok(mut whole), Ok(mut chunked)) => prop_assert_eq!(drain(&mut whole), drain(&mut chunked)),
            (Err(whole), Err(chunked)) => prop_assert_eq!(whole.to_string(), chunked.to_string()),
            _ => prop_assert!(false, "the size of the pieces made a difference"),
        }
    }

    /// How much a decompressor gives before it complains does depend on the pieces; that it ends does not.
    #[test]
    fn noise_in_compressed_data_neither_panics_nor_loops(
        start in prop_oneof![Just(&[0x1f, 0x8b, 8, 0][..]), Just(&[0x28, 0xb5, 0x2f, 0xfd][..])],
        noise in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        if let Ok(mut reader) = Reader::from_reader("test", Cursor::new([start, &noise].concat())) {
            prop_assert!(!drain(&mut reader).1.complete);
        }
    }

    /// Plausible blocks do no harm either, which noise hardly ever makes.
    #[test]
    fn noisy_blocks_neither_panic_nor_loop(
        blocks in proptest::collection::vec((0u32..12, proptest::collection::vec(0u8..12, 0..60)), 0..20),
        big: bool,
    ) {
        let order = if big { Big } else { Little };
        let mut file = section(order, &[]);
        for (kind, body) in &blocks {
            file.extend(block(order, *kind, body));
        }
        let (_, input) = read(&file);
        prop_assert!(input.complete || input.problem.is_some());
    }

    /// One wrong byte costs at most what stands behind it.
    #[test]
    fn what_stands_before_a_wrong_byte_is_delivered(at in 24usize..134, value: u8) {
        let mut file = pcap(&packets());
        let whole = read(&file).0;
        file[at] = value;
        let before = whole.iter().scan(24, |end, f| { *end += 16 + f.data.len(); Some(*end) }).filter(|end| *end <= at).count();
        prop_assert_eq!(&read(&file).0[..before], &whole[..before]);
    }
}
