//! A fault that comes, goes and comes again: how often, since when, and what of it is worth a line.
//!
//! It comes again when it is seen after something that had failed was granted, or after [`QUIET`]. Times are packet times. A fault
//! that comes and goes without end would drown everything else: each line about it makes the next one wait longer
//! ([`Pace`]), and that one tells the count.

use crate::model::{Span, Timestamp};

/// After so long without a failure the next one is news.
const QUIET: Span = Span::from_secs(600);
/// The first pause between two lines about one fault; each is twice as long as the one before, up to [`QUIET`].
const PAUSE: Span = Span::from_secs(1);

/// What is to be told of a fault that was told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It came again: for the so-manieth time since then.
    Again(u64, Timestamp),
    /// What failed is granted since then.
    Works(Timestamp),
}

/// How often a fault came, and whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recurrence {
    /// How often it came, and when it came first.
    times: u64,
    since: Timestamp,
    /// The last failure.
    failed: Timestamp,
    /// Since when what failed is granted, if it is.
    works: Option<Timestamp>,
    /// How often it had come, and whether it was gone, when it was told last.
    told: (u64, bool),
}

/// When the next line about one finding may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Lines that came shortly after each other, and when the last one was told.
    lines: u32,
    last: Timestamp,
}

impl Recurrence {
    /// It came for the first time, and is told now.
    pub(super) const fn new(failed: Timestamp, works: Option<Timestamp>) -> Self {
        Self { times: 1, since: failed, failed, works, told: (1, works.is_some()) }
    }

    /// It was seen at that time. What is older than the last failure tells nothing new.
    pub(super) fn failed(&mut self, at: Timestamp) {
        if at <= self.failed {
            return;
        }
        let had_stopped = self.works.is_some_and(|works| at > works);
        if had_stopped || at.since(self.failed) >= QUIET {
            self.times = self.times.saturating_add(1);
        }
        if had_stopped {
            self.works = None;
        }
        self.failed = at;
    }

    /// What had failed was granted at that time.
    pub(super) fn granted(&mut self, at: Timestamp) {
        if at > self.failed && self.works.is_none() {
            self.works = Some(at);
        }
    }

    /// What is to be told, if anything.
    pub(super) fn news(&mut self) -> Option<News> {
        let is = (self.times, self.works.is_some());
        if is == std::mem::replace(&mut self.told, is) {
            return None;
        }
        Some(self.works.map_or(News::Again(self.times, self.since), News::Works))
    }
}

impl Pace {
    /// The first line was told.
    pub(super) const fn new(now: Timestamp) -> Self {
        Self { lines: 0, last: now }
    }

    /// The last line is long enough ago.
    pub(super) fn may_speak(&self, now: Timestamp) -> bool {
        let doubled = PAUSE.as_nanos().checked_shl(self.lines).filter(|pause| *pause > 0);
        now.since(self.last) >= doubled.map_or(QUIET, Span::from_nanos).min(QUIET)
    }

    /// A line was told. After a long time without one they may come quickly again.
    pub(super) fn spoke(&mut self, now: Timestamp) {
        let is_long_ago = now.since(self.last) >= QUIET.plus(QUIET);
        self.lines = if is_long_ago { 0 } else { self.lines.saturating_add(1) };
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn it_comes_again_after_a_success_and_after_ten_quiet_minutes() {
        let mut fault = Recurrence::new(at(0), None);
        fault.failed(at(20));
        assert_eq!(fault.news(), None, "it goes on");
        fault.granted(at(30));
        fault.granted(at(40));
        assert_eq!(fault.news(), Some(News::Works(at(30))));
        assert_eq!(fault.news(), None);
        fault.failed(at(60));
        assert_eq!(fault.news(), Some(News::Again(2, at(0))));
        fault.failed(at(659));
        assert_eq!(fault.news(), None, "less than ten minutes");
        fault.failed(at(1259));
        assert_eq!(fault.news(), Some(News::Again(3, at(0))));
    }

    #[test]
    fn what_is_learnt_late_changes_nothing() {
        let mut fault = Recurrence::new(at(10), None);
        fault.granted(at(5));
        fault.failed(at(8));
        assert_eq!(fault.news(), None);
        fault.granted(at(20));
        // It failed before that, and it took until now to see that nobody answers.
        fault.failed(at(18));
        assert_eq!(fault.news(), Some(News::Works(at(20))));
        // It was over before it was told.
        let mut over = Recurrence::new(at(10), Some(at(12)));
        assert_eq!(over.news(), None);
    }

    #[test]
    fn what_comes_and_goes_without_end_is_told_ever_more_rarely_and_nothing_is_left_out_of_the_count() {
        let mut fault = Recurrence::new(at(0), None);
        let (mut pace, mut told) = (Pace::new(at(0)), Vec::new());
        for second in (2..3600).step_by(2) {
            if second % 4 == 2 {
                fault.granted(at(second));
            } else {
                fault.failed(at(second));
            }
            if pace.may_speak(at(second))
                && let Some(turn) = fault.news()
            {
                pace.spoke(at(second));
                told.push(turn);
            }
        }
        assert!((10..20).contains(&told.len()), "{told:?}");
        fault.failed(at(3602));
        assert_eq!(fault.news(), Some(News::Again(901, at(0))));
    }
}
