//! Fragments of IPv4 (RFC 791) and IPv6 (RFC 8200 4.5), kept until their packet is whole. Bounded in packets, bytes
//! and time; what is given up is counted. Where fragments overlap, the first copy wins.

use super::ip::Network;
use super::span::Span;
use crate::model::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// Packets waiting at a time.
const MAX_PACKETS: usize = 1024;
/// Bytes kept for all of them.
const MAX_BYTES: usize = 4 << 20;
/// The largest IP packet there is.
const MAX_PACKET: usize = 65_535;
/// How long the other fragments may take, in nanoseconds of packet time (Linux waits as long).
const MAX_WAIT: i64 = 30_000_000_000;
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
    pub payload: Span<'a>,
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

/// Packets of which some fragments are here.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: HashMap<Key, Partial>,
    /// Keys by the time at which their first fragment came.
    order: BTreeMap<u64, Key>,
    begun: u64,
    bytes: usize,
    lost: u64,
}

impl Fragments {
    /// Takes a fragment, and gives the packet's payload if it is whole now.
    pub(super) fn add(&mut self, fragment: &Fragment<'_>, vlan: u16, now: Timestamp) -> Option<(Network, Vec<u8>)> {
        self.expire(now);
        let key = Key::of(fragment, vlan);
        let piece = Piece::of(fragment);
        let Some(piece) = piece.filter(|piece| self.waiting.get(&key).is_none_or(|partial| partial.fits(piece))) else {
            self.give_up_one();
            return None;
        };
        let partial = self.waiting.entry(key).or_insert_with(|| {
            self.begun = self.begun.saturating_add(1);
            self.order.insert(self.begun, key);
            Partial::new(self.begun, now)
        });
        self.bytes = self.bytes.saturating_sub(partial.cost());
        partial.add(&piece, fragment.network);
        self.bytes = self.bytes.saturating_add(partial.cost());
        if partial.is_whole() {
            return self.remove(key).and_then(Partial::into_packet);
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

    fn remove(&mut self, key: Key) -> Option<Partial> {
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
struct Partial {
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
}

impl Partial {
    fn new(number: u64, since: Timestamp) -> Self {
        Self { number, since, fragments: 0, network: None, data: vec![], have: vec![], filled: 0, ends: false }
    }

    fn cost(&self) -> usize {
        self.data.len().saturating_add(self.have.len())
    }

    /// The end of the packet, once known, stands; nothing may lie beyond it.
    fn fits(&self, piece: &Piece<'_>) -> bool {
        let beyond_end = self.ends && piece.end() > self.data.len();
        let ends_too_early = piece.last && piece.end() < self.data.len();
        !beyond_end && !ends_too_early
    }

    fn add(&mut self, piece: &Piece<'_>, network: Network) {
        self.fragments = self.fragments.saturating_add(1);
        self.ends |= piece.last;
        if piece.offset == 0 && self.network.is_none() {
            self.network = Some(network);
        }
        if piece.end() > self.data.len() {
            self.data.resize(piece.end(), 0);
            self.have.resize(piece.end().div_ceil(BLOCK), false);
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

    fn is_whole(&self) -> bool {
        self.ends && self.filled == self.have.len()
    }

    fn into_packet(self) -> Option<(Network, Vec<u8>)> {
        Some((self.network?, self.data))
    }
}
