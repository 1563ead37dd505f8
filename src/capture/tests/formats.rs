//! Every variant of the formats, and what writers get wrong without harm.

use super::build::*;
use super::{Seen, read};
use crate::capture::{Reader, Secret};
use crate::model::{Input, InputFormat};
use pcap_file::Endianness::{self, Big, Little};
use std::io::Cursor;

const ETHERNET: u16 = 1;
const BASE: u64 = 1_700_000_000;

fn two() -> [Packet; 2] {
    [
        Packet { nanos: BASE * 1_000_000_000 + 123_456_789, data: vec![1, 2, 3, 4, 5], wire_length: 5 },
        Packet { nanos: (BASE + 1) * 1_000_000_000, data: vec![6; 60], wire_length: 1514 },
    ]
}

fn proper(input: &Input) {
    assert_eq!((input.complete, input.problem.as_deref()), (true, None));
}

fn summary(seen: &[Seen]) -> Vec<(i64, u8, u16, usize, u32)> {
    seen.iter().map(|f| (f.nanos, f.digits, f.link_type, f.data.len(), f.wire_length)).collect()
}

#[test]
fn classic_in_both_orders_and_all_magics() {
    for order in [Little, Big] {
        for (magic, first, digits) in [(MICROS, 123_456_000, 6), (MODIFIED, 123_456_000, 6), (NANOS, 123_456_789, 9)] {
            let (seen, input) = read(&Variant { order, magic, ..Variant::PLAIN }.file(&two()));
            let base = 1_700_000_000_000_000_000;
            let expected = [(base + first, digits, 1, 5, 5), (base + 1_000_000_000, digits, 1, 60, 1514)];
            assert_eq!(summary(&seen), expected, "{order:?} {magic:x}");
            assert_eq!(seen[0].data, two()[0].data);
            proper(&input);
            assert_eq!(input.format, Some(InputFormat::Pcap));
            assert_eq!((input.first.unwrap().nanos(), input.last.unwrap().nanos()), (seen[0].nanos, seen[1].nanos));
            assert_eq!((input.snap_length, &*input.link_types, input.dropped), (Some(262_144), &[1][..], None));
        }
    }
}

#[test]
fn classic_link_type_is_the_lower_half_of_its_field() {
    // FCS length 4 (0x4000_0000), its flag (0x0400_0000).
    let (seen, input) = read(&Variant { link_type: 0x4400_0071, ..Variant::PLAIN }.file(&two()));
    assert_eq!((seen[0].link_type, &*input.link_types), (113, &[113][..]));
}

#[test]
fn classic_fields_that_contradict_each_other() {
    for snap_length in [0, 3] {
        let (seen, input) = read(&Variant { snap_length, ..Variant::PLAIN }.file(&two()));
        assert_eq!(seen.len(), 2);
        proper(&input);
        assert_eq!(input.snap_length, (snap_length > 0).then_some(snap_length));
    }
    let mut late = Variant::PLAIN.file(&[Packet::at(BASE, &[7; 20])]);
    late[28..32].copy_from_slice(&2_500_000u32.to_le_bytes());
    late[36..40].copy_from_slice(&4u32.to_le_bytes());
    let (seen, input) = read(&late);
    assert_eq!(summary(&seen), [(1_700_000_002_500_000_000, 6, 1, 20, 20)]);
    proper(&input);
}

#[test]
fn a_header_and_no_packet() {
    for file in [pcap(&[]), pcapng(&[])] {
        let (seen, input) = read(&file);
        proper(&input);
        assert_eq!((seen.len(), input.first, input.last), (0, None, None));
        assert_eq!(&*input.link_types, [1]);
    }
}

#[test]
fn packets_of_any_size() {
    let packets = [0, 1, 200_000, 262_144, 3, 1_000_000, 60].map(|size| Packet::at(BASE, &vec![9; size]));
    for file in [pcap(&packets), pcapng(&packets)] {
        let (seen, input) = read(&file);
        assert_eq!(seen.iter().map(|f| f.data.clone()).collect::<Vec<_>>(), packets.clone().map(|p| p.data));
        proper(&input);
    }
}

