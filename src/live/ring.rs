//! The minutes before: recent frames in memory, until a finding asks for those of its conversations.
//!
//! Frames lie one behind the other in chunks of equal size, each behind a head of fixed length; the oldest chunk makes room
//! for the newest frame. No frame has memory of its own, and the memory of all chunks together never exceeds the limit,
//! whatever arrives. A conversation is known by 64 bits of a keyed hash: a frame of another one can get among its frames by
//! chance only, once in 2^64, and would do no more harm than that.

use crate::capture::live::Counts;
use crate::model::{Frame, FrameRef, Span, Stamp, Timestamp};
use crate::stream::FlowKey;
use foldhash::quality::RandomState;
use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher;
use std::time::Duration;

/// The least memory that a ring can have in bytes: it holds three frames of the largest snap length.
pub(crate) const LEAST_BYTES: u64 = 1 << 20;
/// Memory of a ring that is limited by time only.
pub(crate) const ORDINARY_BYTES: u64 = 256 << 20;

/// Parts of a ring: when the oldest goes, most of the ring stays.
const CHUNKS: usize = 32;
/// The least and the most bytes of a chunk, but for a frame that is larger: in smaller ones much would be left over at the
/// end, and larger ones would make the ring shrink by leaps.
const CHUNK: (usize, usize) = (64 << 10, 1 << 20);
/// How long before the frame that completes a packet its fragments are looked for (nanoseconds); they travel together.
const FRAGMENTS_TRAVEL: Span = Span::from_secs(1);
/// Fragments of one packet: 65,535 bytes in pieces of 1480.
const FRAGMENTS: usize = 45;

/// Limits of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RingLimits {
    /// Bytes of memory, [`LEAST_BYTES`] at least.
    pub bytes: u64,
    /// How far back it reaches from the newest frame, in packet time; `None`: as far as there is memory.
    pub time: Option<Duration>,
}

/// A conversation in this ring; the same for both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FlowId(u64);

/// Recent frames.
#[derive(Debug)]
pub(super) struct Ring {
    limits: RingLimits,
    hasher: RandomState,
    chunks: VecDeque<Chunk>,
    /// The chunk that went last: its memory is used again, as asking the system for more takes longer than a frame may.
    spare: Option<Chunk>,
    /// Capacity of all chunks, the spare one included.
    held: usize,
    newest: Timestamp,
    /// Counters of the interfaces so far.
    counts: Counts,
}

/// Frames, one behind the other.
#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Time of its latest frame.
    newest: Timestamp,
    /// Counters of the interfaces when the chunk began.
    counts: Counts,
}

/// A frame in the ring.
#[derive(Debug, Clone, Copy)]
struct Record<'a> {
    flow: Option<FlowId>,
    interface: u16,
    frame: Frame<'a>,
}

impl Ring {
    /// An empty ring.
    pub(super) fn new(limits: RingLimits) -> Self {
        let limits = RingLimits { bytes: limits.bytes.max(LEAST_BYTES), ..limits };
        Self {
            limits,
            hasher: RandomState::default(),
            chunks: VecDeque::new(),
            spare: None,
            held: 0,
            newest: Timestamp::default(),
            counts: Counts::default(),
        }
    }

    /// The conversation of that key.
    pub(super) fn flow(&self, key: FlowKey) -> FlowId {
        FlowId(self.hasher.hash_one(key))
    }

    /// Takes a frame that somebody wants. Gives its conversation.
    pub(super) fn push(&mut self, flow: Option<FlowKey>, interface: u16, frame: &Frame<'_>) -> Option<FlowId> {
        let flow = flow.map(|key| self.flow(key));
        let size = HEAD + frame.data.len();
        // No interface has such frames.
        if size > self.limit() {
            return flow;
        }
        self.newest = self.newest.max(frame.at.time);
        self.forget();
        let chunk = self.room(size);
        chunk.newest = chunk.newest.max(frame.at.time);
        Record { flow, interface, frame: *frame }.put(&mut chunk.bytes);
        flow
    }

    /// Takes the counters of the interfaces so far.
    pub(crate) fn counted(&mut self, counts: Counts) {
        self.counts = counts;
    }

    /// Counters of the interfaces before the oldest frame.
    pub(crate) fn counts_before(&self) -> Counts {
        self.chunks.front().map_or(self.counts, |chunk| chunk.counts)
    }

