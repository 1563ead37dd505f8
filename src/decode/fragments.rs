//! Fragments of IPv4 (RFC 791) and IPv6 (RFC 8200 4.5), kept until their packet is whole. Bounded in packets, bytes
//! and time; what is given up is counted. Where fragments overlap, the first copy wins; if they differ, the other version is kept
//! beside it, for hosts differ in what they take (and newer ones drop the packet: RFC 5722, RFC 8200 4.5).

use super::captured::Captured;
use super::network::Network;
use crate::model::{OtherVersion, Span, Stamp, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// Packets waiting at a time.
const MAX_PACKETS: usize = 1024;
/// Bytes kept for all of them.
const MAX_BYTES: usize = 4 << 20;
/// The largest IP packet there is.
const MAX_PACKET: usize = 65_535;
/// How long the other fragments may take, in packet time (Linux waits as long).
const MAX_WAIT: Span = Span::from_secs(30);
/// Fragments of a packet whose frames are noted.
const NOTED: usize = 64;
/// Fragments begin at multiples of this many bytes.
const BLOCK: usize = 8;

/// A fragment on its way to the table.
#[derive(Debug)]
pub(super) struct Fragment<'a> {
    pub network: Network,
    pub id: u32,
    /// Bytes from the start of the packet's payload.
    pub offset: usize,
    /// It is not the last one.
    pub more: bool,
    pub payload: Captured<'a>,
}

impl Fragment<'_> {
    /// The capture cut the first fragment: the packet will never be whole, but its header may be there.
    pub(super) fn is_cut_first(&self) -> bool {
        self.offset == 0 && self.payload.is_cut()
    }
}

/// What fragments of one packet have in common. A mirror port may show a packet in two VLANs, hence the tag. The
/// protocol counts in IPv4 only: in IPv6 each fragment may name another one, and that of the first is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    id: u32,
    protocol: u8,
    vlan: u16,
}

impl Key {
    fn of(fragment: &Fragment<'_>, vlan: u16) -> Self {
        let Network { info, protocol, .. } = fragment.network;
        let protocol = if info.source.is_ipv4() { protocol } else { 0 };
        Self { source: info.source, destination: info.destination, id: fragment.id, protocol, vlan }
    }
}

/// The payload of a packet that was put together.
#[derive(Debug, Default)]
pub(super) struct Whole {
    pub bytes: Vec<u8>,
    /// What else it may say.
    pub other: Option<OtherVersion>,
}

/// Packets of which some fragments are here.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: HashMap<Key, PartialPacket>,
    /// Keys by the time at which their first fragment came.
    order: BTreeMap<u64, Key>,
    begun: u64,
    bytes: usize,
    lost: u64,
}

impl Fragments {
    /// Takes a fragment, and gives the packet's payload if it is whole now.
    pub(super) fn add(&mut self, fragment: &Fragment<'_>, vlan: u16, now: Stamp) -> Option<(Network, Whole)> {
        self.expire(now.time);
        let key = Key::of(fragment, vlan);
        let piece = Piece::of(fragment);
        let Some(piece) = piece.filter(|piece| self.waiting.get(&key).is_none_or(|partial| partial.fits(piece))) else {
            self.give_up_one();
            return None;
        };
        let partial = self.waiting.entry(key).or_insert_with(|| {
            self.begun = self.begun.saturating_add(1);
            self.order.insert(self.begun, key);
            PartialPacket::new(self.begun, now.time)
        });
        self.bytes = self.bytes.saturating_sub(partial.cost());
        partial.add(&piece, fragment.network, now);
        self.bytes = self.bytes.saturating_add(partial.cost());
        if partial.is_whole() {
            return self.remove(key).and_then(PartialPacket::into_packet);
        }
        self.make_room();
        None
    }

    /// Fragments that were given up, and those that are still waiting.
    pub(super) fn lost(&self) -> u64 {
        self.waiting.values().fold(self.lost, |sum, partial| sum.saturating_add(partial.fragments))
    }

    /// Counts a fragment that cannot be kept.
    pub(super) fn give_up_one(&mut self) {
        self.lost = self.lost.saturating_add(1);
    }

