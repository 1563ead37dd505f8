//! pcap-parser as an outside judge: other code, same frames.

use super::build::*;
use super::{Chunked, Seen, drain, read};
use crate::capture::Reader;
use pcap_file::Endianness::{self, Big, Little};
use pcap_parser::{Block, PcapBlockOwned, create_reader};
use proptest::prelude::*;
use std::io::Cursor;

/// Data and lengths on the wire as pcap-parser sees them, up to the first error.
pub(in crate::capture) fn judged(bytes: &[u8]) -> Vec<(Vec<u8>, u32)> {
    let mut frames = Vec::new();
    // A buffer for everything: the first read fills it, and "incomplete" means the end.
    let Ok(mut reader) = create_reader(bytes.len() + 65_536, Cursor::new(bytes.to_vec())) else { return frames };
    while let Ok((offset, block)) = reader.next() {
        frames.extend(frame(&block));
        reader.consume(offset);
    }
    frames
}

fn frame(block: &PcapBlockOwned<'_>) -> Option<(Vec<u8>, u32)> {
    let (data, captured, wire) = match block {
        PcapBlockOwned::Legacy(b) => (b.data, b.caplen, b.origlen),
        PcapBlockOwned::NG(Block::EnhancedPacket(b)) => (b.data, b.caplen, b.origlen),
        PcapBlockOwned::NG(Block::SimplePacket(b)) => (b.data, b.origlen, b.origlen),
        _ => return None,
    };
    // pcap-parser leaves the padding on.
    let data = data.get(..captured as usize).unwrap_or(data);
    Some((data.to_vec(), wire))
}

pub(super) fn delivered(seen: &[Seen]) -> Vec<(Vec<u8>, u32)> {
    seen.iter().map(|f| (f.data.clone(), f.wire_length)).collect()
}

fn packet() -> impl Strategy<Value = Packet> + Clone {
    let data = proptest::collection::vec(any::<u8>(), 0..200);
    (0u64..4_000_000_000_000_000_000, data, 0u32..2000).prop_map(|(nanos, data, more)| {
        let wire_length = data.len() as u32 + more;
        Packet { nanos, data, wire_length }
    })
}

/// A file in one of many variants, and the nanoseconds that a unit of its clock has.
fn file() -> impl Strategy<Value = (Vec<Packet>, Vec<u8>, u64)> {
    let packets = proptest::collection::vec(packet(), 0..20);
    let order = prop_oneof![Just(Little), Just(Big)];
    // pcap-parser knows the modified format in little endian only.
    let known = |(order, magic): &(Endianness, u32)| *magic != MODIFIED || order.is_little();
    let magic = prop_oneof![Just(MICROS), Just(NANOS), Just(MODIFIED)];
    let classic = (packets.clone(), (order.clone(), magic).prop_filter("unknown to the judge", known)).prop_map(
        |(packets, (order, magic))| {
            let file = Variant { order, magic, ..Variant::PLAIN }.file(&packets);
            (packets, file, if magic == NANOS { 1 } else { 1000 })
        },
    );
    let blocks = (packets, order, 0u8..=9, any::<bool>()).prop_map(|(packets, order, digits, unknown_blocks)| {
        let unit = 10u64.pow(9 - u32::from(digits));
        let mut file = [section(order, &[]), interface(order, 1, 0, &option(order, 9, &[digits]))].concat();
        for packet in &packets {
            file.extend(enhanced(order, 0, packet.nanos / unit, &packet.data, packet.wire_length));
            if unknown_blocks {
                // Never empty: pcap-parser takes a block of 12 bytes for an error.
                file.extend(block(order, 0x0bad, &[&packet.data[..], &[0]].concat()));
            }
        }
        (packets, file, unit)
    });
    prop_oneof![classic, blocks]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_judge_sees_the_same((packets, file, unit) in file()) {
        let (seen, input) = read(&file);
        prop_assert!(input.complete && input.problem.is_none());
        let written: Vec<_> = packets.iter().map(|p| (p.data.clone(), p.wire_length)).collect();
        prop_assert_eq!(delivered(&seen), written);
        prop_assert_eq!(delivered(&seen), judged(&file));
        let times: Vec<_> = packets.iter().map(|p| (p.nanos - p.nanos % unit) as i64).collect();
        prop_assert_eq!(seen.iter().map(|f| f.nanos).collect::<Vec<_>>(), times);
    }

    #[test]
    fn pieces_of_any_size_give_the_same((_, file, _) in file(), sizes in proptest::collection::vec(1usize..100, 1..6)) {
        let mut chunked = Reader::from_reader("test", Chunked::new(&file, sizes)).unwrap();
        prop_assert_eq!(drain(&mut chunked), read(&file));
    }
}