    /// Frames of these conversations with their interfaces, in the order in which they came. Where one completes a packet
    /// of fragments, these come before it (and, as they do not say whose they are, others that came in that second).
    pub(super) fn frames_of(&self, flows: &HashSet<FlowId>) -> impl Iterator<Item = (u16, Frame<'_>)> {
        let mut fragments = Fragments::default();
        let oldest = self.oldest();
        self.records().filter(move |record| record.frame.at.time >= oldest).flat_map(move |record| {
            let mut frames = Vec::new();
            match record.flow {
                None => fragments.push(record.frame.at, (record.interface, record.frame)),
                Some(flow) if flows.contains(&flow) => {
                    frames = fragments.take(record.frame.at);
                    frames.push((record.interface, record.frame));
                }
                Some(_) => {}
            }
            frames
        })
    }

    /// Conversations of these frames, which are in ascending order, as far as they are held.
    pub(super) fn flows_of(&self, frames: &[FrameRef]) -> HashSet<FlowId> {
        let is_one = |record: &Record<'_>| frames.binary_search(&record.frame.at.frame).is_ok();
        let records = self.records().filter(|_| !frames.is_empty()).filter(is_one);
        records.filter_map(|record| record.flow).collect()
    }

    /// Memory that it takes, in bytes.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.chunks.iter().flat_map(|chunk| {
            let mut rest = chunk.bytes.as_slice();
            std::iter::from_fn(move || Record::take(&mut rest))
        })
    }

    fn limit(&self) -> usize {
        usize::try_from(self.limits.bytes).unwrap_or(usize::MAX)
    }

    /// The time before which frames are too old.
    fn oldest(&self) -> Timestamp {
        self.newest.minus(self.limits.time.map_or(Span::from_nanos(i64::MAX), Span::from))
    }

    /// Lets go of chunks in which everything is too old.
    fn forget(&mut self) {
        let oldest = self.oldest();
        while self.chunks.front().is_some_and(|chunk| chunk.newest < oldest) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(mut chunk) = self.chunks.pop_front() else { return };
        chunk.bytes.clear();
        self.held -= self.spare.replace(chunk).map_or(0, |spare| spare.bytes.capacity());
    }

    /// The newest chunk, with room for so many bytes more.
    fn room(&mut self, size: usize) -> &mut Chunk {
        let has_room = |chunk: &Chunk| chunk.bytes.capacity() - chunk.bytes.len() >= size;
        if !self.chunks.back().is_some_and(has_room) {
            let bytes = self.memory(size);
            self.chunks.push_back(Chunk { bytes, newest: Timestamp::new(i64::MIN, 9), counts: self.counts });
        }
        let last = self.chunks.len() - 1;
        &mut self.chunks[last]
    }

    /// Memory for a chunk, taken from the oldest ones if there is no more.
    fn memory(&mut self, size: usize) -> Vec<u8> {
        let size = size.max((self.limit() / CHUNKS).clamp(CHUNK.0, CHUNK.1));
        loop {
            if let Some(spare) = self.spare.take() {
                if spare.bytes.capacity() == size {
                    return spare.bytes;
                }
                self.held -= spare.bytes.capacity();
            }
            if self.held + size <= self.limit() || self.chunks.is_empty() {
                let bytes = Vec::with_capacity(size);
                self.held += bytes.capacity();
                return bytes;
            }
            self.drop_oldest();
        }
    }
}

/// Bytes in front of each frame.
const HEAD: usize = 48;
/// Stands for no conversation.
const NONE: u8 = 0;
const SOME: u8 = 1;

