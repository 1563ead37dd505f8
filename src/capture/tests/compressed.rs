//! gzip and zstd, whole and cut.

use super::build::{Packet, pcap, pcapng};
use super::{Chunked, drain, read};
use crate::capture::{CaptureError, Reader};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Cursor, Write};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Packets that do not compress well.
fn packets(count: u32) -> Vec<Packet> {
    let noise =
        |i: u32| (0..200u32).map(|j| (i * 7919 + j).wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect::<Vec<_>>();
    (0..count).map(|i| Packet::at(1_700_000_000 + u64::from(i), &noise(i))).collect()
}

#[test]
fn gives_the_same_frames() {
    for file in [pcap(&packets(300)), pcapng(&packets(300))] {
        let expected = read(&file);
        for packed in [gzip(&file), zstd(&file)] {
            assert_eq!(read(&packed), expected);
            let mut chunked = Reader::from_reader("test", Chunked::new(&packed, vec![1, 2, 300])).unwrap();
            assert_eq!(drain(&mut chunked), expected);
            assert!(chunked.is_compressed());
            assert_eq!(chunked.position(), packed.len() as u64);
        }
    }
}

#[test]
fn several_members_and_frames() {
    let file = pcap(&packets(30));
    let (a, b) = file.split_at(1000);
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
    for packed in [
        [gzip(a), gzip(&[]), gzip(b)].concat(),
        [zstd(a), zstd(b)].concat(),
        [&skippable[..], &zstd(a), &skippable, &zstd(b)].concat(),
    ] {
        assert_eq!(read(&packed), read(&file));
    }
}

#[test]
fn a_cut_is_told_and_costs_only_what_is_behind_it() {
    let file = pcap(&packets(2000));
    let whole = read(&file).0;
    for (packed, kind) in [(gzip(&file), "gzip"), (zstd(&file), "zstd")] {
        let half = packed.len() / 2;
        let (seen, input) = read(&packed[..half]);
        assert_eq!(seen, whole[..seen.len()]);
        // Blocks of zstd have 128 KiB; what is cut within one is lost.
        assert!(seen.len() > 300 && seen.len() < 1500, "{kind}: {}", seen.len());
        assert!(!input.complete);
        let problem = input.problem.unwrap();
        assert!(problem.starts_with(&format!("the {kind} data is cut short, at byte ")), "{problem}");
        assert!(problem.ends_with(&format!("{} packets were read", seen.len())), "{problem}");
    }
}

#[test]
fn every_cut_of_a_small_one() {
    let file = pcap(&packets(3));
    for packed in [gzip(&file), zstd(&file)] {
        for length in 1..packed.len() {
            match Reader::from_reader("test", Cursor::new(packed[..length].to_vec())) {
                Ok(mut reader) => {
                    let (seen, input) = drain(&mut reader);
                    assert!(seen.len() <= 3 && !input.complete && input.problem.is_some(), "{length}");
                }
                Err(error) => {
                    assert!(matches!(error, CaptureError::Compressed { .. }) || length < 4, "{length}: {error}");
                }
            }
        }
    }
}

#[test]
fn damage_is_told() {
    let file = pcap(&packets(2000));
    for mut packed in [gzip(&file), zstd(&file)] {
        let half = packed.len() / 2;
        packed[half..half + 100].fill(0xaa);
        let (seen, input) = read(&packed);
        assert_eq!(seen[..300], read(&file).0[..300]);
        assert!(!input.complete);
        assert!(input.problem.unwrap().contains("of the decompressed data"));
    }
    // The damage is in the capture, not in the compression.
    let mut file = file;
    file.truncate(1000);
    assert_eq!(
        read(&gzip(&file)).1.problem.unwrap(),
        "cut at byte 1000 of the decompressed data, in the middle of packet 5: 4 packets were read"
    );
}

#[test]
fn a_window_that_would_need_too_much_memory_is_refused() {
    // A frame header that asks for a window of 2 GiB (RFC 8878 3.1.1.1.2: exponent 21, mantissa 0).
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00];
    let error = Reader::from_reader("test", Cursor::new(frame.to_vec())).err().unwrap();
    assert!(matches!(error, CaptureError::Compressed { kind: "zstd", .. }), "{error}");
    assert!(error.to_string().contains("memory"), "{error}");
}
