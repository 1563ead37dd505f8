//! Puts the bytes of one direction in order. The first copy of a byte counts.

use super::Limits;
use crate::model::Stamp;
use bytes::Bytes;
use std::collections::BTreeMap;

/// Bytes of the recent past that are kept, to see whether a repetition says the same: a full segment of Ethernet. Every
/// open connection holds them.
const HISTORY: usize = 1460;

/// Puts the bytes of one direction in order.
#[derive(Debug, Default)]
pub struct Assembler {
    /// Offset of the next byte to hand on.
    next: u64,
    /// Pieces behind a hole, by offset; they do not overlap.
    waiting: BTreeMap<u64, Piece>,
    waiting_bytes: usize,
    /// The last bytes handed on, ending at `next`.
    history: Vec<u8>,
}

/// What a segment brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Bytes not seen before.
    pub new: u64,
    /// Bytes seen before.
    pub old: u64,
    /// Bytes seen before with another value.
    pub conflict: bool,
}

/// Takes what is in order: bytes, or a hole of that length.
pub trait OrderedSink {
    /// Bytes at `offset`, brought by `at`.
    fn bytes(&mut self, offset: u64, bytes: &[u8], at: Stamp);
    /// A hole at `offset`; `at` is the frame that showed it.
    fn gap(&mut self, offset: u64, length: u64, at: Stamp);
}

/// Bytes, or a stretch that the capture is known not to hold (cut by its snap length).
#[derive(Debug)]
enum Piece {
    Data(Bytes, Stamp),
    Cut(u64, Stamp),
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::Data(bytes, _) => len(bytes),
            Self::Cut(length, _) => *length,
        }
    }
}

impl Assembler {
    /// Offset of the next byte that has not been handed on.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Bytes that wait behind a hole.
    pub fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// True if pieces wait behind a hole.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes a segment whose first byte has `offset` (negative: before the start). `wire_length` is more than the
    /// length of `payload` if the frame was cut; what is missing will not come.
    pub fn accept(
        &mut self,
        offset: i64,
        payload: &[u8],
        wire_length: u64,
        at: Stamp,
        limits: &Limits,
        out: &mut impl OrderedSink,
    ) -> Arrival {
        let missing = wire_length.saturating_sub(len(payload));
        let (start, payload, before) = from_zero(offset, payload);
        let mut arrival = Arrival { new: 0, old: before, conflict: false };
        if start == self.next && self.waiting.is_empty() {
            arrival.new = len(payload);
            self.hand_on(payload, at, out);
        } else {
            self.place(start, payload, at, &mut arrival);
        }
        if missing > 0 {
            self.place_cut(start.saturating_add(len(payload)), missing, at);
        }
        self.drain(out);
        while self.waiting.len() > limits.waiting_segments || self.waiting_bytes > limits.waiting_bytes {
            self.give_up_first_hole(at, out);
        }
        arrival
    }

    /// Gives up every hole before `offset`: the peer has acknowledged those bytes, or nothing more will come.
    pub fn give_up_to(&mut self, offset: u64, at: Stamp, out: &mut impl OrderedSink) {
        while self.next < offset {
            let hole_end = self.waiting.first_key_value().map_or(offset, |(&start, _)| start.min(offset));
            self.skip(hole_end, at, out);
            self.drain(out);
        }
    }

    /// Gives up every hole: hands on all that waits.
    pub fn flush(&mut self, at: Stamp, out: &mut impl OrderedSink) {
        while self.is_waiting() {
            self.give_up_first_hole(at, out);
        }
    }

    fn give_up_first_hole(&mut self, at: Stamp, out: &mut impl OrderedSink) {
        if let Some((&start, _)) = self.waiting.first_key_value() {
            self.skip(start, at, out);
            self.drain(out);
        }
    }

    /// Moves on to `to` over a hole.
    fn skip(&mut self, to: u64, at: Stamp, out: &mut impl OrderedSink) {
        let length = to.saturating_sub(self.next);
        if length > 0 {
            self.history.clear();
            out.gap(self.next, length, at);
            self.next = to;
        }
    }

    fn hand_on(&mut self, bytes: &[u8], at: Stamp, out: &mut impl OrderedSink) {
        if !bytes.is_empty() {
            out.bytes(self.next, bytes, at);
            self.next = self.next.saturating_add(len(bytes));
            self.remember(bytes);
        }
    }