impl<'a> Record<'a> {
    /// Appends the record: a head of [`HEAD`] bytes, numbers in little endian, then the frame.
    fn put(&self, bytes: &mut Vec<u8>) {
        let Frame { at, link_type, data, wire_length } = self.frame;
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        bytes.extend(at.time.nanos().to_le_bytes());
        bytes.extend(at.frame.number.to_le_bytes());
        bytes.extend(self.flow.map_or(0, |FlowId(flow)| flow).to_le_bytes());
        for word in [at.frame.input, length, wire_length] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(link_type.to_le_bytes());
        bytes.extend(self.interface.to_le_bytes());
        bytes.extend([at.time.digits(), if self.flow.is_some() { SOME } else { NONE }, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(data.get(..length as usize).unwrap_or_default());
    }

    /// Takes the first record off.
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        let mut field = Fields(bytes.split_off(..HEAD)?);
        let (nanos, number, flow) = (i64::from_le_bytes(field.take()?), field.u64()?, field.u64()?);
        let (input, length, wire_length) = (field.u32()?, field.u32()?, field.u32()?);
        let [link_type, interface] = [field.take()?, field.take()?].map(u16::from_le_bytes);
        let [digits, is_some] = field.take()?;
        let at = Stamp { time: Timestamp::new(nanos, digits), frame: FrameRef { input, number } };
        let data = bytes.split_off(..length as usize)?;
        let flow = (is_some == SOME).then_some(FlowId(flow));
        Some(Self { flow, interface, frame: Frame { at, link_type, data, wire_length } })
    }
}

/// Takes the fields of a head off, one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

/// Fragments that wait for the frame which completes their packet.
#[derive(Debug)]
pub(super) struct Fragments<T>(VecDeque<(Stamp, T)>);

impl<T> Default for Fragments<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Fragments<T> {
    /// Keeps a fragment.
    pub(super) fn push(&mut self, at: Stamp, fragment: T) {
        if self.0.len() >= FRAGMENTS {
            self.0.pop_front();
        }
        self.0.push_back((at, fragment));
    }

    /// Those that may belong to the packet which this frame completes.
    pub(super) fn take(&mut self, complete: Stamp) -> Vec<T> {
        let fragments = self.0.drain(..).filter(|(at, _)| complete.since(*at) <= FRAGMENTS_TRAVEL);
        fragments.map(|(_, fragment)| fragment).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Endpoint;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000_000;

    /// A conversation on that port.
    fn key(port: u16) -> FlowKey {
        let end = |host: u8, port| Endpoint { ip: [10, 0, 0, host].into(), port };
        FlowKey::new(end(1, port), end(2, 1352))
    }

    fn put(ring: &mut Ring, port: u16, frame: &Frame<'_>) {
        ring.push(Some(key(port)), 0, frame);
    }

    const LIMIT: usize = 1 << 20;

    fn frame(number: u64, nanos: i64, data: &[u8]) -> Frame<'_> {
        let at = Stamp { frame: FrameRef { input: 0, number }, time: Timestamp::new(nanos, 6) };
        Frame { at, link_type: 113, data, wire_length: 1514 }
    }

    fn ring(bytes: u64, seconds: Option<u64>) -> Ring {
        Ring::new(RingLimits { bytes, time: seconds.map(Duration::from_secs) })
    }

    fn numbers(ring: &Ring, ports: &[u16]) -> Vec<u64> {
        let flows = ports.iter().map(|port| ring.flow(key(*port))).collect();
        ring.frames_of(&flows).map(|(_, frame)| frame.at.frame.number).collect()
    }

    #[test]
    fn frames_come_back_as_they_were() {
        let mut ring = ring(LEAST_BYTES, None);
        ring.push(Some(key(1)), 3, &frame(7, -5, b"abc"));
        let flows = [ring.flow(key(1))].into();
        let (interface, frame) = ring.frames_of(&flows).next().unwrap();
        let time = frame.at.time;
        assert_eq!((interface, frame.at.frame, frame.data), (3, FrameRef { input: 0, number: 7 }, &b"abc"[..]));
        assert_eq!((time.nanos(), time.digits(), frame.link_type, frame.wire_length), (-5, 6, 113, 1514));
    }

    #[test]
    fn each_conversation_is_found_in_either_direction_and_in_order() {
        let mut ring = ring(LEAST_BYTES, None);
        for number in 1..=9_u16 {
            put(&mut ring, number % 3, &frame(number.into(), SECOND, b"x"));
        }
        assert_eq!(numbers(&ring, &[1]), [1, 4, 7]);
        assert_eq!(numbers(&ring, &[1, 0]), [1, 3, 4, 6, 7, 9]);
        assert!(numbers(&ring, &[5]).is_empty());
        let [a, b] = [1, 2].map(|host| Endpoint { ip: [10, 0, 0, host].into(), port: 1352 });
        assert_eq!(ring.flow(FlowKey::new(a, b)), ring.flow(FlowKey::new(b, a)));
    }

