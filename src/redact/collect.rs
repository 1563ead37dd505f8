//! What a capture says, with the place of every byte: for each direction of a connection the stream as its receiver had it, for each
//! datagram its payload. What is changed there goes back to every frame that brought a copy of it, retransmitted or in a fragment.

use crate::decode::{FragmentPlace, Headers, PayloadPlace};
use crate::model::{Datagram, Endpoint, Segment, flags};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Range;

/// Where some bytes stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// Number of the frame.
    pub(super) frame: u64,
    /// First byte in the frame.
    pub(super) at: usize,
    /// The bytes, as places in what was collected.
    pub(super) bytes: Range<usize>,
    /// The packet that was put together of fragments, if it is part of one, and where the piece begins in it.
    pub(super) whole: Option<(usize, usize)>,
    /// What a fragment says there, if that is something else than what was taken.
    pub(super) other: Option<Vec<u8>>,
}

/// A packet that was put together of fragments.
#[derive(Debug, Clone)]
pub(super) struct WholePacket {
    /// Frame of its first fragment, in which the transport header stands.
    pub(super) first: Option<u64>,
}

/// A datagram.
#[derive(Debug)]
pub(super) struct CollectedDatagram {
    pub(super) ports: (u16, u16),
    pub(super) bytes: Vec<u8>,
    pub(super) pieces: Vec<Piece>,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(super) struct Direction {
    /// Position and sequence number of what came last.
    last: Option<(u64, u32)>,
    /// All payloads, one behind the other.
    arena: Vec<u8>,
    /// Position in the stream, and the piece, whose bytes are places in the arena.
    pieces: Vec<(u64, Piece)>,
}

/// Bytes of a direction without a gap.
#[derive(Debug)]
pub(super) struct Run {
    /// Position of the first.
    pub(super) start: u64,
    pub(super) bytes: Vec<u8>,
}

/// A connection: by the endpoint that sent its first segment.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) ends: (Endpoint, Endpoint),
    pub(super) first: u64,
    /// Sequence number of its SYN.
    syn: Option<u32>,
    /// The first of `ends` sends the first of these.
    pub(super) directions: [Direction; 2],
}

/// A piece of a packet: place in it, frame, place in that, its bytes.
type Fragment = (usize, u64, usize, Vec<u8>);

/// What was collected.
#[derive(Debug, Default)]
pub(super) struct Collection {
    pub(super) connections: Vec<Connection>,
    open: HashMap<(Endpoint, Endpoint), usize>,
    pub(super) datagrams: Vec<CollectedDatagram>,
    fragments: HashMap<(IpAddr, IpAddr, u32), Vec<Fragment>>,
    pub(super) wholes: Vec<WholePacket>,
}

/// Positions begin here, so that what comes before the first segment has one, too.
const ORIGIN: u64 = 1 << 33;

impl Collection {
    /// Takes a segment that this frame holds or completes.
    pub(super) fn segment(&mut self, frame: u64, headers: &Headers, segment: &Segment<'_>) {
        let from = Endpoint { ip: segment.ip.source, port: segment.source_port };
        let to = Endpoint { ip: segment.ip.destination, port: segment.destination_port };
        let pieces = self.pieces(frame, headers, segment.payload);
        let is_syn = segment.flags & (flags::SYN | flags::ACK) == flags::SYN;
        let (index, side) = self.connection(frame, from, to, is_syn.then_some(segment.sequence));
        let connection = self.connections.get_mut(index);
        let Some(direction) = connection.and_then(|connection| connection.directions.get_mut(side)) else { return };
        let syn = u32::from(segment.flags & flags::SYN != 0);
        direction.add(segment.sequence.wrapping_add(syn), segment.payload, pieces);
    }

    /// Takes a datagram.
    pub(super) fn datagram(&mut self, frame: u64, headers: &Headers, datagram: &Datagram<'_>) {
        let pieces = self.pieces(frame, headers, datagram.payload);
        let ports = (datagram.source_port, datagram.destination_port);
        self.datagrams.push(CollectedDatagram { ports, bytes: datagram.payload.to_vec(), pieces });
    }

    /// Notes the fragment that a frame holds.
    pub(super) fn fragment(&mut self, frame: u64, fragment: &FragmentPlace, data: &[u8]) {
        let bytes = data.get(fragment.at..fragment.at.saturating_add(fragment.length)).unwrap_or_default();
        self.fragments.entry(fragment.key).or_default().push((fragment.offset, frame, fragment.at, bytes.to_vec()));
    }

    /// Places of what fragments of packets hold that never became whole.
    pub(super) fn left_over(&self) -> impl Iterator<Item = (u64, Range<usize>)> {
        let pieces = self.fragments.values().flatten();
        // The transport header of a first one stays.
        pieces.map(|(offset, frame, at, bytes)| {
            let header = if *offset == 0 { 20.min(bytes.len()) } else { 0 };
            (*frame, at.saturating_add(header)..at.saturating_add(bytes.len()))
        })
    }

    /// The connection of a segment, and which direction it is.
    fn connection(&mut self, frame: u64, from: Endpoint, to: Endpoint, syn: Option<u32>) -> (usize, usize) {
        let known = self.open.get(&(from, to)).map(|&index| (index, 0));
        let known = known.or_else(|| self.open.get(&(to, from)).map(|&index| (index, 1)));
        if let Some((index, side)) = known
            && let Some(connection) = self.connections.get_mut(index)
        {
            let is_new = syn.is_some_and(|syn| side == 0 && connection.syn != Some(syn) || side == 1);
            let begun = connection.directions.iter().any(|direction| direction.last.is_some());
            if !(is_new && begun) {
                return (index, side);
            }
        }
        self.open.remove(&(to, from));
        let index = self.connections.len();
        self.open.insert((from, to), index);
        self.connections.push(Connection { ends: (from, to), first: frame, syn, directions: Default::default() });
        (index, 0)
    }