    /// Hands on what waits right at `next`.
    fn drain(&mut self, out: &mut impl OrderedSink) {
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() > self.next {
                break;
            }
            match entry.remove() {
                Piece::Data(bytes, at) => {
                    self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes.len());
                    self.hand_on(&bytes, at, out);
                }
                Piece::Cut(length, at) => self.skip(self.next.saturating_add(length), at, out),
            }
        }
    }

    /// Keeps the parts of a segment that are neither handed on nor waiting. What was there first stays,
    /// because it may have been handed on; a second version is counted as a conflict.
    fn place(&mut self, start: u64, payload: &[u8], at: Stamp, arrival: &mut Arrival) {
        let (mut start, mut rest) = (start, payload);
        if start < self.next {
            let (known, fresh) = split(rest, self.next.saturating_sub(start));
            arrival.old = arrival.old.saturating_add(len(known));
            arrival.conflict |= self.contradicts_history(start, known);
            (start, rest) = (self.next, fresh);
        }
        let mut fresh = Vec::new();
        let end = start.saturating_add(len(rest));
        let first = self.waiting.range(..=start).next_back().map_or(start, |(&key, _)| key);
        for (&key, piece) in self.waiting.range(first..end) {
            let piece_end = key.saturating_add(piece.length());
            if piece_end <= start {
                continue;
            }
            let (before, overlap) = split(rest, key.saturating_sub(start));
            if !before.is_empty() {
                fresh.push((start, Bytes::copy_from_slice(before)));
            }
            let at_piece = start.saturating_add(len(before));
            let (known, after) = split(overlap, piece_end.saturating_sub(at_piece));
            arrival.old = arrival.old.saturating_add(len(known));
            arrival.conflict |= contradicts(piece, at_piece.saturating_sub(key), known);
            (start, rest) = (at_piece.saturating_add(len(known)), after);
        }
        if !rest.is_empty() {
            fresh.push((start, Bytes::copy_from_slice(rest)));
        }
        for (offset, bytes) in fresh {
            arrival.new = arrival.new.saturating_add(len(&bytes));
            self.waiting_bytes = self.waiting_bytes.saturating_add(bytes.len());
            self.waiting.insert(offset, Piece::Data(bytes, at));
        }
    }

    /// Notes a stretch that was cut off, where nothing is known of it yet.
    fn place_cut(&mut self, start: u64, length: u64, at: Stamp) {
        let end = start.saturating_add(length);
        let start = start.max(self.next);
        let before_end = self.waiting.range(..end).next_back().map(|(&key, piece)| key.saturating_add(piece.length()));
        let start = before_end.map_or(start, |known| start.max(known));
        if start < end {
            self.waiting.insert(start, Piece::Cut(end.saturating_sub(start), at));
        }
    }

    fn remember(&mut self, bytes: &[u8]) {
        let tail = bytes.get(bytes.len().saturating_sub(HISTORY)..).unwrap_or(bytes);
        let surplus = self.history.len().saturating_add(tail.len()).saturating_sub(HISTORY);
        self.history.drain(..surplus.min(self.history.len()));
        self.history.extend_from_slice(tail);
    }

    /// Do bytes at `start`, all before `next`, differ from what was handed on there?
    fn contradicts_history(&self, start: u64, bytes: &[u8]) -> bool {
        let oldest = self.next.saturating_sub(len(&self.history));
        let (_, bytes) = split(bytes, oldest.saturating_sub(start));
        let (_, known) = split(&self.history, start.saturating_sub(oldest));
        bytes.iter().zip(known).any(|(a, b)| a != b)
    }
}

fn contradicts(piece: &Piece, at: u64, bytes: &[u8]) -> bool {
    match piece {
        Piece::Data(known, _) => bytes.iter().zip(split(known, at).1).any(|(a, b)| a != b),
        Piece::Cut(..) => false,
    }
}

/// Cuts off what lies before the stream's start.
fn from_zero(offset: i64, payload: &[u8]) -> (u64, &[u8], u64) {
    if let Ok(offset) = u64::try_from(offset) {
        return (offset, payload, 0);
    }
    let (before, rest) = split(payload, offset.unsigned_abs());
    (0, rest, len(before))
}