#[test]
fn pcapng_default_time_is_microseconds() {
    let (seen, input) = read(&pcapng(&two()));
    assert_eq!((seen[0].nanos, seen[0].digits), (1_700_000_000_123_456_000, 6));
    assert_eq!(seen[1].wire_length, 1514);
    assert_eq!((input.format, input.snap_length), (Some(InputFormat::Pcapng), Some(262_144)));
    proper(&input);
}

#[test]
fn pcapng_resolutions_and_offset() {
    for order in [Little, Big] {
        for (resolution, per_second, digits) in
            [(9u8, 1_000_000_000u64, 9), (3, 1000, 3), (0x94, 1 << 20, 9), (0, 1, 0)]
        {
            let offset = if order == Big { BASE.to_be_bytes() } else { BASE.to_le_bytes() };
            let options = [option(order, 9, &[resolution]), option(order, 14, &offset), option(order, 0, &[])].concat();
            let file = [
                section(order, &[]),
                interface(order, ETHERNET, 0, &options),
                enhanced(order, 0, 5 * per_second, &[1, 2, 3], 3),
            ];
            let (seen, input) = read(&file.concat());
            let time = 1_700_000_005_000_000_000;
            assert_eq!(summary(&seen), [(time, digits, ETHERNET, 3, 3)], "{resolution:#x}");
            proper(&input);
            assert_eq!(input.snap_length, None);
        }
    }
}

#[test]
fn pcapng_sections_in_both_orders_with_interfaces_of_their_own() {
    let file = [
        section(Little, &option(Little, 1, &[0xff, 0xfe, 0x80])),
        interface(Little, 113, 100, &option(Little, 2, &[0xc3, 0x28])),
        interface(Little, 276, 90, &[]),
        enhanced(Little, 1, BASE * 1_000_000, &[1], 1),
        section(Big, &[]),
        interface(Big, ETHERNET, 0, &option(Big, 9, &[9])),
        enhanced(Big, 0, BASE * 1_000_000_000, &[2, 3], 2),
    ];
    let (seen, input) = read(&file.concat());
    let time = 1_700_000_000_000_000_000;
    assert_eq!(summary(&seen), [(time, 6, 276, 1, 1), (time, 9, ETHERNET, 2, 2)]);
    assert_eq!((&*input.link_types, input.snap_length), (&[113, 276, 1][..], Some(90)));
    proper(&input);
}

#[test]
fn pcapng_simple_and_obsolete_packets() {
    let order = Big;
    let mut obsolete = u16s(order, &[1, 77]);
    obsolete.extend(u32s(order, &[0, 5_000_000, 4, 9, 0x0102_0304]));
    let simple = [u32s(order, &[100]), vec![8; 12]].concat();
    let file = [
        section(order, &[]),
        interface(order, ETHERNET, 10, &[]),
        interface(order, 113, 0, &[]),
        block(order, 3, &simple),
        block(order, 2, &obsolete),
        block(order, 3, &simple),
    ];
    let (seen, input) = read(&file.concat());
    let time = 5_000_000_000;
    assert_eq!(summary(&seen), [(0, 0, ETHERNET, 10, 100), (time, 6, 113, 4, 9), (time, 6, ETHERNET, 10, 100)]);
    assert_eq!(seen[1].data, [1, 2, 3, 4]);
    assert_eq!((input.first, input.last), (input.last, input.first));
    assert_eq!(input.first.unwrap().nanos(), time);
    proper(&input);
}

fn statistics(order: Endianness, interface: u32, drops: u64) -> Vec<u8> {
    let value = if order == Big { drops.to_be_bytes() } else { drops.to_le_bytes() };
    let options = [option(order, 4, &[9; 8]), option(order, 5, &value), option(order, 0, &[])];
    block(order, 5, &[u32s(order, &[interface, 0, 0]), options.concat()].concat())
}