    /// Where a payload stands: in the frame, or in those that brought its fragments.
    fn pieces(&mut self, frame: u64, headers: &Headers, payload: &[u8]) -> Vec<Piece> {
        match headers.place(payload) {
            _ if payload.is_empty() => Vec::new(),
            Some(PayloadPlace::Frame(at)) => {
                vec![Piece { frame, at, bytes: 0..payload.len(), whole: None, other: None }]
            }
            Some(PayloadPlace::Whole(at)) => self.fragmented(headers, at, payload),
            None => Vec::new(),
        }
    }

    /// Pieces of a payload that stands at that place in the packet that became whole now.
    fn fragmented(&mut self, headers: &Headers, from: usize, payload: &[u8]) -> Vec<Piece> {
        let Some(fragment) = headers.fragment else { return Vec::new() };
        let Some(pieces) = self.fragments.remove(&fragment.key) else { return Vec::new() };
        let first = pieces.iter().find(|(offset, ..)| *offset == 0).map(|(_, frame, ..)| *frame);
        let number = self.wholes.len();
        self.wholes.push(WholePacket { first });
        let end_of_payload = from.saturating_add(payload.len());
        let piece = |(offset, frame, at, own): &Fragment| {
            let start = (*offset).max(from);
            let end = offset.saturating_add(own.len()).min(end_of_payload);
            let bytes = start.checked_sub(from)?..end.checked_sub(from)?;
            let skipped = start.saturating_sub(*offset);
            let own = own.get(skipped..skipped.saturating_add(bytes.len()))?;
            let other = (payload.get(bytes.clone())? != own).then(|| own.to_vec());
            let at = at.saturating_add(skipped);
            (bytes.start < bytes.end).then_some(Piece { frame: *frame, at, bytes, whole: Some((number, start)), other })
        };
        pieces.iter().filter_map(piece).collect()
    }
}

impl Connection {
    /// Its beginning is in the capture.
    pub(super) const fn has_begun(&self) -> bool {
        self.syn.is_some()
    }
}

impl Direction {
    fn add(&mut self, sequence: u32, payload: &[u8], pieces: Vec<Piece>) {
        let position = match self.last {
            None => ORIGIN,
            Some((position, last)) => {
                let distance = i64::from(sequence.wrapping_sub(last).cast_signed());
                position.saturating_add_signed(distance)
            }
        };
        self.last = Some((position, sequence));
        let start = self.arena.len();
        self.arena.extend_from_slice(payload);
        for piece in pieces {
            let from = position.saturating_add(piece.bytes.start as u64);
            let bytes = piece.bytes.start.saturating_add(start)..piece.bytes.end.saturating_add(start);
            self.pieces.push((from, Piece { bytes, ..piece }));
        }
    }

    /// The bytes that a piece brought.
    pub(super) fn bytes<'d>(&'d self, piece: &'d Piece) -> &'d [u8] {
        piece.other.as_deref().or_else(|| self.arena.get(piece.bytes.clone())).unwrap_or_default()
    }

    /// Pieces, with their positions.
    pub(super) fn pieces(&self) -> &[(u64, Piece)] {
        &self.pieces
    }

    /// What stands there without a gap. Of several copies of a byte the first counts.
    pub(super) fn runs(&self) -> Vec<Run> {
        let mut extents: BTreeMap<u64, u64> = BTreeMap::new();
        let mut sorted: Vec<_> =
            self.pieces.iter().map(|(at, piece)| (*at, at.saturating_add(piece.bytes.len() as u64))).collect();
        sorted.sort_unstable();
        let mut current: Option<(u64, u64)> = None;
        for (start, end) in sorted {
            current = match current {
                Some((first, last)) if start <= last => Some((first, last.max(end))),
                Some((first, last)) => {
                    extents.insert(first, last);
                    Some((start, end))
                }
                None => Some((start, end)),
            };
        }
        extents.extend(current);
        let length = |first: u64, last: u64| usize::try_from(last.saturating_sub(first)).unwrap_or_default();
        let mut runs: BTreeMap<u64, Run> = extents
            .into_iter()
            .map(|(first, last)| (first, Run { start: first, bytes: vec![0; length(first, last)] }))
            .collect();
        for (at, piece) in self.pieces.iter().rev() {
            let Some((_, run)) = runs.range_mut(..=*at).next_back() else { continue };
            let from = length(run.start, *at);
            let bytes = self.arena.get(piece.bytes.clone()).unwrap_or_default();
            if let Some(place) = run.bytes.get_mut(from..from.saturating_add(bytes.len())) {
                place.copy_from_slice(bytes);
            }
        }
        runs.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(frame: u64, length: usize) -> Vec<Piece> {
        vec![Piece { frame, at: 54, bytes: 0..length, whole: None, other: None }]
    }

    #[test]
    fn a_stream_is_put_together_whatever_came_first_and_twice() {
        let mut direction = Direction::default();
        direction.add(u32::MAX - 1, b"", Vec::new());
        for (frame, sequence, bytes) in [(1, 3_u32, &b"def"[..]), (2, 0, b"abc"), (3, 0, b"XXXX"), (4, 10, b"later")] {
            direction.add(sequence, bytes, piece(frame, bytes.len()));
        }
        let runs = direction.runs();
        assert_eq!(runs.iter().map(|run| run.bytes.as_slice()).collect::<Vec<_>>(), [&b"abcdef"[..], b"later"]);
        let (at, piece) = &direction.pieces()[2];
        assert_eq!((at - runs[0].start, direction.bytes(piece)), (0, &b"XXXX"[..]));
    }
}