    fn remove(&mut self, key: Key) -> Option<PartialPacket> {
        let partial = self.waiting.remove(&key)?;
        self.order.remove(&partial.number);
        self.bytes = self.bytes.saturating_sub(partial.cost());
        Some(partial)
    }

    fn expire(&mut self, now: Timestamp) {
        while let Some((_, &key)) = self.order.first_key_value() {
            if self.waiting.get(&key).is_some_and(|partial| now.since(partial.since) <= MAX_WAIT) {
                break;
            }
            self.give_up_oldest();
        }
    }

    fn make_room(&mut self) {
        while self.waiting.len() > MAX_PACKETS || self.bytes > MAX_BYTES {
            self.give_up_oldest();
        }
    }

    fn give_up_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_first()
            && let Some(partial) = self.remove(key)
        {
            self.lost = self.lost.saturating_add(partial.fragments);
        }
    }
}

/// The part of a fragment that can be used.
struct Piece<'a> {
    offset: usize,
    data: &'a [u8],
    last: bool,
}

impl<'a> Piece<'a> {
    /// Nothing if the capture cut the fragment, if it is empty, or if it goes beyond the largest packet. Only the
    /// last fragment may end elsewhere than at a multiple of 8; what another has beyond that is dropped.
    fn of(fragment: &Fragment<'a>) -> Option<Self> {
        let data = fragment.payload.data;
        let length = if fragment.more { data.len() & !(BLOCK.wrapping_sub(1)) } else { data.len() };
        let data = data.get(..length)?;
        let usable = !fragment.payload.is_cut() && length > 0 && fragment.offset.saturating_add(length) <= MAX_PACKET;
        usable.then_some(Self { offset: fragment.offset, data, last: !fragment.more })
    }

    fn end(&self) -> usize {
        self.offset.saturating_add(self.data.len())
    }
}

/// The fragments of one packet.
#[derive(Debug)]
struct PartialPacket {
    number: u64,
    since: Timestamp,
    fragments: u64,
    /// What the first fragment says of the packet.
    network: Option<Network>,
    /// The payload as far as a fragment reached.
    data: Vec<u8>,
    /// Which blocks of it are here.
    have: Vec<bool>,
    filled: usize,
    /// The last fragment is here, so `data` has its full length.
    ends: bool,
    /// Where the first fragments begin, and which frames brought them.
    brought: Vec<(usize, Stamp)>,
    /// The payload with the later copy of each byte, once two differ.
    other: Option<OtherVersion>,
}

impl PartialPacket {
    fn new(number: u64, since: Timestamp) -> Self {
        Self {
            number,
            since,
            fragments: 0,
            network: None,
            data: vec![],
            have: vec![],
            filled: 0,
            ends: false,
            brought: vec![],
            other: None,
        }
    }

    fn cost(&self) -> usize {
        let other = self.other.as_ref().map_or(0, |other| other.bytes.len());
        self.data.len().saturating_add(self.have.len()).saturating_add(other)
    }

    /// The end of the packet, once known, stands; nothing may lie beyond it.
    fn fits(&self, piece: &Piece<'_>) -> bool {
        let beyond_end = self.ends && piece.end() > self.data.len();
        let ends_too_early = piece.last && piece.end() < self.data.len();
        !beyond_end && !ends_too_early
    }

    fn add(&mut self, piece: &Piece<'_>, network: Network, at: Stamp) {
        self.fragments = self.fragments.saturating_add(1);
        self.ends |= piece.last;
        if piece.offset == 0 && self.network.is_none() {
            self.network = Some(network);
        }
        if piece.end() > self.data.len() {
            self.data.resize(piece.end(), 0);
            self.have.resize(piece.end().div_ceil(BLOCK), false);
        }
        self.compare(piece, at);
        if self.brought.len() < NOTED {
            self.brought.push((piece.offset, at));
        }
        let data = self.data.get_mut(piece.offset..).unwrap_or_default();
        let have = self.have.get_mut(piece.offset.div_ceil(BLOCK)..).unwrap_or_default();
        for ((block, have), new) in data.chunks_mut(BLOCK).zip(have).zip(piece.data.chunks(BLOCK)) {
            if !*have && block.len() == new.len() {
                block.copy_from_slice(new);
                *have = true;
                self.filled = self.filled.saturating_add(1);
            }
        }
    }