    #[test]
    fn frames_lead_to_their_conversations() {
        let mut ring = ring(LEAST_BYTES, None);
        for number in 1..=6_u16 {
            put(&mut ring, number, &frame(number.into(), SECOND, b"x"));
        }
        let frames = [2, 5, 99].map(|number| FrameRef { input: 0, number });
        assert_eq!(ring.flows_of(&frames), HashSet::from([2, 5].map(|port| ring.flow(key(port)))));
        assert!(ring.flows_of(&[]).is_empty());
    }

    #[test]
    fn fragments_come_with_what_completes_them() {
        let mut ring = ring(LEAST_BYTES, None);
        ring.push(None, 0, &frame(1, 0, b"too long ago"));
        ring.push(None, 0, &frame(2, 5 * SECOND, b"a"));
        put(&mut ring, 9, &frame(3, 5 * SECOND, b"of others"));
        ring.push(None, 0, &frame(4, 5 * SECOND, b"b"));
        put(&mut ring, 1, &frame(5, 5 * SECOND + 1, b"c"));
        put(&mut ring, 1, &frame(6, 5 * SECOND + 2, b"d"));
        assert_eq!(numbers(&ring, &[1]), [2, 4, 5, 6]);
    }

    #[test]
    fn what_is_too_old_is_not_given_and_goes_in_the_end() {
        let mut ring = ring(8 << 20, Some(60));
        let data = vec![0; 1400];
        for number in 1..=2000 {
            put(&mut ring, 1, &frame(number, number.cast_signed() * SECOND / 10, &data));
        }
        assert_eq!(numbers(&ring, &[1]), (1400..=2000).collect::<Vec<_>>());
        // 60 seconds are 600 frames of 1448 bytes: no more than one chunk of what is older stays, and one is spare.
        assert!(ring.held() < 600 * 1448 + 4 * (256 << 10), "{}", ring.held());
    }

    #[test]
    fn a_clock_that_is_set_back_loses_nothing() {
        let mut ring = ring(LEAST_BYTES, Some(60));
        put(&mut ring, 1, &frame(1, 1000 * SECOND, b"x"));
        put(&mut ring, 1, &frame(2, 970 * SECOND, b"x"));
        put(&mut ring, 1, &frame(3, 1001 * SECOND, b"x"));
        assert_eq!(numbers(&ring, &[1]), [1, 2, 3]);
    }

    #[test]
    fn a_frame_that_is_larger_than_the_ring_harms_no_other() {
        let mut ring = ring(LEAST_BYTES, None);
        put(&mut ring, 1, &frame(1, SECOND, b"x"));
        put(&mut ring, 1, &frame(2, SECOND, &vec![0; LIMIT]));
        assert_eq!(numbers(&ring, &[1]), [1]);
        put(&mut ring, 1, &frame(3, SECOND, &vec![0; LIMIT - HEAD]));
        assert_eq!((numbers(&ring, &[1]), ring.held()), (vec![3], LIMIT));
    }

    #[test]
    fn counts_are_those_before_the_oldest_frame() {
        let mut ring = ring(LEAST_BYTES, None);
        let counts = |received| Counts { received, ..Counts::default() };
        ring.counted(counts(10));
        assert_eq!(ring.counts_before(), counts(10));
        put(&mut ring, 1, &frame(1, SECOND, b"x"));
        ring.counted(counts(20));
        assert_eq!(ring.counts_before(), counts(10));
        for number in 2..40 {
            put(&mut ring, 1, &frame(number, SECOND, &vec![0; 60_000]));
        }
        assert_eq!(ring.counts_before(), counts(20));
    }

    proptest! {
        #[test]
        fn memory_stays_within_its_limit_and_the_newest_frames_are_held(
            sizes in proptest::collection::vec(prop_oneof![0..2000_usize, 0..262_144_usize], 1..120),
        ) {
            let mut ring = ring(LEAST_BYTES, None);
            let data = vec![0; 262_144];
            for (size, number) in sizes.iter().zip(1..) {
                put(&mut ring, 1, &frame(number, SECOND, &data[..*size]));
                prop_assert!(ring.held() <= LIMIT);
            }
            let held = numbers(&ring, &[1]);
            let newest: Vec<_> = (1..=sizes.len() as u64).skip(sizes.len() - held.len()).collect();
            prop_assert_eq!(&held, &newest);
            // Three of the largest fit at least.
            prop_assert!(held.len() >= sizes.len().min(3));
        }
    }
}