#[test]
fn pcapng_drops_are_those_of_the_last_statistics_of_each_interface() {
    let no_count = block(Little, 5, &u32s(Little, &[0, 0, 0]));
    let start = [section(Little, &[]), interface(Little, 1, 0, &[]), interface(Little, 1, 0, &[]), no_count].concat();
    assert_eq!(read(&start).1.dropped, None);
    let rest = [
        statistics(Little, 0, 3),
        statistics(Little, 0, 5),
        statistics(Little, 1, 10),
        statistics(Little, 9, 1000),
        section(Big, &[]),
        interface(Big, 1, 0, &[]),
        statistics(Big, 0, 100),
    ];
    let (_, input) = read(&[start, rest.concat()].concat());
    assert_eq!(input.dropped, Some(115));
    proper(&input);
}

#[test]
fn pcapng_unknown_blocks_are_passed_over() {
    for size in [0, 4, 1_000_000] {
        let file = [
            section(Little, &[]),
            interface(Little, 1, 0, &[]),
            block(Little, 0x0bad, &vec![5; size]),
            enhanced(Little, 0, 1, &[1], 1),
            block(Little, 0x8000_0001, &vec![5; size]),
        ];
        let (seen, input) = read(&file.concat());
        assert_eq!(seen.len(), 1);
        proper(&input);
    }
}

#[test]
fn pcapng_packet_of_an_interface_that_is_not_described() {
    let start = [section(Little, &[]), enhanced(Little, 0, 1, &[1], 1)].concat();
    let file = [start, interface(Little, 113, 0, &[]), enhanced(Little, 7, 2_000_000, &[1], 1)].concat();
    let (seen, input) = read(&file);
    assert_eq!(summary(&seen), [(1000, 6, u16::MAX, 1, 1), (2_000_000_000, 6, 113, 1, 1)]);
    assert!(input.complete);
    assert_eq!(
        input.problem.unwrap(),
        "packet 1 names interface 0, which the file does not describe: read as if of the first"
    );
}

#[test]
fn pcapng_options_that_do_not_fit_are_left_alone() {
    let broken = [option(Little, 9, &[9]), u16s(Little, &[14, 60_000])].concat();
    let file = [section(Little, &[]), interface(Little, 1, 0, &broken), enhanced(Little, 0, 77, &[1], 1)];
    let (seen, input) = read(&file.concat());
    assert_eq!((seen[0].nanos, seen[0].digits), (77, 9));
    proper(&input);
}

#[test]
fn pcapng_secrets_are_kept_and_names_passed_over() {
    for order in [Little, Big] {
        let keys = b"CLIENT_RANDOM 00 \xff\n";
        let secrets = [u32s(order, &[0x544c_534b, keys.len() as u32]), keys.to_vec()].concat();
        let names = [option(order, 1, b"\x0a\x00\x00\x01alpha.acme.example\0alpha\0"), option(order, 0, &[])];
        let file = [section(order, &[]), block(order, 10, &secrets), block(order, 4, &names.concat())].concat();
        let mut reader = Reader::from_reader("test", Cursor::new(file)).unwrap();
        assert!(reader.next(0).is_none());
        assert_eq!(reader.secrets(), [Secret { kind: 0x544c_534b, data: keys.to_vec() }]);
        assert_eq!(format!("{:?}", reader.secrets()), "[Secret { kind: 0x544c534b, 19 bytes }]");
        proper(reader.input());
    }
}

#[test]
fn pcapng_secrets_are_bounded() {
    let secrets = [u32s(Little, &[1, 6 << 20]), vec![1; 6 << 20]].concat();
    let mut file = section(Little, &[]);
    for _ in 0..3 {
        file.extend(block(Little, 10, &secrets));
    }
    let mut reader = Reader::from_reader("test", Cursor::new(file)).unwrap();
    assert!(reader.next(0).is_none());
    assert_eq!(reader.secrets().len(), 2);
    assert!(reader.input().complete && reader.input().problem.is_some());
}