    /// Keeps the later copy of bytes that are here already, if it differs.
    fn compare(&mut self, piece: &Piece<'_>, at: Stamp) {
        let known = self.data.get(piece.offset..).unwrap_or_default().chunks(BLOCK);
        let have = self.have.get(piece.offset.div_ceil(BLOCK)..).unwrap_or_default();
        let differs = |((known, have), new): ((&[u8], &bool), &[u8])| *have && known.len() == new.len() && known != new;
        let place = known.zip(have).zip(piece.data.chunks(BLOCK)).position(differs);
        if let Some(place) = place.filter(|_| self.other.is_none()) {
            let offset = piece.offset.saturating_add(place.saturating_mul(BLOCK));
            let before = self.brought.iter().filter(|(begin, _)| *begin <= offset).max_by_key(|(begin, _)| *begin);
            let read_in = before.map(|(_, at)| at.frame);
            self.other = Some(OtherVersion { bytes: self.data.clone(), read_in, other_in: at });
        }
        if let Some(other) = &mut self.other {
            other.bytes.resize(self.data.len(), 0);
            for (to, byte) in other.bytes.iter_mut().skip(piece.offset).zip(piece.data) {
                *to = *byte;
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.ends && self.filled == self.have.len()
    }

    fn into_packet(self) -> Option<(Network, Whole)> {
        Some((self.network?, Whole { bytes: self.data, other: self.other }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{frame, frames};
    use super::super::{Decoder, Packet, reason, tcp_checksum_ok};
    use super::*;
    use crate::model::{Frame, FrameRef, Stamp};
    use proptest::prelude::*;

    const MORE: u16 = 0x2000;

    /// A part of a packet's payload as a frame of raw IPv4.
    fn part(payload: &[u8], from: usize, to: usize) -> Vec<u8> {
        let more = if to < payload.len() { MORE } else { 0 };
        frames::ipv4_with(&[], more | (from / 8) as u16, 6, &payload[from..to])
    }

    fn part_v6(payload: &[u8], from: usize, to: usize) -> Vec<u8> {
        let field = (from as u16) | u16::from(to < payload.len());
        // Only the first fragment names the right protocol.
        let next = if from == 0 { 6 } else { 17 };
        let header = frames::join(&[&[next, 0], &field.to_be_bytes(), &[1, 2, 3, 4], &payload[from..to]]);
        frames::ipv6(44, &header)
    }

    fn segment(length: usize) -> Vec<u8> {
        let data: Vec<u8> = (0..length).map(|n| n as u8).collect();
        frames::tcp_with(&[], &data)
    }

    /// What a decoder makes of the frames: the payload of the segment, or nothing.
    fn decode(decoder: &mut Decoder, bytes: &[u8]) -> Option<Vec<u8>> {
        match decoder.decode(&frame(101, bytes, bytes.len())) {
            Packet::Tcp(segment) => {
                assert_eq!(segment.payload_length as usize, segment.payload.len());
                assert!(tcp_checksum_ok(&segment).is_some());
                Some(segment.payload.to_vec())
            }
            Packet::Other(reason) => {
                assert_eq!(reason, reason::FRAGMENT);
                None
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_frame_that_completes_a_packet_gives_it() {
        for part in [part, part_v6] {
            let whole = segment(100);
            let parts = [part(&whole, 0, 40), part(&whole, 40, 80), part(&whole, 80, whole.len())];
            for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
                let mut decoder = Decoder::new();
                let got: Vec<_> = order.iter().map(|&at| decode(&mut decoder, &parts[at])).collect();
                assert_eq!(got, [None, None, Some(whole[20..].to_vec())]);
                assert_eq!(decoder.fragments_lost(), 0);
            }
        }
    }

    #[test]
    fn the_identification_of_ipv6_shows() {
        let whole = segment(30);
        let mut decoder = Decoder::new();
        decode(&mut decoder, &part_v6(&whole, 0, 40));
        match decoder.decode(&frame(101, &part_v6(&whole, 40, 50), 98)) {
            Packet::Tcp(segment) => assert_eq!((segment.ip.id, segment.ip.dont_fragment), (Some(0x0304), true)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_copy_of_a_byte_wins() {
        let first = segment(100);
        let other: Vec<u8> = first.iter().map(|byte| !byte).collect();
        let mut decoder = Decoder::new();
        assert_eq!(decode(&mut decoder, &part(&first, 0, 48)), None);
        assert_eq!(decode(&mut decoder, &part(&other, 24, 64)), None);
        let mixed = [&first[20..48], &other[48..64], &first[64..]].concat();
        assert_eq!(decode(&mut decoder, &part(&first, 40, first.len())), Some(mixed));
    }

    /// The frames of both versions are named.
    #[test]
    fn the_later_copy_of_a_byte_is_kept_beside_the_first() {
        let first = segment(100);
        let mut other = first.clone();
        other[45] = 99;
        for (part, version) in [(part as fn(&[u8], usize, usize) -> Vec<u8>, 4), (part_v6, 6)] {
            let mut decoder = Decoder::new();
            let frames = [part(&first, 0, 40), part(&first, 40, 80), part(&other, 40, 80), part(&first, 80, 120)];
            for (number, bytes) in (1..).zip(&frames) {
                let stamp = Stamp { frame: FrameRef { input: 0, number }, ..Stamp::default() };
                match decoder.decode(&Frame { at: stamp, ..frame(101, bytes, bytes.len()) }) {
                    Packet::Tcp(segment) => {
                        let said = segment.other.expect("two versions");
                        let frames = (said.read_in.map(|frame| frame.number), said.other_in.frame.number);
                        assert_eq!((number, frames), (4, (Some(2), 3)), "IPv{version}");
                        assert_eq!((segment.payload, said.payload(100)), (&first[20..], &other[20..]));
                    }
                    _ => assert_ne!(number, 4),
                }
            }
        }
    }

    /// A second end, or bytes beyond the end, are not believed.
    #[test]
    fn contradictions_about_the_end_are_given_up() {
        let whole = segment(100);
        let mut decoder = Decoder::new();
        decode(&mut decoder, &part(&whole, 80, 120));
        decode(&mut decoder, &frames::ipv4_with(&[], 8, 6, &[0; 8]));
        decode(&mut decoder, &frames::ipv4_with(&[], MORE | 0x14, 6, &[0; 8]));
        decode(&mut decoder, &frames::ipv4_with(&[], MORE | 0x1fff, 6, &[0; 16]));
        assert_eq!(decoder.fragments_lost(), 4);
        assert_eq!(decode(&mut decoder, &part(&whole, 0, 80)), Some(whole[20..].to_vec()));
        assert_eq!(decoder.fragments_lost(), 3);
    }

    #[test]
    fn a_fragment_that_the_capture_cut_is_lost() {
        let whole = segment(100);
        let mut decoder = Decoder::new();
        let last = part(&whole, 80, 120);
        assert_eq!(decoder.decode(&frame(101, &last[..40], last.len())), Packet::Other(reason::FRAGMENT));
        let first = part(&whole, 0, 80);
        match decoder.decode(&frame(101, &first[..50], first.len())) {
            Packet::Tcp(segment) => assert_eq!((segment.payload.len(), segment.payload_length), (10, 60)),
            other => panic!("{other:?}"),
        }
        assert_eq!(decoder.fragments_lost(), 2);
    }

    /// Fragments within a packet that was itself sent in fragments.
    #[test]
    fn fragments_nest() {
        let whole = segment(200);
        let mut decoder = Decoder::new();
        let mut got = vec![];
        for (from, to) in [(0, 120), (120, 220)] {
            let inner = part(&whole, from, to);
            for (from, to) in [(0, 64), (64, inner.len())] {
                let more = if to < inner.len() { MORE } else { 0 };
                let bytes = frames::ipv4_with(&[], more | (from / 8) as u16, 4, &inner[from..to]);
                got.push(decode(&mut decoder, &bytes));
            }
        }
        assert_eq!(got, [None, None, None, Some(whole[20..].to_vec())]);
    }

    fn at(seconds: i64, data: &[u8]) -> Frame<'_> {
        let stamp = Stamp { frame: FrameRef::default(), time: Timestamp::new(seconds * 1_000_000_000, 9) };
        Frame { at: stamp, ..frame(101, data, data.len()) }
    }

    #[test]
    fn fragments_expire() {
        let whole = segment(60);
        for (seconds, complete) in [(30, true), (31, false), (-5, true)] {
            let mut decoder = Decoder::new();
            decoder.decode(&at(100, &part(&whole, 0, 40)));
            assert_eq!(decoder.fragments_lost(), 1);
            let packet = matches!(decoder.decode(&at(100 + seconds, &part(&whole, 40, 80))), Packet::Tcp(_));
            assert_eq!(packet, complete, "{seconds}");
            assert_eq!(decoder.fragments_lost(), if complete { 0 } else { 2 });
        }
    }

    #[test]
    fn memory_is_bounded() {
        for offset in [0, 8000] {
            bounded(offset);
        }
    }

    /// Two fragments of each of many packets, the second at `offset`.
    fn bounded(offset: u16) {
        let mut decoder = Decoder::new();
        for id in 0..3000_u16 {
            for offset in [0, offset] {
                let mut bytes = frames::ipv4_with(&[], MORE | offset, 6, &[1; 8]);
                bytes[4..6].copy_from_slice(&id.to_be_bytes());
                decoder.decode(&frame(101, &bytes, bytes.len()));
            }
            assert!(decoder.fragments.bytes <= MAX_BYTES);
            assert!(decoder.fragments.waiting.len() <= MAX_PACKETS);
            assert_eq!(decoder.fragments.order.len(), decoder.fragments.waiting.len());
            assert_eq!(decoder.fragments_lost(), 2 * (u64::from(id) + 1));
        }
        let cost: usize = decoder.fragments.waiting.values().map(PartialPacket::cost).sum();
        assert_eq!(cost, decoder.fragments.bytes);
    }

    proptest! {
        /// Any split, in any order, with repetitions: the packet comes with the fragment that completes it, whole.
        #[test]
        fn any_split_is_put_together(
            length in 1..600_usize,
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
            order in any::<prop::sample::Index>(),
            repeat in any::<bool>(),
        ) {
            let whole = segment(length);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len()) & !7).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            cuts.dedup();
            let mut parts: Vec<_> = cuts.windows(2).map(|pair| part(&whole, pair[0], pair[1])).collect();
            let turn = order.index(parts.len());
            parts.rotate_left(turn);
            if turn % 2 == 0 {
                parts.reverse();
            }
            if repeat && parts.len() > 1 {
                parts.insert(1, parts[0].clone());
            }
            let mut decoder = Decoder::new();
            let got: Vec<_> = parts.iter().map(|part| decode(&mut decoder, part)).collect();
            let (last, before) = got.split_last().unwrap();
            prop_assert!(before.iter().all(Option::is_none));
            prop_assert_eq!(last.as_deref(), Some(&whole[20..]));
            prop_assert_eq!(decoder.fragments_lost(), 0);
        }

        /// Fragments of noise: nothing panics, the books balance.
        #[test]
        fn any_fragments_are_taken(fragments in prop::collection::vec((0..3_u8, any::<u16>(), 0..40_usize), 0..60)) {
            let mut decoder = Decoder::new();
            for (id, field, length) in fragments {
                let mut bytes = frames::ipv4_with(&[], field & 0x203f, 17, &vec![id; length]);
                bytes[5] = id;
                decoder.decode(&frame(101, &bytes, bytes.len()));
                let cost: usize = decoder.fragments.waiting.values().map(PartialPacket::cost).sum();
                prop_assert_eq!(cost, decoder.fragments.bytes);
            }
        }
    }
}