/// Splits at `at`, or at the end if there are fewer bytes.
fn split(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_at_checked(at).unwrap_or((bytes, &[]))
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Out {
        bytes: Vec<u8>,
        gaps: Vec<(u64, u64)>,
    }

    impl OrderedSink for Out {
        fn bytes(&mut self, offset: u64, bytes: &[u8], _: Stamp) {
            assert_eq!(offset as usize, self.bytes.len());
            self.bytes.extend_from_slice(bytes);
        }
        fn gap(&mut self, offset: u64, length: u64, _: Stamp) {
            assert_eq!(offset as usize, self.bytes.len());
            self.bytes.resize(self.bytes.len() + length as usize, 0);
            self.gaps.push((offset, length));
        }
    }

    fn accept(assembler: &mut Assembler, out: &mut Out, offset: i64, bytes: &[u8]) -> Arrival {
        let limits = Limits::default();
        assembler.accept(offset, bytes, bytes.len() as u64, Stamp::default(), &limits, out)
    }

    #[test]
    fn a_repacketised_retransmission_keeps_its_new_tail() {
        let (mut a, mut out) = (Assembler::default(), Out::default());
        accept(&mut a, &mut out, 0, b"abc");
        let arrival = accept(&mut a, &mut out, 1, b"bcdef");
        assert_eq!(arrival, Arrival { new: 3, old: 2, conflict: false });
        assert_eq!(out.bytes, b"abcdef");
    }

    #[test]
    fn the_first_copy_counts_and_a_contradiction_is_noticed() {
        let (mut a, mut out) = (Assembler::default(), Out::default());
        accept(&mut a, &mut out, 0, b"abc");
        assert!(accept(&mut a, &mut out, 0, b"aXc").conflict);
        accept(&mut a, &mut out, 5, b"fg");
        assert!(accept(&mut a, &mut out, 4, b"eFgh").conflict);
        accept(&mut a, &mut out, 3, b"d");
        assert_eq!(out.bytes, b"abcdefgh");
    }

    #[test]
    fn holes_are_told() {
        let (mut a, mut out) = (Assembler::default(), Out::default());
        accept(&mut a, &mut out, 0, b"ab");
        accept(&mut a, &mut out, 4, b"ef");
        accept(&mut a, &mut out, 8, b"ij");
        a.give_up_to(6, Stamp::default(), &mut out);
        assert_eq!(out.gaps, [(2, 2)]);
        a.flush(Stamp::default(), &mut out);
        assert_eq!(out.gaps, [(2, 2), (6, 2)]);
        assert_eq!(out.bytes, b"ab\0\0ef\0\0ij");
    }

    #[test]
    fn a_cut_frame_leaves_a_hole_of_its_missing_length() {
        let (mut a, mut out) = (Assembler::default(), Out::default());
        let limits = Limits::default();
        a.accept(0, b"ab", 5, Stamp::default(), &limits, &mut out);
        accept(&mut a, &mut out, 5, b"fg");
        assert_eq!((out.bytes.as_slice(), out.gaps.as_slice()), (b"ab\0\0\0fg".as_slice(), [(2, 3)].as_slice()));
    }

    #[test]
    fn what_waits_is_bounded() {
        let (mut a, mut out) = (Assembler::default(), Out::default());
        let limits = Limits { waiting_segments: 4, ..Limits::default() };
        for i in 1..100 {
            a.accept(i * 2, b"x", 1, Stamp::default(), &limits, &mut out);
            assert!(a.waiting.len() <= 4);
        }
        assert!(!out.gaps.is_empty());
    }

    /// Segments that cover `0..data.len()`, some twice and overlapping, in any order.
    fn segments(data: Vec<u8>) -> impl Strategy<Value = (Vec<u8>, Vec<(usize, usize)>)> {
        let n = data.len();
        let cuts = proptest::collection::vec(0..=n, 0..12);
        let extra = proptest::collection::vec((0..=n, 0..=n), 0..8);
        (cuts, extra).prop_flat_map(move |(mut cuts, extra)| {
            cuts.extend([0, n]);
            cuts.sort_unstable();
            let mut pieces: Vec<_> = cuts.windows(2).map(|w| (w[0], w[1])).collect();
            pieces.extend(extra.into_iter().map(|(a, b)| (a.min(b), a.max(b))));
            (Just(data.clone()), Just(pieces).prop_shuffle())
        })
    }

    proptest! {
        #[test]
        fn any_split_order_duplication_and_overlap_gives_the_same_bytes(
            (data, pieces) in proptest::collection::vec(any::<u8>(), 1..200).prop_flat_map(segments)
        ) {
            let (mut a, mut out) = (Assembler::default(), Out::default());
            let mut new = 0;
            for (start, end) in pieces {
                let arrival = accept(&mut a, &mut out, start as i64, &data[start..end]);
                prop_assert!(!arrival.conflict);
                prop_assert_eq!(arrival.new + arrival.old, (end - start) as u64);
                new += arrival.new;
            }
            prop_assert_eq!(&out.bytes, &data);
            prop_assert_eq!(new, data.len() as u64);
            prop_assert!(out.gaps.is_empty() && !a.is_waiting() && a.waiting_bytes == 0);
        }

        #[test]
        fn nothing_is_lost_or_invented_when_pieces_are_missing(
            (data, pieces) in proptest::collection::vec(1u8.., 1..200).prop_flat_map(segments), keep: u32
        ) {
            let (mut a, mut out) = (Assembler::default(), Out::default());
            let mut have = vec![false; data.len()];
            for (i, (start, end)) in pieces.into_iter().enumerate() {
                if keep >> (i % 32) & 1 == 1 {
                    accept(&mut a, &mut out, start as i64, &data[start..end]);
                    have[start..end].fill(true);
                }
            }
            a.flush(Stamp::default(), &mut out);
            let last = have.iter().rposition(|&h| h).map_or(0, |i| i + 1);
            let expected: Vec<u8> = (0..last).map(|i| if have[i] { data[i] } else { 0 }).collect();
            prop_assert_eq!(out.bytes, expected);
        }
    }
}
