//! Puts the bytes of one direction in order. The first copy of a byte counts.

use super::Limits;
use super::versions::Versions;
use crate::model::Stamp;
use bytes::Bytes;
use std::collections::BTreeMap;

/// Bytes of the recent past that are kept, to see whether a repetition says the same: a full segment of Ethernet. Every
/// open connection holds them.
const HISTORY: usize = 1460;
/// Bytes beyond it after which the oldest go.
const SLACK: usize = 256;
/// Room for it in the beginning: a short request or answer and its first repetition.
const FIRST_HISTORY: usize = 192;
/// Bytes of it that are kept while the receiver has not acknowledged them, and may yet take another version: two requests with
/// a token and every cookie that there is. Where more is under way, it is a download.
const UNDER_WAY: usize = 8192;

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
    /// Offset up to which the receiver has taken what came.
    acknowledged: u64,
    /// Both versions, once there are two.
    versions: Option<Box<Versions>>,
}

/// What a segment brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Bytes not seen before.
    pub new: u64,
    /// Bytes seen before.
    pub old: u64,
    /// Bytes seen before with another value.
    pub conflict: Option<Conflict>,
}

/// A stretch of bytes that differs from what was there first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// Offset of the first byte that differs.
    pub start: u64,
    /// Offset behind the last one.
    pub end: u64,
    /// Who brought the first version, if that still waits.
    pub first: Option<Stamp>,
}

impl Conflict {
    fn and(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end), first: self.first.or(other.first) }
    }
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
        let mut arrival = Arrival { new: 0, old: before, conflict: None };
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
        // Who leaves holes on purpose must not have everything behind them kept.
        while self.waiting.len() > limits.waiting_segments || self.waiting_bytes > limits.waiting_bytes {
            self.give_up_first_hole(at, out);
        }
        arrival
    }

    /// The receiver has taken everything before `offset`: whatever comes for it again is too late.
    pub(super) fn acknowledged(&mut self, offset: u64) {
        self.acknowledged = self.acknowledged.max(offset);
    }

    /// Offset up to which the receiver has taken what came.
    pub(super) const fn taken(&self) -> u64 {
        self.acknowledged
    }

    /// Bytes at `offset` differ from what is there already. Unknown where that is long past.
    pub(super) fn contradicts(&self, offset: i64, bytes: &[u8]) -> bool {
        let (start, bytes, _) = from_zero(offset, bytes);
        let (known, behind) = split(bytes, self.next.saturating_sub(start));
        let from = start.max(self.next);
        let end = from.saturating_add(len(behind));
        let first = self.waiting.range(..=from).next_back().map_or(from, |(&key, _)| key);
        self.history_conflict(start, known).is_some()
            || self.waiting.range(first..end).any(|(&key, piece)| {
                let at = key.max(from);
                piece_conflict(piece, key, at, split(behind, at.saturating_sub(from)).1).is_some()
            })
    }

    /// Notes that other bytes stand at `offset`; none: that the byte there may be left out.
    pub(super) fn dispute(&mut self, offset: u64, other: Option<&[u8]>) {
        let start = self.next.saturating_sub(len(&self.history));
        let history = &self.history;
        self.versions.get_or_insert_with(|| Box::new(Versions::new(start, history.clone()))).add(offset, other);
    }

    /// The other version of what was handed on since shortly before the first dispute, and the offset of its first byte.
    pub(super) fn other_version(&self) -> Option<(u64, Vec<u8>)> {
        self.versions.as_ref().map(|versions| versions.other())
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
            if let Some(versions) = &mut self.versions {
                versions.pass_over(length);
            }
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
            arrival.note(self.history_conflict(start, known));
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
            arrival.note(piece_conflict(piece, key, at_piece, known));
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

    /// Keeps the last bytes. What is too much is taken away some hundred at a time, so that bytes are seldom moved.
    fn remember(&mut self, bytes: &[u8]) {
        if let Some(versions) = &mut self.versions {
            versions.go_on(bytes);
        }
        let under_way = usize::try_from(self.next.saturating_sub(self.acknowledged)).unwrap_or(usize::MAX);
        let most = if under_way > UNDER_WAY { HISTORY } else { under_way.max(HISTORY) };
        let tail = bytes.get(bytes.len().saturating_sub(most)..).unwrap_or(bytes);
        let held = self.history.len().saturating_add(tail.len());
        let slack = if most == HISTORY { SLACK } else { most };
        if held > most.saturating_add(slack) {
            let surplus = held.saturating_sub(most);
            self.history.drain(..surplus.min(self.history.len()));
            if most == HISTORY {
                self.history.shrink_to(HISTORY.saturating_add(SLACK));
            }
        }
        if self.history.capacity() == 0 {
            self.history.reserve(tail.len().max(FIRST_HISTORY));
        }
        self.history.extend_from_slice(tail);
    }

    /// Bytes at `start`, all before `next`, that differ from what was handed on there.
    fn history_conflict(&self, start: u64, bytes: &[u8]) -> Option<Conflict> {
        let oldest = self.next.saturating_sub(len(&self.history));
        let (_, bytes) = split(bytes, oldest.saturating_sub(start));
        let start = start.max(oldest);
        let (_, known) = split(&self.history, start.saturating_sub(oldest));
        differing(start, bytes, known, None)
    }
}

impl Arrival {
    fn note(&mut self, conflict: Option<Conflict>) {
        self.conflict = match (self.conflict, conflict) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        };
    }
}

/// Bytes at `start` that differ from those of a piece at `key`.
fn piece_conflict(piece: &Piece, key: u64, start: u64, bytes: &[u8]) -> Option<Conflict> {
    match piece {
        Piece::Data(known, at) => differing(start, bytes, split(known, start.saturating_sub(key)).1, Some(*at)),
        Piece::Cut(..) => None,
    }
}

/// The stretch from the first to the last byte that differs. Most repetitions are the same, which is seen at once.
pub(super) fn differing(start: u64, bytes: &[u8], known: &[u8], first: Option<Stamp>) -> Option<Conflict> {
    let common = bytes.len().min(known.len());
    if bytes.get(..common) == known.get(..common) {
        return None;
    }
    let differs = |(a, b): (&u8, &u8)| a != b;
    let from = bytes.iter().zip(known).position(differs)?;
    let to = bytes.iter().zip(known).rposition(differs)?;
    let offset = |place: usize| start.saturating_add(u64::try_from(place).unwrap_or(u64::MAX));
    Some(Conflict { start: offset(from), end: offset(to).saturating_add(1), first })
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
        assert_eq!(arrival, Arrival { new: 3, old: 2, conflict: None });
        assert_eq!(out.bytes, b"abcdef");
    }

    #[test]
    fn the_first_copy_counts_and_a_contradiction_is_noticed() {
        let (mut a, mut out) = (Assembler::default(), Out::default());
        accept(&mut a, &mut out, 0, b"abc");
        let conflict = accept(&mut a, &mut out, 0, b"aXc").conflict;
        assert_eq!(conflict, Some(Conflict { start: 1, end: 2, first: None }));
        accept(&mut a, &mut out, 5, b"fg");
        let conflict = accept(&mut a, &mut out, 4, b"eFgh").conflict;
        assert_eq!(conflict, Some(Conflict { start: 5, end: 6, first: Some(Stamp::default()) }));
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
                prop_assert_eq!(arrival.conflict, None);
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
