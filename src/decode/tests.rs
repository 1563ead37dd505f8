//! Tests of the decoder as a whole; its parts are tested beside their code where the table of frames is too coarse.

use super::*;
use crate::model::Stamp;
use frames::{Case, Expect, PAYLOAD, PORTS, SEQUENCE, cases};
use proptest::prelude::*;

#[path = "../../tests/frames/mod.rs"]
pub(super) mod frames;

/// A flag of TCP that the decoder hands on and nobody asks for.
const PUSH: u8 = 0x08;

pub(super) fn frame(link_type: u16, data: &[u8], wire_length: usize) -> Frame<'_> {
    Frame { at: Stamp::default(), link_type, data, wire_length: wire_length as u32 }
}

/// Decodes one frame alone, all of it captured.
pub(super) fn alone<T>(link_type: u16, data: &[u8], look: impl FnOnce(Packet<'_>) -> T) -> T {
    look(Decoder::new().decode(&frame(link_type, data, data.len())))
}

/// The segment in a frame of Ethernet.
pub(super) fn with_segment<T>(data: &[u8], look: impl FnOnce(Segment<'_>) -> T) -> T {
    alone(1, data, |packet| match packet {
        Packet::Tcp(segment) => look(segment),
        other => panic!("no segment: {other:?}"),
    })
}

fn check(case: &Case) {
    alone(case.link_type, &case.bytes, |packet| match (case.expect, packet) {
        (Expect::Tcp, Packet::Tcp(segment)) => {
            assert_eq!((segment.source_port, segment.destination_port), PORTS, "{}", case.name);
            assert_eq!((segment.sequence, segment.payload), (SEQUENCE, PAYLOAD), "{}", case.name);
            assert_eq!(segment.payload_length as usize, PAYLOAD.len(), "{}", case.name);
            assert_eq!(segment.ip.source.is_ipv4(), segment.ip.id.is_some() && segment.ip.ttl == 64, "{}", case.name);
        }
        (Expect::Udp, Packet::Udp(datagram)) => {
            assert_eq!((datagram.source_port, datagram.destination_port), PORTS, "{}", case.name);
            assert_eq!((datagram.payload, datagram.payload_length as usize), (PAYLOAD, PAYLOAD.len()), "{}", case.name);
        }
        (Expect::Icmp, Packet::IcmpError(error)) => {
            let quoted = error.quoted.unwrap_or_else(|| panic!("{}: nothing quoted", case.name));
            assert_eq!((quoted.source.port, quoted.destination.port), PORTS, "{}", case.name);
        }
        (Expect::Other(reason), packet) => assert_eq!(packet, Packet::Other(reason), "{}", case.name),
        (expect, packet) => panic!("{}: expected {expect:?}, got {packet:?}", case.name),
    });
}

#[test]
fn every_encapsulation_is_followed() {
    cases().iter().for_each(check);
}

/// How much a packet says: first what it is, then how much of it there is.
fn facts(packet: &Packet<'_>, whole: &Case) -> (u8, usize) {
    match packet {
        Packet::Other(_) => (0, 0),
        Packet::Udp(datagram) if whole.expect != Expect::Udp => (1, datagram.payload.len()),
        Packet::Udp(datagram) => (2, datagram.payload.len()),
        Packet::Tcp(segment) => {
            let options = [segment.options.mss.is_some(), segment.options.window_scale.is_some()];
            (2, segment.payload.len() + options.into_iter().filter(|&known| known).count())
        }
        Packet::IcmpError(error) => (2, usize::from(error.mtu.is_some()) + usize::from(error.quoted.is_some())),
    }
}

#[test]
fn a_longer_frame_never_says_less() {
    for case in cases() {
        let mut before = (0, 0);
        for length in 0..=case.bytes.len() {
            let mut decoder = Decoder::new();
            let packet = decoder.decode(&frame(case.link_type, &case.bytes[..length], case.bytes.len()));
            let now = facts(&packet, &case);
            assert!(now >= before, "{} cut to {length}: {now:?} after {before:?}, {packet:?}", case.name);
            before = now;
        }
    }
}

/// What was cut shows in the length, and the length is that of the whole packet.
#[test]
fn a_cut_shows() {
    for case in cases().into_iter().filter(|case| case.expect == Expect::Tcp) {
        let payload = case.bytes.windows(PAYLOAD.len()).position(|bytes| bytes == PAYLOAD).unwrap();
        let length = payload + 9;
        let mut decoder = Decoder::new();
        match decoder.decode(&frame(case.link_type, &case.bytes[..length], case.bytes.len())) {
            Packet::Tcp(segment) => {
                assert_eq!(segment.payload_length as usize, PAYLOAD.len(), "{}", case.name);
                assert_eq!(segment.payload, &PAYLOAD[..9], "{}", case.name);
                assert_eq!(tcp_checksum_ok(&segment), None, "{}", case.name);
            }
            other => panic!("{}: {other:?}", case.name),
        }
    }
}

#[test]
fn too_many_layers_end() {
    let tags = [0, 7, 0x81, 0].repeat(100);
    assert_eq!(alone(1, &frames::ethernet(0x8100, &tags), |packet| facts_reason(&packet)), reason::TOO_DEEP);
    let mut packet = frames::packet();
    for _ in 0..100 {
        packet = frames::ipv4(4, &packet);
    }
    assert_eq!(alone(101, &packet, |packet| facts_reason(&packet)), reason::TOO_DEEP);
}

fn facts_reason(packet: &Packet<'_>) -> &'static str {
    match packet {
        Packet::Other(reason) => reason,
        packet => panic!("{packet:?}"),
    }
}

#[test]
fn the_header_of_ip_is_told() {
    with_segment(&frames::case("Ethernet").bytes, |segment| {
        let ip = segment.ip;
        assert_eq!((ip.source.to_string().as_str(), ip.destination.to_string().as_str()), ("10.0.0.1", "10.0.0.2"));
        assert_eq!((ip.ttl, ip.id, ip.dont_fragment), (64, Some(0x1234), true));
        assert_eq!((segment.flags, segment.window, segment.acknowledgement), (PUSH | flags::ACK, 0x2000, 9));
        assert_eq!(segment.raw, frames::tcp());
    });
    with_segment(&frames::case("Ethernet, IPv6").bytes, |segment| {
        let ip = segment.ip;
        assert_eq!(
            (ip.source.to_string().as_str(), ip.destination.to_string().as_str()),
            ("2001:db8::1", "2001:db8::2")
        );
        assert_eq!((ip.ttl, ip.id, ip.dont_fragment), (63, None, true));
    });
    with_segment(&frames::case("atomic fragment").bytes, |segment| assert_eq!(segment.ip.id, Some(9)));
}

/// An IP length beyond the frame is believed; a frame cut in flight shows like a cut capture.
#[test]
fn a_total_length_beyond_the_frame() {
    let mut bytes = frames::case("Ethernet").bytes;
    bytes[16] = 2;
    with_segment(&bytes, |segment| {
        assert_eq!((segment.payload, segment.payload_length), (PAYLOAD, 0x200 + 53 - 40));
        assert_eq!(tcp_checksum_ok(&segment), None);
    });
}

#[test]
fn damage_has_its_reason() {
    let other = |bytes: &[u8]| alone(1, bytes, |packet| facts_reason(&packet));
    let good = frames::case("Ethernet").bytes;
    let with = |changes: &[(usize, u8)]| {
        let mut bytes = good.clone();
        for &(at, value) in changes {
            bytes[at] = value;
        }
        bytes
    };
    assert_eq!(other(&good[..10]), reason::LINK_CUT);
    assert_eq!(other(&good[..30]), reason::IPV4_CUT);
    assert_eq!(other(&good[..50]), reason::TCP_CUT);
    assert_eq!(other(&with(&[(14, 0x44)])), reason::IPV4_DAMAGED);
    assert_eq!(other(&with(&[(16, 0), (17, 19)])), reason::IPV4_DAMAGED);
    assert_eq!(other(&with(&[(16, 0), (17, 39)])), reason::TCP_DAMAGED);
    assert_eq!(other(&with(&[(14, 0x75)])), reason::NOT_IP);
    let udp = frames::case("UDP").bytes;
    assert_eq!(other(&udp[..40]), reason::UDP_CUT);
    let mut short = udp.clone();
    short[39] = 7;
    assert_eq!(other(&short), reason::UDP_DAMAGED);
}

/// A tunnel's port on a datagram that is none, and a tunnel with nothing useful inside, leave the datagram.
#[test]
fn a_datagram_that_is_no_tunnel_stays() {
    let arp = frames::join(&[&[8, 0, 0, 0, 0, 0, 1, 0], &frames::ethernet(0x0806, &[0; 28])]);
    for (port, payload) in [(4789, arp.as_slice()), (2152, b"not GTP at all"), (6081, b"?"), (3544, b"")] {
        let bytes = frames::ethernet(0x0800, &frames::ipv4(17, &frames::udp(55_000, port, payload)));
        alone(1, &bytes, |packet| match packet {
            Packet::Udp(datagram) => assert_eq!((datagram.destination_port, datagram.payload), (port, payload)),
            other => panic!("{port}: {other:?}"),
        });
    }
}

/// Frames: the good ones, those with some bytes changed, cut ones, and noise behind an Ethernet header.
fn any_frame() -> impl Strategy<Value = (u16, Vec<u8>, usize)> {
    let table = cases();
    let count = table.len();
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    let from_table =
        (0..count, changes, any::<prop::sample::Index>(), 0..3_u8).prop_map(move |(case, changes, cut, how)| {
            let Case { link_type, mut bytes, .. } = table[case].clone();
            let wire = bytes.len();
            for (at, value) in changes {
                *at.get_mut(&mut bytes) = value;
            }
            if how == 0 {
                bytes.truncate(cut.index(wire + 1));
            }
            (if how == 1 { 1 } else { link_type }, bytes, wire)
        });
    let plain = (prop::collection::vec(any::<u8>(), 0..80), 0..5_u8).prop_map(|(mut noise, how)| {
        let header: &[(usize, u8)] =
            &[(12, 8), (13, 0), (14, 0x45), (20, 0x40), (21, 0), (23, if how % 2 == 0 { 6 } else { 17 })];
        for &(at, value) in header {
            if let Some(byte) = noise.get_mut(at) {
                *byte = value;
            }
        }
        if how < 4 && noise.len() > 46 {
            (noise[16], noise[46]) = (0, 0x50);
        }
        let wire = noise.len();
        (1, noise, wire)
    });
    prop_oneof![3 => from_table, 2 => plain]
}

/// Every value of every byte of a plain frame's headers.
#[test]
fn the_short_path_agrees_on_every_byte() {
    let mut plain = 0;
    for name in ["Ethernet", "UDP", "TCP options", "VXLAN"] {
        let good = frames::case(name).bytes;
        for at in 0..good.len().min(70) {
            for value in 0..=255 {
                let mut bytes = good.clone();
                bytes[at] = value;
                let frame = frame(1, &bytes, bytes.len());
                if let Some(packet) = fast::packet(&frame) {
                    assert_eq!(packet, Decoder::new().decode_fully(&frame), "{name}: byte {at} is {value}");
                    plain += 1;
                }
            }
        }
    }
    assert!(plain > 30_000, "{plain}");
}

fn leads_inward(udp: &etherparse::UdpSlice<'_>) -> bool {
    const TUNNELS: [u16; 8] = [2152, 3544, 4789, 4790, 5072, 6081, 6635, 8472];
    TUNNELS.contains(&udp.destination_port()) || TUNNELS.contains(&udp.source_port())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_short_path_agrees_with_the_full_one((link_type, bytes, wire) in any_frame()) {
        let frame = frame(link_type, &bytes, wire);
        let mut decoder = Decoder::new();
        if let Some(packet) = fast::packet(&frame) {
            prop_assert_eq!(packet, decoder.decode_fully(&frame));
        }
    }

    /// Nothing panics, and every reason is in the list.
    #[test]
    fn any_frame_is_decoded((link_type, bytes, wire) in any_frame()) {
        match Decoder::new().decode(&frame(link_type, &bytes, wire)) {
            Packet::Other(reason) => prop_assert!(reason::ALL.contains(&reason)),
            Packet::Tcp(segment) => {
                prop_assert!(segment.payload.len() <= segment.payload_length as usize);
                tcp_checksum_ok(&segment);
            }
            Packet::Udp(datagram) => prop_assert!(datagram.payload.len() <= datagram.payload_length as usize),
            Packet::IcmpError(_) => {}
        }
    }

    /// Noise on every link type: nothing panics.
    #[test]
    fn noise_is_decoded(link_type in prop_oneof![0..300_u16, any::<u16>()], bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        Decoder::new().decode(&frame(link_type, &bytes, bytes.len()));
    }

    /// etherparse follows plain frames too; where it finds TCP or UDP, so do we, and the same.
    #[test]
    fn etherparse_agrees((link_type, bytes, wire) in any_frame()) {
        prop_assume!(link_type == 1);
        let mut decoder = Decoder::new();
        let ours = decoder.decode_fully(&frame(1, &bytes, wire));
        let Ok(theirs) = etherparse::LaxSlicedPacket::from_ethernet(&bytes) else { return Ok(()) };
        match theirs.transport {
            Some(etherparse::TransportSlice::Tcp(tcp)) => match ours {
                Packet::Tcp(segment) => {
                    prop_assert_eq!((segment.source_port, segment.destination_port), (tcp.source_port(), tcp.destination_port()));
                    prop_assert_eq!((segment.sequence, segment.acknowledgement), (tcp.sequence_number(), tcp.acknowledgment_number()));
                    prop_assert_eq!((segment.window, segment.payload), (tcp.window_size(), tcp.payload()));
                }
                // etherparse takes the rest of the frame where the total length is below that of the header.
                Packet::Other(reason) => prop_assert_eq!(reason, reason::IPV4_DAMAGED),
                other => prop_assert!(false, "{:?}", other),
            },
            // Ours is the datagram inside, where a tunnel's port leads inward; etherparse stays outside.
            Some(etherparse::TransportSlice::Udp(udp)) if !leads_inward(&udp) => {
                if let Packet::Udp(datagram) = ours {
                    prop_assert_eq!((datagram.source_port, datagram.destination_port), (udp.source_port(), udp.destination_port()));
                    prop_assert!(datagram.payload == udp.payload());
                }
            }
            _ => {}
        }
    }
}
