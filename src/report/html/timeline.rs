//! The whole capture over time: conversations by what they came to, in slices of the same length.

use super::super::zone::Zone;
use super::outcome::TalkOutcome;
use crate::model::Timestamp;
use serde::Serialize;

/// Slices, at most.
const SLICES: usize = 48;
/// Height of the tallest bar, in units of the picture.
const TALLEST: u64 = 120;
/// Width of a slice with its gap.
const STEP: usize = 20;

/// What the template draws.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    bars: Vec<Bar>,
    width: usize,
    from: String,
    to: String,
    most: u64,
    failed: u64,
    granted: u64,
    other: u64,
}

/// One slice: counts, and the place of each part from the top.
#[derive(Debug, Default, Serialize)]
struct Bar {
    x: usize,
    time: String,
    failed: u64,
    granted: u64,
    other: u64,
    failed_y: u64,
    failed_h: u64,
    granted_y: u64,
    granted_h: u64,
    other_y: u64,
    other_h: u64,
}

/// Nothing where there is nothing to draw: one moment is no timeline.
pub(super) fn of(talks: &[(Timestamp, TalkOutcome)], zone: &Zone) -> Option<Timeline> {
    let first = talks.iter().map(|(at, _)| *at).min()?;
    let last = talks.iter().map(|(at, _)| *at).max()?;
    let length = u64::try_from(last.since(first).as_nanos()).ok().filter(|length| *length > 0)?;
    let slices = SLICES.min(talks.len().max(24));
    let slice = length / slices as u64 + 1;
    let mut bars: Vec<Bar> = (0..slices)
        .map(|place| {
            let nanos = i64::try_from(slice.saturating_mul(place as u64)).unwrap_or(i64::MAX);
            let at = first.plus(crate::model::Span::from_nanos(nanos));
            Bar { x: place * STEP, time: zone.clock(at), ..Bar::default() }
        })
        .collect();
    for (at, outcome) in talks {
        let place = u64::try_from(at.since(first).as_nanos()).unwrap_or_default() / slice;
        let Some(bar) = usize::try_from(place).ok().and_then(|place| bars.get_mut(place)) else { continue };
        match outcome {
            TalkOutcome::Failed => bar.failed += 1,
            TalkOutcome::Granted => bar.granted += 1,
            TalkOutcome::Unknown | TalkOutcome::Neutral => bar.other += 1,
        }
    }
    let most = bars.iter().map(|bar| bar.failed + bar.granted + bar.other).max().unwrap_or(1).max(1);
    let sum = |part: fn(&Bar) -> u64| bars.iter().map(part).sum();
    let (failed, granted, other) = (sum(|bar| bar.failed), sum(|bar| bar.granted), sum(|bar| bar.other));
    for bar in &mut bars {
        bar.stack(most);
    }
    let (from, to) = (zone.date_time(first), zone.date_time(last));
    Some(Timeline { width: bars.len() * STEP, bars, from, to, most, failed, granted, other })
}

impl Bar {
    /// Parts one upon the other, the failed ones on top; a failure is never too small to be seen.
    fn stack(&mut self, most: u64) {
        let height = |number: u64| if number == 0 { 0 } else { (number * TALLEST / most).max(4) };
        (self.failed_h, self.granted_h, self.other_h) = (height(self.failed), height(self.granted), height(self.other));
        let base = TALLEST + 12;
        self.other_y = base - self.other_h;
        self.granted_y = self.other_y.saturating_sub(self.granted_h);
        self.failed_y = self.granted_y.saturating_sub(self.failed_h);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_conversation_stands_in_a_slice_and_failures_are_seen() {
        let at = |second: i64| Timestamp::from_secs(1_741_595_400 + second);
        let mut talks: Vec<_> = (0..1000).map(|second| (at(second), TalkOutcome::Granted)).collect();
        talks.push((at(500), TalkOutcome::Failed));
        let timeline = of(&talks, &Zone::UTC).unwrap();
        assert_eq!((timeline.failed, timeline.granted, timeline.bars.len()), (1, 1000, SLICES));
        let bar = timeline.bars.iter().find(|bar| bar.failed > 0).unwrap();
        assert!(bar.failed_h >= 4 && bar.failed_y + bar.failed_h <= bar.granted_y);
        assert!(of(&talks[..1], &Zone::UTC).is_none() && of(&[], &Zone::UTC).is_none());
    }
}
